"""The registration form (Phụ lục 2 of 761/VPCP-KSTT): its fields, and the pre-check that lists every defect.

The form's text was not found in public; its fields are gathered from Thông tư 46/2022/TT-BCA, the guidance and what
callers send: our choice. The same structure is filled in the portal, in a DOCX form, or sent as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.sign_in import SignInEntry, wrongs
from ketnoi_protocol.citizen import ATTRIBUTES
from ketnoi_protocol.identifiers import InvalidIdentifier, SecurityServerId, SubsystemId
from ketnoi_protocol.services import Catalogue, CatalogueEntry, ConsentEntry, Environment, Platform, Service, System

Line = Annotated[str, msgspec.Meta(max_length=300)]
Long = Annotated[str, msgspec.Meta(max_length=4000)]
Code = Annotated[str, msgspec.Meta(max_length=20)]

LEAST_SECURITY_LEVEL: Final = 3
"""Thông tư 46/2022/TT-BCA, Article 6."""


class _Form(msgspec.Struct, frozen=True):
    """A part of the form; unknown names are errors."""


class Contact(_Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to reach."""

    name: Line = ""
    position: Line = ""
    phone: Line = ""
    email: Line = ""


class ServerEntry(_Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One security server: its identifier (slash form), address, and authentication certificate (PEM).

    `subsystem` is the code of the information system on it. `request` is a CSR (PEM) where there is no certificate
    yet.
    """

    platform: Platform
    environment: Environment
    server: Line = ""
    subsystem: Line = ""
    address: Line = ""
    certificate: Long = ""
    request: Long = ""


class ServiceEntry(_Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service that is asked for: procedures (MaDVC), fields of the answer, attributes to verify, the purpose."""

    service: Service
    procedures: tuple[Code, ...] = ()
    fields: tuple[str, ...] = ()
    match_fields: tuple[str, ...] = ()
    purpose: Long = ""


class Registration(_Form, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole form. Empty values are a draft's; the pre-check says what is missing."""

    duties: Long = ""
    information_system: Line = ""
    information_system_code: Line = ""
    security_level: int = 0
    level_decision: Line = ""
    level_decision_date: date | None = None
    servers: tuple[ServerEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    per_day: int = 0
    peak_per_second: int = 0
    months: int = 12
    technical: Contact = Contact()
    head: Contact = Contact()
    notify: Line = ""
    sign_in: tuple[SignInEntry, ...] = ()

    def server(self, platform: Platform, environment: Environment) -> ServerEntry | None:
        """The entry for a platform in an environment."""
        return next(
            (each for each in self.servers if each.platform is platform and each.environment is environment), None
        )


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect of a form: the field (a dotted path), the rule that it breaks, and how to mend it.

    `warning` defects are told, but do not keep the form from being sent.
    """

    field: str
    rule: Text
    mend: Text
    warning: bool = False


def entries(
    system: System, services: Iterable[Service], environment: Environment, profile: str
) -> list[CatalogueEntry]:
    """The catalogue's entries of some services."""
    catalogue = Catalogue.load(profile)
    return [catalogue.entry(system, service, environment) for service in services]


def offered(
    system: System, services: Iterable[Service], environment: Environment, profile: str
) -> list[CatalogueEntry | ConsentEntry]:
    """What is opened on C06's servers for some services: with the identity system's the operations by which a consent
    is had, since without one none of them answers."""
    found: list[CatalogueEntry | ConsentEntry] = [*entries(system, services, environment, profile)]
    if found:
        operations = Catalogue.load(profile).consent_operations
        found += (each for each in operations if each.system is system and each.environment is environment)
    return found


def platforms_of(system: System, services: Iterable[Service], profile: str) -> frozenset[Platform]:
    """The platforms that some services go over."""
    return frozenset(each.platform for each in entries(system, services, Environment.TEST, profile))


def defects(
    form: Registration, system: System, organisation: str, profile: str, at: datetime, *, rehearsal: bool = False
) -> list[Defect]:
    """Everything that is wrong with a form, in its own order. In a `rehearsal` addresses may be this machine's."""
    return [
        *_body(form),
        *_services(form, system),
        *_servers(form, system, organisation, profile, at),
        *_sign_in(form, system, rehearsal=rehearsal),
        *_contacts(form),
    ]


def _needed(field: str, vi: str, en: str) -> Defect:
    return Defect(
        field, Text(f"Thiếu: {vi}", f"Missing: {en}"), Text(f"Điền {vi.lower()}", f"Fill in the {en.lower()}")
    )


def _body(form: Registration) -> Iterator[Defect]:
    if not form.duties.strip():
        yield _needed("duties", "Chức năng, nhiệm vụ của cơ quan", "Functions and duties of the organisation")
    if not form.information_system.strip():
        yield _needed("information_system", "Tên hệ thống thông tin", "Name of the information system")
    if form.security_level < LEAST_SECURITY_LEVEL:
        yield Defect(
            "security_level",
            Text("Hệ thống phải đạt cấp độ an toàn từ 3 trở lên", "The system must have security level 3 or higher"),
            Text(
                "Hoàn thành phê duyệt cấp độ 3 rồi đăng ký (Thông tư 46/2022/TT-BCA, Điều 6)",
                "Have level 3 approved first (circular 46/2022/TT-BCA, article 6)",
            ),
        )
    if not form.level_decision.strip():
        yield _needed("level_decision", "Số quyết định phê duyệt cấp độ", "Number of the decision on the level")
    if form.per_day <= 0:
        yield _needed("per_day", "Số lượt khai thác dự kiến mỗi ngày", "Expected calls a day")
    if form.peak_per_second <= 0:
        yield _needed("peak_per_second", "Số lượt cao điểm mỗi giây", "Peak calls a second")
    if not 1 <= form.months <= 60:
        yield Defect(
            "months",
            Text("Thời hạn đề nghị từ 1 đến 60 tháng", "The time asked for is 1 to 60 months"),
            Text("Sửa số tháng", "Change the number of months"),
        )


def _services(form: Registration, system: System) -> Iterator[Defect]:
    if not form.services:
        yield Defect(
            "services",
            Text("Chưa chọn dịch vụ nào", "No service is chosen"),
            Text("Chọn ít nhất một dịch vụ", "Choose at least one service"),
        )
    seen = set()
    for number, each in enumerate(form.services):
        at = f"services.{number}"
        if each.service in seen:
            yield Defect(
                at,
                Text("Một dịch vụ được nêu hai lần", "A service is named twice"),
                Text("Gộp hai phần lại", "Join the two parts"),
            )
        seen.add(each.service)
        if not any(code.strip() for code in each.procedures):
            yield Defect(
                f"{at}.procedures",
                Text("Dịch vụ phải gắn với ít nhất một thủ tục hành chính", "A service needs a procedure"),
                Text("Thêm mã thủ tục (MaDVC), ví dụ G15-TP110", "Add a procedure code (MaDVC) such as G15-TP110"),
            )
        if not each.purpose.strip():
            yield _needed(f"{at}.purpose", "Mục đích khai thác", "Purpose")
        if each.service is Service.LOOK_UP_CITIZEN and not each.fields:
            yield Defect(
                f"{at}.fields",
                Text("Tra cứu phải nêu các trường cần nhận", "A look-up must name the fields it needs"),
                Text("Chọn các trường thật cần cho thủ tục", "Choose the fields that the procedure needs"),
            )
        for name in sorted({*each.fields, *each.match_fields} - ATTRIBUTES.keys()):
            yield Defect(
                f"{at}.fields",
                Text(f"Không có trường {name}", f"There is no field {name}"),
                Text("Chọn trong danh sách trường", "Choose from the list of fields"),
            )


def _servers(form: Registration, system: System, organisation: str, profile: str, at: datetime) -> Iterator[Defect]:
    wanted = entries(system, {each.service for each in form.services}, Environment.TEST, profile)
    wanted += entries(system, {each.service for each in form.services}, Environment.PRODUCTION, profile)
    for entry in sorted({(e.environment, e.platform, e.instance) for e in wanted}, reverse=True):
        environment, platform, instance = entry
        found = form.server(platform, environment)
        field = f"servers.{platform}.{environment}"
        if found is None or not found.server.strip():
            yield Defect(
                field,
                Text(
                    f"Thiếu mã định danh máy chủ bảo mật (SS) trên {instance}",
                    f"The security server's identifier on {instance} is missing",
                ),
                Text(
                    f"Nêu mã dạng {instance}/GOV/{organisation}/SS01 và chứng thư của máy chủ",
                    f"Give it as {instance}/GOV/{organisation}/SS01, with the server's certificate",
                ),
                # The production server may still be on its way while the test goes on.
                warning=environment is Environment.PRODUCTION,
            )
            continue
        yield from _identifier(field, found, instance, organisation)
        yield from certificate_defects(field, found, at)


def _identifier(field: str, entry: ServerEntry, instance: str, organisation: str) -> Iterator[Defect]:
    try:
        server = SecurityServerId.from_slash(entry.server)
        SubsystemId(server.instance, server.member_class, server.member_code, entry.subsystem)
    except InvalidIdentifier as error:
        yield Defect(
            field,
            Text(f"Mã định danh không hợp lệ: {error}", f"The identifier is not valid: {error}"),
            Text(
                "Mã SS gồm bốn phần, mã hệ thống không dấu, không cách",
                "An identifier has four parts; the system's code has no spaces",
            ),
        )
        return
    if server.instance != instance:
        yield Defect(
            field,
            Text(
                f"Mã này thuộc {server.instance}, cần mã trên {instance}", f"It is of {server.instance}, not {instance}"
            ),
            Text(f"Dùng mã do {instance} cấp", f"Use the identifier on {instance}"),
        )
    if server.member_code != organisation:
        yield Defect(
            field,
            Text(
                f"Mã thành viên là {server.member_code}, cơ quan đăng ký là {organisation}",
                f"The member code is {server.member_code}, the organisation is {organisation}",
            ),
            Text("Máy chủ bảo mật phải thuộc cơ quan đăng ký", "The server must be the applicant's own"),
        )
    if not entry.address.strip():
        yield _needed(f"{field}.address", "Địa chỉ của máy chủ", "Address of the server")


def certificate_defects(field: str, entry: ServerEntry, at: datetime) -> Iterator[Defect]:
    """What is wrong with a server's certificate, at a moment."""
    if not entry.certificate.strip():
        if not entry.request.strip():
            yield _needed(f"{field}.certificate", "Chứng thư xác thực (hoặc CSR)", "Authentication certificate or CSR")
        return
    try:
        certificate = x509.load_pem_x509_certificate(entry.certificate.encode())
    except ValueError:
        yield Defect(
            f"{field}.certificate",
            Text("Chứng thư không đọc được", "The certificate cannot be read"),
            Text("Dán chứng thư dạng PEM", "Paste the certificate as PEM"),
        )
        return
    if not certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc:
        yield Defect(
            f"{field}.certificate",
            Text("Chứng thư chưa có hoặc đã hết hiệu lực", "The certificate is not valid now"),
            Text("Xin cấp chứng thư mới", "Have a new one issued"),
        )
    if not _is_for_authentication(certificate):
        yield Defect(
            f"{field}.certificate",
            Text("Đây không phải chứng thư xác thực của SS", "It is no authentication certificate"),
            Text(
                "Dùng chứng thư AUTH của máy chủ bảo mật, không dùng chứng thư ký",
                "Use the server's AUTH certificate, not the signing one",
            ),
        )


def _is_for_authentication(certificate: x509.Certificate) -> bool:
    """X-Road's own rule: extended usage clientAuth, or a key usage of authentication."""
    try:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.CLIENT_AUTH in extended:
            return True
    except x509.ExtensionNotFound:
        pass
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature or usage.key_encipherment or usage.data_encipherment


def _sign_in(form: Registration, system: System, *, rehearsal: bool) -> Iterator[Defect]:
    if form.sign_in and system is not System.IDENTITY:
        yield Defect(
            "sign_in",
            Text("Đăng nhập bằng eID thuộc hệ thống định danh", "Signing in with eID is the identity system's"),
            Text("Đăng ký hệ thống định danh và xác thực điện tử", "Apply for the identity system"),
        )
    elif len({each.environment for each in form.sign_in}) != len(form.sign_in):
        yield Defect(
            "sign_in",
            Text("Một môi trường được nêu hai lần", "An environment is named twice"),
            Text("Gộp hai phần lại", "Join the two parts"),
        )
    for entry in form.sign_in:
        vi, en = _SIGN_IN[entry.environment]
        for part, rule, mend in wrongs(entry, rehearsal=rehearsal):
            told = Text(f"{rule.vi} ({vi})", f"{rule.en} ({en})")
            yield Defect(f"sign_in.{entry.environment}.{part}", told, mend)


_SIGN_IN: Final = {
    Environment.TEST: ("đăng nhập bằng eID, thử nghiệm", "signing in with eID, test"),
    Environment.PRODUCTION: ("đăng nhập bằng eID, chính thức", "signing in with eID, production"),
}


def _contacts(form: Registration) -> Iterator[Defect]:
    for field, vi, en, contact in (
        ("technical", "cán bộ kỹ thuật", "technical contact", form.technical),
        ("head", "thủ trưởng đơn vị", "head of the organisation", form.head),
    ):
        if not contact.name.strip():
            yield _needed(f"{field}.name", f"Họ tên {vi}", f"Name of the {en}")
    if "@" not in form.notify:
        yield _needed("notify", "Địa chỉ thư nhận kết quả", "E-mail address for answers")
    if not (form.technical.phone.strip() or form.technical.email.strip()):
        yield _needed("technical.phone", "Điện thoại hoặc thư của cán bộ kỹ thuật", "Phone or mail of the contact")
