"""The commands that act on a platform, as a table: words, what they take, and the action behind them.

An act returns None (something was changed), a str (what was made), rows to be shown, or the octets of a file.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from ketnoi_exchange.actions import Actions, checks
from ketnoi_exchange.actions.api_keys import ROLES
from ketnoi_exchange.admin.paging import LONGEST_PAGE
from ketnoi_exchange.admin.trust_views import TrustViews
from ketnoi_exchange.admin.views import Views
from ketnoi_exchange.files import write_whole
from ketnoi_protocol.identifiers import InvalidIdentifier, MemberId, SecurityServerId, SubsystemId
from ketnoi_trust import profiles
from ketnoi_trust.configuration import ApprovedAuthority, AuthorityCertificate, OcspResponder, TimestampAuthority

Act = Callable[[Actions, str, argparse.Namespace], Awaitable[Any]]
Arguments = list[tuple[str, dict[str, Any]]]

PROFILES = {"fivrk": profiles.FIVRK, "basic": profiles.BASIC, "ejbca": profiles.EJBCA}


class Command(NamedTuple):
    """`group word ...`, or `group ...` where there is no word."""

    group: str
    word: str
    told: str
    act: Act
    arguments: Arguments


# What arguments are read as


def _octets(text: str) -> bytes:
    try:
        return Path(text).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: không đọc được · cannot be read ({error.strerror})") from None


def _identifier(kind: type[MemberId] | type[SubsystemId] | type[SecurityServerId]) -> dict[str, Any]:
    def read(text: str) -> object:
        try:
            return kind.from_colon(text)
        except InvalidIdentifier as error:
            raise argparse.ArgumentTypeError(f"không phải mã định danh · {error}") from None

    return {"type": read}


_MEMBER, _SUBSYSTEM, _SERVER = (_identifier(kind) for kind in (MemberId, SubsystemId, SecurityServerId))
_FILE: dict[str, Any] = {"type": _octets, "metavar": "FILE"}
_MANY: dict[str, Any] = {"action": "append", "default": []}
_NUMBER: dict[str, Any] = {"type": int}
_FLAG: dict[str, Any] = {"action": "store_true"}


# Acts of more than one line


async def _add_authority(actions: Actions, by: str, a: argparse.Namespace) -> str:
    top = checks.certificate(a.file)
    # Whoever has authorities beneath the top has them answer at the same place.
    responders = tuple(OcspResponder(url, a.ocsp_certificate) for url in a.ocsp)
    beneath = tuple(AuthorityCertificate(data, responders) for data in a.intermediate)
    authority = ApprovedAuthority(
        a.name or top.common_name or "",
        AuthorityCertificate(top.der, responders),
        PROFILES.get(a.profile, a.profile),
        beneath,
        a.authentication_only,
    )
    return str(await actions.add_authority(by, authority))


async def _add_tsa(actions: Actions, by: str, a: argparse.Namespace) -> str:
    certificate = checks.certificate(a.file)
    stamps = TimestampAuthority(a.name or certificate.common_name or "", a.url, certificate.der)
    return str(await actions.add_timestamp_authority(by, stamps))


async def _anchor(actions: Actions, by: str, a: argparse.Namespace) -> Any:
    anchor = await actions.anchor(external=a.external)
    if a.out is None:
        return anchor.write()
    write_whole(Path(a.out), anchor.write())
    return [{"file": a.out, "fingerprint": anchor.fingerprint}]


async def _make_api_key(actions: Actions, by: str, a: argparse.Namespace) -> str:
    return (await actions.make_api_key(by, a.role))[1]


async def _set(actions: Actions, by: str, a: argparse.Namespace) -> None:
    if a.ocsp_freshness is not None or a.timestamp_interval is not None:
        await actions.set_times(by, ocsp_freshness=a.ocsp_freshness, timestamp_interval=a.timestamp_interval)
    if a.address:
        await actions.set_addresses(by, a.address)
    if a.management_provider is not None:
        await actions.set_management_provider(by, a.management_provider)


# Lists


async def _all(page: Callable[[dict[str, str]], Awaitable[dict[str, Any]]], name: str, **query: str) -> list[Any]:
    rows: list[Any] = []
    while True:
        number = len(rows) // LONGEST_PAGE
        found = (await page({**query, "limit": str(LONGEST_PAGE), "offset": str(number)}))[name]
        rows += found
        if len(found) < LONGEST_PAGE:
            return rows


async def _members(actions: Actions, by: str, a: argparse.Namespace) -> Any:
    return [
        {"id": row["client_id"]["encoded_id"], "name": row.get("subsystem_name", row["member_name"])}
        for row in await _all(Views(actions.pool).clients, "clients")
    ]


async def _servers(actions: Actions, by: str, a: argparse.Namespace) -> Any:
    return [
        {"id": row["server_id"]["encoded_id"], "address": row["server_address"], "owner": row["owner_name"]}
        for row in await _all(Views(actions.pool).servers, "items")
    ]


async def _requests(actions: Actions, by: str, a: argparse.Namespace) -> Any:
    return [
        {
            "id": row["id"],
            "status": row["status"],
            "type": row["type"],
            "server": row["security_server_id"]["encoded_id"],
            "client": row.get("client_id", {}).get("encoded_id"),
        }
        for row in await _all(Views(actions.pool).requests, "items", status="" if a.all else "WAITING")
    ]


async def _tsas(actions: Actions, by: str, a: argparse.Namespace) -> Any:
    rows = await TrustViews(actions.pool).timestamping_services()
    return [{name: row[name] for name in ("id", "name", "url")} for row in rows]


async def _keys(actions: Actions, by: str, a: argparse.Namespace) -> Any:
    rows = await TrustViews(actions.pool).signing_keys()
    return [{name: row[name] for name in ("id", "key_algorithm", "active", "created_at")} for row in rows]


async def _api_keys(actions: Actions, by: str, a: argparse.Namespace) -> Any:
    return [{"id": each.id, "roles": sorted(each.roles)} for each in await actions.api_keys()]


COMMANDS = [
    Command("member-class", "add", "thêm lớp thành viên · add a class of members",
            lambda actions, by, a: actions.add_member_class(by, a.code, a.description),
            [("code", {}), ("description", {})]),
    Command("member-class", "remove", "xóa · remove",
            lambda actions, by, a: actions.remove_member_class(by, a.code), [("code", {})]),
    Command("member-class", "list", "liệt kê · list",
            lambda actions, by, a: Views(actions.pool).member_classes(), []),
    Command("member", "add", "thêm thành viên · add a member",
            lambda actions, by, a: actions.add_member(by, a.id, a.name), [("id", _MEMBER), ("name", {})]),
    Command("member", "remove", "xóa · remove",
            lambda actions, by, a: actions.remove_member(by, a.id), [("id", _MEMBER)]),
    Command("member", "list", "thành viên và hệ thống thông tin · members and subsystems", _members, []),
    Command("subsystem", "add", "thêm hệ thống thông tin · add an information system",
            lambda actions, by, a: actions.add_subsystem(by, a.id, a.name), [("id", _SUBSYSTEM), ("--name", {})]),
    Command("subsystem", "remove", "xóa · remove",
            lambda actions, by, a: actions.remove_subsystem(by, a.id), [("id", _SUBSYSTEM)]),
    Command("server", "add", "thêm máy chủ bảo mật · add a security server",
            lambda actions, by, a: actions.add_security_server(by, a.id, a.address, a.certificate, a.client),
            [("id", _SERVER), ("address", {}), ("--certificate", _FILE | _MANY), ("--client", _SUBSYSTEM | _MANY)]),
    Command("server", "address", "đổi địa chỉ · change its address",
            lambda actions, by, a: actions.set_server_address(by, a.id, a.address),
            [("id", _SERVER), ("address", {})]),
    Command("server", "add-certificate", "thêm chứng thư xác thực · register one more certificate",
            lambda actions, by, a: actions.add_authentication_certificate(by, a.id, a.file),
            [("id", _SERVER), ("file", _FILE)]),
    Command("server", "remove-certificate", "bỏ chứng thư xác thực · remove a certificate",
            lambda actions, by, a: actions.remove_authentication_certificate(
                by, a.id, checks.certificate(a.file).sha256),
            [("id", _SERVER), ("file", _FILE)]),
    Command("server", "add-client", "đăng ký hệ thống thông tin · register an information system",
            lambda actions, by, a: actions.add_server_client(by, a.id, a.client),
            [("id", _SERVER), ("client", _SUBSYSTEM)]),
    Command("server", "remove-client", "bỏ đăng ký · unregister",
            lambda actions, by, a: actions.remove_server_client(by, a.id, a.client),
            [("id", _SERVER), ("client", _SUBSYSTEM)]),
    Command("server", "remove", "xóa · remove",
            lambda actions, by, a: actions.remove_security_server(by, a.id), [("id", _SERVER)]),
    Command("server", "list", "liệt kê · list", _servers, []),
    Command("authority", "add", "công nhận tổ chức chứng thực · approve an authority", _add_authority,
            [("file", _FILE), ("--name", {}), ("--profile", {"default": "fivrk", "help": "fivrk, basic, ejbca, CLASS"}),
             ("--ocsp", _MANY), ("--ocsp-certificate", _FILE), ("--intermediate", _FILE | _MANY),
             ("--authentication-only", _FLAG)]),
    Command("authority", "remove", "thôi công nhận · approve no more",
            lambda actions, by, a: actions.remove_authority(by, a.number), [("number", _NUMBER)]),
    Command("authority", "list", "liệt kê · list",
            lambda actions, by, a: TrustViews(actions.pool).services(), []),
    Command("tsa", "add", "công nhận dịch vụ dấu thời gian · approve a time-stamping service", _add_tsa,
            [("file", _FILE), ("url", {}), ("--name", {})]),
    Command("tsa", "remove", "thôi công nhận · approve no more",
            lambda actions, by, a: actions.remove_timestamp_authority(by, a.number), [("number", _NUMBER)]),
    Command("tsa", "list", "liệt kê · list", _tsas, []),
    Command("request", "list", "yêu cầu đang chờ duyệt · what is waiting", _requests, [("--all", _FLAG)]),
    Command("request", "approve", "duyệt · approve",
            lambda actions, by, a: actions.approve(by, a.number), [("number", _NUMBER)]),
    Command("request", "decline", "từ chối · decline",
            lambda actions, by, a: actions.decline(by, a.number), [("number", _NUMBER)]),
    Command("key", "list", "khóa ký cấu hình · the keys that sign", _keys, []),
    Command("key", "rotate", "thêm khóa mới, phát tệp neo, rồi activate · make the next key, hand out the anchor",
            lambda actions, by, a: actions.rotate_signing_key(by, a.label), [("--label", {"default": ""})]),
    Command("key", "activate", "ký bằng khóa này · sign with it from now on",
            lambda actions, by, a: actions.activate_signing_key(by, a.id), [("id", {})]),
    Command("key", "remove", "bỏ khóa cũ · remove",
            lambda actions, by, a: actions.remove_signing_key(by, a.id), [("id", {})]),
    Command("anchor", "", "tệp neo cấu hình · the configuration anchor", _anchor,
            [("--external", _FLAG), ("--out", {"metavar": "FILE"})]),
    Command("history", "", "nhật ký thao tác · who changed what",
            lambda actions, by, a: TrustViews(actions.pool).history(a.after, a.limit),
            [("--after", _NUMBER | {"default": 0}), ("--limit", _NUMBER | {"default": 100})]),
    Command("api-key", "add", "tạo khóa API, chỉ hiện một lần · make a key, shown once", _make_api_key,
            [("role", {"nargs": "+", "help": " ".join(sorted(ROLES))})]),
    Command("api-key", "remove", "xóa · remove",
            lambda actions, by, a: actions.remove_api_key(by, a.number), [("number", _NUMBER)]),
    Command("api-key", "list", "liệt kê · list", _api_keys, []),
    Command("set", "", "thời hạn, địa chỉ, dịch vụ quản lý · times, addresses, management services", _set,
            [("--ocsp-freshness", _NUMBER), ("--timestamp-interval", _NUMBER), ("--address", _MANY),
             ("--management-provider", _SUBSYSTEM)]),
]  # fmt: skip


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Every command of the table, beneath argparse's subparsers."""
    groups: dict[str, Any] = {}
    for command in COMMANDS:
        if command.word and command.group not in groups:
            words = ", ".join(each.word for each in COMMANDS if each.group == command.group)
            parser = commands.add_parser(command.group, help=words)
            groups[command.group] = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        beneath = groups[command.group] if command.word else commands
        made = beneath.add_parser(command.word or command.group, parents=[shared], help=command.told)
        made.set_defaults(act=command.act)
        for name, options in command.arguments:
            made.add_argument(name, **options)
