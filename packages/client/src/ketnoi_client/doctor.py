"""Why does it not work? The way of a call, examined station by station, without asking about anybody.

Each check says what it found, and a failed one how to mend it. What lies behind a failed station is not examined.
Nothing is needed of the security server but TLS, listClients and allowedMethods, so X-Road's own can be examined too.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from ketnoi_client.agency import Agency
from ketnoi_client.connection import Reply, tls_context
from ketnoi_client.problems import KetnoiError, SettingsError, Unreachable, from_x_road, printable, read_json
from ketnoi_client.settings import Gate, Settings
from ketnoi_protocol import rest
from ketnoi_protocol.identifiers import SubsystemId
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
    """Examine the way over every platform of the settings. Raises SettingsError where they have none."""
    if not agency.settings.platforms:
        raise SettingsError("chưa có [platforms.…] nào trong tệp cấu hình · the settings have no [platforms.…]")
    for platform in agency.settings.platforms:
        for name_vi, name_en, check in _Way(agency, platform).stations():
            try:
                yield Finding(platform, name_vi, name_en, check())
            except _Failed as failed:
                yield Finding(platform, name_vi, name_en, failed.found, failed.mend)
                break
            except KetnoiError as error:
                yield Finding(platform, name_vi, name_en, type(error).__name__, str(error))
                break


class _Way:
    """The way to one platform; its checks return what they found, or raise _Failed or a KetnoiError."""

    def __init__(self, agency: Agency, platform: Platform) -> None:
        self._agency = agency
        self._settings: Settings = agency.settings
        self._platform = platform
        self._gate: Gate = agency.settings.platforms[platform]
        parts = urlsplit(self._gate.security_server)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._entries: list[CatalogueEntry] = [
            each
            for each in self._settings.catalogue
            if each.platform is platform
            and each.environment is self._settings.environment
            and each.system in self._settings.accounts
        ]

    def stations(self) -> Iterator[tuple[str, str, Callable[[], str]]]:
        """Vietnamese name, English name, check."""
        yield "chứng thư của hệ thống", "our certificate", self._certificate
        yield "tên máy chủ (DNS)", "the server's name (DNS)", self._name
        yield "kết nối TCP", "TCP connection", self._reach
        yield "TLS, chứng thư của máy chủ", "TLS, the server's certificate", self._handshake
        yield "TLS, chứng thư của hệ thống được nhận", "TLS, our certificate is taken", self._taken
        yield "đồng hồ", "clock", self._clock
        if self._entries:
            yield "cấu hình chung (listClients)", "global configuration (listClients)", self._registered
            yield "quyền khai thác (allowedMethods)", "access rights (allowedMethods)", self._rights

    def _certificate(self) -> str:
        path = self._settings.path(self._gate.certificate)
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError) as error:
            raise _Failed(
                f"{path}: {type(error).__name__}", "đặt đúng tệp chứng thư PEM · name the right PEM certificate"
            ) from error
        now: datetime = self._agency.now()
        since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not since <= now <= until:
            raise _Failed(
                f"hiệu lực · valid {since:%Y-%m-%d} – {until:%Y-%m-%d}",
                "cấp chứng thư mới và đăng ký trên máy chủ bảo mật · make and register a new one",
            )
        return f"còn hiệu lực tới · valid until {until:%Y-%m-%d}"

    def _name(self) -> str:
        try:
            found = {str(each[4][0]) for each in socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)}
        except (OSError, UnicodeError) as error:
            raise _Failed(
                f"{self._host}: {error}",
                "sửa `security_server` trong cấu hình, hoặc DNS · mend `security_server` in the settings, or the DNS",
            ) from error
        return f"{self._host} → {', '.join(sorted(found))}"

    def _reach(self) -> str:
        try:
            with socket.create_connection((self._host, self._port), timeout=self._settings.timeout):
                return f"cổng · port {self._port}"
        except OSError as error:
            raise _Failed(
                f"{self._host}:{self._port}: {error}",
                "máy chủ có chạy không, tường lửa có mở cổng không · is the server up, does a firewall close the port",
            ) from error

    def _handshake(self) -> str:
        context = tls_context(self._settings, self._gate)
        try:
            with (
                socket.create_connection((self._host, self._port), timeout=self._settings.timeout) as plain,
                context.wrap_socket(plain, server_hostname=self._host) as connection,
            ):
                return f"{connection.version()}, {(connection.cipher() or ('?',))[0]}"
        except ssl.SSLCertVerificationError as error:
            raise _Failed(
                "máy chủ có chứng thư khác với tệp `trusted` · the server's certificate is not the one in `trusted`",
                "lấy lại chứng thư nội bộ từ người vận hành máy chủ · get the internal certificate from its operator",
            ) from error
        except OSError as error:
            raise _Failed(
                f"{type(error).__name__}: {error}",
                "đây có phải cổng HTTPS không; chứng thư của hệ thống đã đăng ký chưa · "
                "is this the HTTPS port; is our certificate registered",
            ) from error

    def _taken(self) -> str:
        # With TLS 1.3 a server's refusal of our certificate comes only after our side of the handshake is done.
        try:
            self._list_clients()
        except Unreachable as error:
            raise _Failed(
                f"máy chủ đóng kết nối · the server closed the connection ({type(error.__cause__).__name__})",
                "đăng ký chứng thư của hệ thống trên máy chủ bảo mật · register our certificate at the security server",
            ) from error
        return "được nhận · taken"

    def _clock(self) -> str:
        told = self._list_clients().headers.get("date", "")
        try:
            difference = (self._agency.now() - parsedate_to_datetime(told)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return "máy chủ không cho biết giờ · the server tells no time"
        if abs(difference) > CLOCK_LIMIT:
            raise _Failed(f"lệch · off by {difference:+.0f} s", "đồng bộ đồng hồ bằng NTP · set the clocks by NTP")
        return f"lệch · off by {difference:+.0f} s"

    def _registered(self) -> str:
        known = [_parts(each.get("id")) for each in _told(self._list_clients(), "member")]
        first = self._entries[0]
        for wanted, mend in (
            (
                self._settings.client_id(first),
                "đăng ký hệ thống thông tin với nền tảng · register our information system with the platform",
            ),
            (self._settings.provider_id(first), "sửa `provider` trong cấu hình · mend `provider` in the settings"),
        ):
            if _parts_of(wanted) not in known:
                raise _Failed(f"không có · is missing: {wanted}", mend)
        return f"{len(known)} thành viên và hệ thống · members and systems"

    def _rights(self) -> str:
        first = self._entries[0]
        reply = self._agency.connection(self._platform).request(
            "GET",
            f"/r1/{self._settings.provider_id(first).service('allowedMethods').slash}",
            headers={"X-Road-Client": self._settings.client_id(first).slash, "Accept": "application/json"},
        )
        allowed = [each.get("service_code") for each in _told(reply, "service")]
        opened = [each.service_code for each in self._entries if each.service_code in allowed]
        closed = [each.service_code for each in self._entries if each.service_code not in allowed]
        if not opened:
            raise _Failed(
                f"chưa mở dịch vụ nào · no service is open; thiếu · missing: {', '.join(closed)}",
                "đề nghị C06 mở quyền cho hệ thống của cơ quan · ask C06 to grant our information system access",
            )
        closed_too = f"; chưa mở · not open: {', '.join(closed)}" if closed else ""
        # This call is signed and logged like any other: its id is what the portal's connection check asks for.
        named = printable(reply.headers.get(rest.ID, ""))
        return f"đã mở · open: {', '.join(opened)}{closed_too}; mã thông điệp · message id: {named}"

    def _list_clients(self) -> Reply:
        # X-Road answers for its own instance when none is named, and some operators run several.
        target = f"/listClients?xRoadInstance={self._entries[0].instance}" if self._entries else "/listClients"
        return self._agency.connection(self._platform).request("GET", target, headers={"Accept": "application/json"})


def _parts(told: Any) -> tuple[Any, ...]:
    names = ("xroad_instance", "member_class", "member_code", "subsystem_code")
    return tuple([told.get(name) for name in names]) if isinstance(told, dict) else ()


def _parts_of(identifier: SubsystemId) -> tuple[str, ...]:
    return (identifier.instance, identifier.member_class, identifier.member_code, identifier.subsystem_code)


def _told(reply: Reply, name: str) -> list[dict[str, Any]]:
    """The list of objects that a metaservice answered. Raises _Failed or Refused."""
    error_type = reply.headers.get("x-road-error")
    if error_type:
        raise from_x_road(error_type, reply.body)
    if reply.status != 200:
        raise _Failed(f"HTTP {reply.status}", "xem nhật ký của máy chủ bảo mật · see the security server's log")
    try:
        told = read_json(reply.body)[name]
        return [each for each in told if isinstance(each, dict)]
    except (ValueError, TypeError, LookupError):
        raise _Failed(
            "câu trả lời không phải của X-Road · the answer is not X-Road's",
            "địa chỉ có đúng là máy chủ bảo mật không · is the address really that of a security server",
        ) from None
