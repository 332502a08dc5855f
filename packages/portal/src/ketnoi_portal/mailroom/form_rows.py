"""The rows of the form on paper: a number for each box, where its content stands in a Registration, what it is called.

The form of Phụ lục 2 has boxes; that they bear numbers, as tax forms do, is our choice: so a filled form is read by its
numbers, whatever a word processor did to its looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.words import ENVIRONMENTS, service_title
from ketnoi_protocol.services import Catalogue, Environment, Platform, Service, System

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MARK: Final = "ketnoi-form"
"""In the document's keywords, with the system: `ketnoi-form population`."""


NO_HELP: Final = Text("", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One box. `path` is dotted as the pre-check's fields are, with a service's name in place of its index."""

    number: str
    path: str
    title: Text
    help: Text = NO_HELP


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and its boxes."""

    title: Text
    rows: tuple[Row, ...]
    help: Text = NO_HELP


_BODY: Final = (
    Row(
        "01", "organisation", Text("Mã định danh cơ quan", "Organisation code"), Text("Ví dụ H55.02", "Such as H55.02")
    ),
    Row("02", "organisation_name", Text("Tên cơ quan", "Name of the organisation")),
    Row("03", "duties", Text("Chức năng, nhiệm vụ của cơ quan", "Functions and duties")),
    Row("04", "information_system", Text("Tên hệ thống thông tin", "Name of the information system")),
    Row("05", "information_system_code", Text("Mã hệ thống thông tin", "Code of the information system")),
    Row("06", "security_level", Text("Cấp độ an toàn", "Security level"), Text("Từ 3 trở lên", "3 or higher")),
    Row("07", "level_decision", Text("Số quyết định phê duyệt cấp độ", "Number of the decision on the level")),
    Row("08", "level_decision_date", Text("Ngày quyết định", "Its date"), Text("ngày/tháng/năm", "day/month/year")),
)
_VOLUMES: Final = (
    Row("41", "per_day", Text("Số lượt khai thác mỗi ngày", "Calls a day")),
    Row("42", "peak_per_second", Text("Số lượt cao điểm mỗi giây", "Peak calls a second")),
    Row("43", "months", Text("Thời hạn đề nghị (tháng)", "Time asked for (months)")),
)
_PEOPLE: Final = (
    ("5", "technical", Text("Cán bộ kỹ thuật", "Technical contact")),
    ("6", "head", Text("Thủ trưởng đơn vị", "Head of the organisation")),
)
_PERSON: Final = (
    ("1", "name", Text("họ và tên", "name")),
    ("2", "position", Text("chức vụ", "position")),
    ("3", "phone", Text("điện thoại", "phone")),
    ("4", "email", Text("thư điện tử", "e-mail")),
)
_NOTIFY: Final = Row("71", "notify", Text("Địa chỉ thư nhận kết quả", "E-mail address for answers"))
_SERVICE: Final = (
    ("a", "chosen", Text("Đăng ký dịch vụ này", "This service is asked for"), Text("Đánh dấu x", "Mark with x")),
    ("b", "procedures", Text("Mã thủ tục hành chính", "Procedure codes"), Text("Ví dụ G15-TP110", "Such as G15-TP110")),
    ("c", "fields", Text("Các trường cần nhận", "Fields to receive"), Text("Xem phụ bảng", "See the list below")),
    ("d", "match_fields", Text("Các trường cần đối chiếu", "Fields to match"), Text("Xem phụ bảng", "See the list")),
    ("e", "purpose", Text("Mục đích khai thác", "Purpose"), Text("", "")),
)
_HAS: Final = {
    Service.LOOK_UP_CITIZEN: frozenset("abce"),
    Service.CONFIRM_IDENTITY_NUMBER: frozenset("abde"),
    Service.VERIFY_CITIZEN: frozenset("abde"),
    Service.VERIFY_HOUSEHOLD: frozenset("abe"),
}


@cache
def parts(system: System, profile: str) -> tuple[Part, ...]:
    """The form for a system, under a catalogue's profile."""
    return (
        Part(Text("I. Cơ quan và hệ thống thông tin", "Organisation and information system"), _BODY),
        *_services(system),
        *_servers(system, profile),
        *_sign_in(system),
        Part(Text("IV. Khối lượng và thời hạn", "Volumes and time"), _VOLUMES),
        Part(
            Text("V. Đầu mối", "Contacts"),
            (
                *(
                    Row(f"{block}{number}", f"{who}.{name}", _joined(title, what))
                    for block, who, title in _PEOPLE
                    for number, name, what in _PERSON
                ),
                _NOTIFY,
            ),
        ),
    )


def _services(system: System) -> Iterable[Part]:
    for number, service in enumerate(Service, start=1):
        title = service_title(service, system)
        yield Part(
            Text(f"II.{number}. Dịch vụ: {title.vi}", f"Service: {title.en}"),
            tuple(
                Row(f"1{number}{letter}", f"services.{service}.{name}", what, help_)
                for letter, name, what, help_ in _SERVICE
                if letter in _HAS[service]
            ),
        )


def _servers(system: System, profile: str) -> Iterable[Part]:
    catalogue = Catalogue.load(profile)
    places = {
        (each.platform, each.environment, each.instance)
        for service in Service
        for environment in Environment
        for each in (catalogue.entry(system, service, environment),)
    }
    order = sorted(places, key=lambda place: (place[0] is not Platform.VDXP, place[1] is not Environment.TEST))
    for number, (platform, environment, instance) in enumerate(order, start=1):
        where, at = ENVIRONMENTS[environment], f"servers.{platform}.{environment}"
        yield Part(
            Text(
                f"III.{number}. Máy chủ bảo mật (SS) trên {platform}, {where.vi}",
                f"Security server on {platform}, {where.en}",
            ),
            (
                Row(
                    f"3{number}a",
                    f"{at}.server",
                    Text("Mã định danh máy chủ bảo mật", "Security server identifier"),
                    Text(f"{instance}/GOV/<mã cơ quan>/SS01", f"{instance}/GOV/<code>/SS01"),
                ),
                Row(f"3{number}b", f"{at}.subsystem", Text("Mã hệ thống trên máy chủ", "Subsystem code")),
                Row(f"3{number}c", f"{at}.address", Text("Địa chỉ máy chủ", "Address of the server")),
                Row(
                    f"3{number}d",
                    f"{at}.certificate",
                    Text("Chứng thư xác thực hoặc CSR", "Authentication certificate or CSR"),
                    Text("Dán cả dòng BEGIN, END (PEM); không bao giờ dán khóa bí mật", "PEM; never a private key"),
                ),
            ),
            Text("Chỉ điền khi dịch vụ đã chọn đi qua nền tảng này", "Only if a chosen service goes over it"),
        )


def _sign_in(system: System) -> Iterable[Part]:
    if system is not System.IDENTITY:
        return
    for number, environment in enumerate(Environment):
        where, at = ENVIRONMENTS[environment], f"sign_in.{environment}"
        yield Part(
            Text(f"Đăng nhập bằng eID, {where.vi}", f"Signing in with eID, {where.en}"),
            (
                Row(
                    f"8{2 * number + 1}",
                    f"{at}.redirects",
                    Text("Địa chỉ trở lại (redirect_uri)", "Addresses to come back to"),
                    Text("Địa chỉ https đầy đủ, mỗi dòng một địa chỉ", "Whole https addresses, one a line"),
                ),
                Row(
                    f"8{2 * number + 2}",
                    f"{at}.key",
                    Text("Khóa công khai P-256", "Public key on P-256"),
                    Text("PEM hoặc JWK; không bao giờ dán khóa bí mật", "PEM or JWK; never a private key"),
                ),
            ),
            Text("Không bắt buộc", "Optional"),
        )


def _joined(title: Text, what: Text) -> Text:
    return Text(f"{title.vi}: {what.vi}", f"{title.en}: {what.en}")


def titles(system: System, profile: str) -> dict[str, Row]:
    """The rows by path."""
    return {row.path: row for part in parts(system, profile) for row in part.rows}
