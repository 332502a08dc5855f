"""The command `ketnoi-securityserver`: make what a new server needs, run it.

Exit status: 0 done, 1 the server could not start or the act was refused, 2 unusable settings or input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg
import msgspec

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import InvalidIdentifier
from ketnoi_runtime import logs
from ketnoi_runtime.clock import Clock, SystemClock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_runtime.process import run
from ketnoi_runtime.settings import SettingsError, load_settings
from ketnoi_securityserver.admin import ApiKeys
from ketnoi_securityserver.app import SecurityServer
from ketnoi_securityserver.credentials.keys import (
    REQUEST,
    HeldKey,
    KeyStore,
    KeyStoreError,
    authentication_request,
    signing_request,
)
from ketnoi_securityserver.messagelog.archive import open_archive
from ketnoi_securityserver.messagelog.encryption import BodyCipher, MessageLogKeyError, make_key
from ketnoi_securityserver.settings import Settings
from ketnoi_trust.errors import Refused

REFUSED, UNUSABLE = 1, 2
LONGEST_NAME = 64
FIRST_ROLES = (
    "XROAD_SECURITY_OFFICER",
    "XROAD_REGISTRATION_OFFICER",
    "XROAD_SERVICE_ADMINISTRATOR",
    "XROAD_SYSTEM_ADMINISTRATOR",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(options.settings, Settings)
        try:
            _ = settings.server_id
        except InvalidIdentifier as error:
            raise SettingsError(f"{options.settings}: server: {error}") from None
        return int(options.act(settings, options, SystemClock()))
    except SettingsError as error:
        return _say(error, UNUSABLE)
    except (KeyStoreError, MessageLogKeyError, Refusal, Refused, OSError) as error:
        return _say(error, REFUSED)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # Its text may quote what was to be written.
        return _say(f"cơ sở dữ liệu không dùng được · the database cannot be used: {type(error).__name__}", REFUSED)


def _say(text: object, status: int) -> int:
    print(text, file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ketnoi-securityserver", description="máy chủ bảo mật kết nối · a security server"
    )
    acts = parser.add_subparsers(required=True, metavar="…")

    def act(name: str, do: Callable[[Settings, argparse.Namespace, Clock], int], text: str) -> argparse.ArgumentParser:
        added = acts.add_parser(name, help=text, description=text)
        added.add_argument("--settings", required=True, type=Path, metavar="FILE", help="TOML")
        added.set_defaults(act=do)
        return added

    act("run", _run, "chạy máy chủ · run the server")
    init = act("init", _init, "tạo khóa và yêu cầu chứng thư · make the keys and the requests for certificates")
    init.add_argument("--organisation", required=True, metavar="NAME", help="tên cơ quan · the member's name")
    init.add_argument("--host", action="append", metavar="NAME", help="tên hoặc địa chỉ máy chủ · name or address")
    certify = act("import-certificate", _import, "nạp chứng thư đã cấp · take in a certificate that was issued")
    certify.add_argument("certificate", type=Path, nargs="+", metavar="FILE", help="DER, PEM")
    opened = act(
        "open-archive", _open_archive, "mở tệp lưu trữ nhật ký thông điệp · open an archive of the message log"
    )
    opened.add_argument("archive", type=Path, metavar="FILE", help="mlog-….zip.sealed")
    opened.add_argument("--out", required=True, type=Path, metavar="FILE", help="ZIP")
    act("api-key", _api_key, "tạo khóa API quản trị · make a key to the admin API, shown once")
    return parser


def _run(settings: Settings, _options: argparse.Namespace, clock: Clock) -> int:
    logs.configure()
    running: list[SecurityServer] = []

    async def start() -> SecurityServer:
        running.append(await SecurityServer.start(settings, clock))
        return running[0]

    def ready() -> None:
        told = {"ready": "securityserver", "server": settings.server, "host": settings.listen.host}
        print(json.dumps(told | {"ports": msgspec.to_builtins(running[0].ports)}), flush=True)

    run(start, ready)
    return 0


def _init(settings: Settings, options: argparse.Namespace, clock: Clock) -> int:
    keys, server, kind = KeyStore(settings.path(settings.keys)), settings.server_id, settings.kind
    hosts = options.host or [settings.listen.host]
    for name in (options.organisation, *hosts):
        if not 0 < len(name.strip()) <= LONGEST_NAME:
            raise SettingsError(f"{name!r}: tên có 1 đến 64 ký tự · a name in a certificate has 1 to 64 letters")
    if not list(keys.message_log.glob("*.key")):
        make_key(keys.message_log, f"{clock.now():%Y%m%d}")
    if not keys.internal_files[1].exists():
        keys.make_internal_certificate(hosts, clock.now(), key_type=kind.key_type)
    held = keys.held()
    authentication = [key for key in held if key.kind == "authentication"] or [
        keys.make_authentication_key(key_type=kind.key_type)
    ]
    signing = [key for key in held if key.member == server.owner] or [
        keys.make_signing_key(server.owner, key_type=kind.key_type)
    ]
    print("Gửi các yêu cầu này đến tổ chức chứng thực · Send these requests to the certification authority:")
    for key in (*authentication, *signing):
        if key.certificate is None:
            print(f"  {_requested(keys, key, settings, options.organisation, hosts[0])}")
    print("Khi được cấp, chạy · Once they are issued, run: ketnoi-securityserver import-certificate")
    return 0


def _requested(keys: KeyStore, key: HeldKey, settings: Settings, organisation: str, host: str) -> Path:
    path = key.folder / REQUEST
    if not path.exists():
        server = settings.server_id
        made = (
            signing_request(key, server, organisation)
            if key.member is not None
            else authentication_request(key, server, organisation, host)
        )
        keys.keep_request(key, made)
    return path


def _import(settings: Settings, options: argparse.Namespace, _clock: Clock) -> int:
    keys = KeyStore(settings.path(settings.keys))
    for path in options.certificate:
        held = keys.import_certificate(path.read_bytes())
        print(f"{path}: {held.folder}")
    return 0


def _open_archive(settings: Settings, options: argparse.Namespace, _clock: Clock) -> int:
    cipher = BodyCipher.open(KeyStore(settings.path(settings.keys)).message_log)
    content = open_archive(options.archive, cipher)
    # It holds people's data: for whoever opened it alone, and never over something that is there.
    with os.fdopen(os.open(options.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    print(options.out)
    return 0


def _api_key(settings: Settings, _options: argparse.Namespace, clock: Clock) -> int:
    async def make() -> str:
        pool = await open_pool(settings.database, max_size=1)
        try:
            await migrate(pool, "ketnoi_securityserver")
            _, key = await ApiKeys(pool, clock).make("command line", FIRST_ROLES)
        finally:
            await pool.close()
        return key

    key = asyncio.run(make())
    print(key)
    return 0
