"""Why does it not work? The way of a call, examined station by station, without asking about anybody.

Each check says what it found, and a failed one how to mend it. Later checks that need an earlier one are left out.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from cryptography import x509

from ketnoi_client.agency import Agency
from ketnoi_client.connection import Reply, tls_context
from ketnoi_client.problems import KetnoiError, from_x_road
from ketnoi_client.settings import Gate, Settings
from ketnoi_protocol.services import CatalogueEntry, Platform

CLOCK_LIMIT = 60.0
"""Seconds by which our clock may differ from the security server's; signatures of accounts count for five minutes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `mend` is empty when it passed."""

    platform: Platform
    name_vi: str
    name_en: str
    found: str
    mend: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.mend


class _Failed(Exception):  # noqa: N818
    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found, mend)
        self.found = found
        self.mend = mend


def examine(agency: Agency) -> Iterator[Finding]:
    """Examine the way over every platform of the settings."""
    settings = agency.settings
    for platform, gate in settings.platforms.items():
        entries = [
            each
            for each in settings.catalogue
            if each.platform is platform
            and each.environment is settings.environment
            and each.system in settings.accounts
        ]
        yield from _way(agency, platform, gate, entries)


def _way(
    agency: Agency,
    platform: Platform,
    gate: Gate,
    entries: list[CatalogueEntry],
) -> Iterator[Finding]:
    settings = agency.settings
    checks: list[tuple[str, str, Callable[[], str]]] = [
        ("chứng thư của hệ thống", "our certificate", lambda: _certificate(settings, gate, agency.now())),
        ("kết nối tới máy chủ bảo mật", "reaching the security server", lambda: _reach(gate, settings.timeout)),
        ("TLS hai chiều", "mutual TLS", lambda: _handshake(settings, gate)),
        ("đồng hồ", "clock", lambda: _clock(agency, platform)),
    ]
    if entries:
        first = entries[0]
        checks += [
            ("cấu hình chung", "global configuration", lambda: _provider(agency, platform, first)),
            ("quyền khai thác", "access rights", lambda: _rights(agency, platform, entries)),
        ]
    for name_vi, name_en, check in checks:
        try:
            yield Finding(platform, name_vi, name_en, check())
        except _Failed as failed:
            yield Finding(platform, name_vi, name_en, failed.found, failed.mend)
            return
        except KetnoiError as error:
            yield Finding(platform, name_vi, name_en, type(error).__name__, str(error))
            return


def _certificate(settings: Settings, gate: Gate, now: datetime) -> str:
    path = settings.path(gate.certificate)
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _Failed(
            f"{path}: {type(error).__name__}",
            "đặt đúng tệp chứng thư PEM · name the right PEM certificate in the settings",
        ) from error
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not since <= now <= until:
        raise _Failed(
            f"hiệu lực · valid {since:%Y-%m-%d} – {until:%Y-%m-%d}",
            "cấp chứng thư mới và đăng ký trên máy chủ bảo mật · make a new one and register it at the security server",
        )
    return f"còn hiệu lực tới · valid until {until:%Y-%m-%d}"


def _reach(gate: Gate, timeout: float) -> str:
    parts = urlsplit(gate.security_server)
    host, port = parts.hostname or "", parts.port or 443
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        raise _Failed(
            f"{host}: {error}", "sửa địa chỉ trong cấu hình hoặc DNS · mend the address or the DNS"
        ) from error
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return f"{address}:{port}"
    except OSError as error:
        raise _Failed(
            f"{address}:{port}: {error}",
            "máy chủ có chạy không, tường lửa có mở cổng không · is the server up, does a firewall close the port",
        ) from error


def _handshake(settings: Settings, gate: Gate) -> str:
    parts = urlsplit(gate.security_server)
    host, port = parts.hostname or "", parts.port or 443
    context = tls_context(settings, gate)
    try:
        with (
            socket.create_connection((host, port), timeout=settings.timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            return f"{connection.version()}, {(connection.cipher() or ('?',))[0]}"
    except ssl.SSLCertVerificationError as error:
        raise _Failed(
            "chứng thư của máy chủ không phải tệp `trusted` · the server's certificate is not the one in `trusted`",
            "lấy lại chứng thư nội bộ từ người vận hành máy chủ · get the internal certificate from its operator",
        ) from error
    except (ssl.SSLError, OSError) as error:
        raise _Failed(
            f"{type(error).__name__}: {error}",
            "đăng ký chứng thư của hệ thống trên máy chủ bảo mật · register our certificate at the security server",
        ) from error


def _clock(agency: Agency, platform: Platform) -> str:
    reply = agency.connection(platform).request("GET", "/listClients", headers={"Accept": "application/json"})
    told = reply.headers.get("date")
    if told is None:
        return "máy chủ không cho biết giờ · the server tells no time"
    try:
        difference = (agency.now() - parsedate_to_datetime(told)).total_seconds()
    except ValueError:
        return "máy chủ không cho biết giờ · the server tells no time"
    if abs(difference) > CLOCK_LIMIT:
        raise _Failed(f"lệch · off by {difference:+.0f} s", "đồng bộ đồng hồ bằng NTP · set the clocks by NTP")
    return f"lệch · off by {difference:+.0f} s"


def _provider(agency: Agency, platform: Platform, entry: CatalogueEntry) -> str:
    settings = agency.settings
    reply = agency.connection(platform).request(
        "GET", f"/listClients?xRoadInstance={entry.instance}", headers={"Accept": "application/json"}
    )
    _check_reply(reply)
    known = {
        tuple(member["id"].get(part) for part in ("xroad_instance", "member_class", "member_code", "subsystem_code"))
        for member in json.loads(reply.body).get("member", [])
    }
    for wanted, mend in (
        (
            settings.client_id(entry),
            "đăng ký hệ thống thông tin với nền tảng · register our information system at the platform",
        ),
        (settings.provider_id(entry), "sửa `provider` trong cấu hình · mend `provider` in the settings"),
    ):
        parts = (wanted.instance, wanted.member_class, wanted.member_code, wanted.subsystem_code)
        if parts not in known:
            raise _Failed(f"không có · is missing: {wanted}", mend)
    return f"{len(known)} thành viên và hệ thống · members and systems"


def _rights(agency: Agency, platform: Platform, entries: list[CatalogueEntry]) -> str:
    settings = agency.settings
    open_, closed = [], []
    reply = agency.connection(platform).request(
        "GET",
        f"/r1/{settings.provider_id(entries[0]).service('allowedMethods').slash}",
        headers={"X-Road-Client": settings.client_id(entries[0]).slash, "Accept": "application/json"},
    )
    _check_reply(reply)
    allowed = {each.get("service_code") for each in json.loads(reply.body).get("service", [])}
    for entry in entries:
        (open_ if entry.service_code in allowed else closed).append(entry.service_code)
    if not open_:
        raise _Failed(
            f"chưa mở dịch vụ nào · no service is open; thiếu · missing: {', '.join(closed)}",
            "đề nghị C06 mở quyền cho hệ thống của cơ quan · ask C06 to grant our information system access",
        )
    rest = f"; chưa mở · not open: {', '.join(closed)}" if closed else ""
    return f"đã mở · open: {', '.join(open_)}{rest}"


def _check_reply(reply: Reply) -> None:
    error_type = reply.headers.get("x-road-error")
    if error_type:
        raise from_x_road(error_type, reply.body, "")
    if reply.status != 200:
        raise _Failed(f"HTTP {reply.status}", "xem nhật ký của máy chủ bảo mật · see the security server's log")
    try:
        told = json.loads(reply.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _Failed(
            "câu trả lời không phải JSON · the answer is not JSON",
            "địa chỉ có đúng là máy chủ bảo mật không · is the address really that of a security server",
        )
