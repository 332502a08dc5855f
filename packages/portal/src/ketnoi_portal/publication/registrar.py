"""The operator's decision: what it decides is registered on the platform, and only then the step is taken.

Nobody decides here but the operator's own desk, whatever the platform has already. Both halves bear being repeated,
so that whoever is interrupted between them presses the button again.
"""

from __future__ import annotations

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding import certificate_history
from ketnoi_portal.onboarding.actions import take
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.reasons import CERTIFICATE_REMOVED
from ketnoi_portal.onboarding.removing import is_refused
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import OVER
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused, check_step
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.publication.exchange import ExchangeAdmin, Joining, Present
from ketnoi_portal.settings import Exchange, current
from ketnoi_protocol.identifiers import InvalidIdentifier, SecurityServerId, SubsystemId
from ketnoi_protocol.services import Environment, Platform

REGISTER, REMOVE = "register_on_platform", "remove_from_platform"


def register(
    actor: Actor, application: Application, unit: str, reason: str = "", *, revision: int | None = None
) -> Application:
    """Register an application's server on a platform (`VDXP/test`), then take the step.

    Certificates that the portal had registered for that server before, and that no application goes by any more, are
    taken off the platform: a lost key is replaced only when it opens nothing. One that was removed is not registered
    again (`certificate_removed`), whoever asks.

    Raises StepRefused, Changed, and AdminError when the exchange cannot be reached or says no.
    """
    registration = _registration(application, unit)
    if is_refused(registration):
        raise StepRefused([CERTIFICATE_REMOVED])
    check_step(STEP[REGISTER], application.case(), unit, actor)
    joining = joining_of(registration)
    if not joining.certificate:
        raise StepRefused([_NO_CERTIFICATE])
    with ExchangeAdmin.of(exchange_of(unit)) as exchange:
        if not exchange.register(joining).is_complete:
            raise StepRefused([_NOT_THERE])
        earlier = certificate_history.left_over(registration)
        if not exchange.remove_certificates(joining.server, earlier, joining.certificate):
            raise StepRefused([_EARLIER_THERE])
    return take(actor, application, REGISTER, unit, Given(reason=reason), revision=revision)


def remove(
    actor: Actor, application: Application, unit: str, reason: str, *, revision: int | None = None
) -> Application:
    """Remove it from the platform again, unless another application uses the same; then take the step.

    Raises as `register` does.
    """
    check_step(STEP[REMOVE], application.case(), unit, actor)
    if not reason.strip():
        # Said by the step as well, but then the platform would have been changed already.
        raise StepRefused([REASON])
    registration = _registration(application, unit)
    if not _is_shared(registration):
        with ExchangeAdmin.of(exchange_of(unit)) as exchange:
            if exchange.remove(joining_of(registration)).client:
                raise StepRefused([_STILL_THERE])
    return take(actor, application, REMOVE, unit, Given(reason=reason), revision=revision)


def present(registration: PlatformRegistration) -> Present:
    """What the platform has of it already. Raises AdminError, StepRefused."""
    unit = f"{registration.platform}/{registration.environment}"
    with ExchangeAdmin.of(exchange_of(unit)) as exchange:
        return exchange.present(joining_of(registration))


def exchange_of(unit: str) -> Exchange:
    """The exchange of the settings for a unit. Raises StepRefused where there is none."""
    platform, environment = platform_of(unit)
    for told in current().exchanges:
        if (told.platform, told.environment) == (platform, environment):
            return told
    raise StepRefused([_NO_EXCHANGE])


def joining_of(registration: PlatformRegistration) -> Joining:
    """What is to be registered. Raises StepRefused for identifiers that are none, or another organisation's."""
    application = registration.application
    try:
        server = SecurityServerId.from_colon(registration.server)
        subsystem = SubsystemId.from_colon(registration.subsystem)
    except InvalidIdentifier:
        raise StepRefused([_NO_IDENTIFIER]) from None
    told = exchange_of(f"{registration.platform}/{registration.environment}")
    if {(each.instance, each.member_code) for each in (server, subsystem)} != {
        (told.instance, application.organisation_id)
    }:
        raise StepRefused([_NO_IDENTIFIER])
    return Joining(
        server,
        subsystem,
        registration.address,
        bytes(registration.certificate),
        application.organisation.name,
        application.registration.information_system,
    )


def _registration(application: Application, unit: str) -> PlatformRegistration:
    platform, environment = platform_of(unit)
    found = application.platform_registrations.filter(platform=platform, environment=environment).first()
    if found is None:
        raise StepRefused([_NOT_ASKED])
    return found


def _is_shared(registration: PlatformRegistration) -> bool:
    """Whether another application, not over yet, stands on the same subsystem at the same server."""
    same = PlatformRegistration.objects.filter(
        server=registration.server, subsystem=registration.subsystem, state=PlatformRegistration.REGISTERED
    )
    return same.exclude(pk=registration.pk).exclude(application__stage__in=OVER).exists()


def unit_of(platform: Platform, environment: Environment) -> str:
    """As the process names it."""
    return f"{platform}/{environment}"


_NO_CERTIFICATE = Reason(
    "certificate_missing",
    Text("Đăng ký chưa có chứng thư xác thực của máy chủ bảo mật", "There is no authentication certificate yet"),
    Text(
        "Cơ quan nộp chứng thư đã được cấp cho CSR của mình, rồi đăng ký lại",
        "The agency hands in the certificate that was issued for its CSR",
    ),
)
_NOT_THERE = Reason(
    "not_registered",
    Text("Nền tảng đã nhận nhưng chưa có đủ máy chủ, chứng thư, hệ thống", "The platform does not have all of it"),
    Text("Xem mục nào còn thiếu trên trang này và thử lại", "See on this page what is missing, and try again"),
)
_EARLIER_THERE = Reason(
    "earlier_certificate_there",
    Text("Chứng thư trước của máy chủ vẫn còn trên nền tảng", "The server's earlier certificate is still there"),
    Text("Thử lại; nếu vẫn còn, kiểm tra trên nền tảng", "Try again; then look at the platform itself"),
)
_STILL_THERE = Reason(
    "still_registered",
    Text("Hệ thống vẫn còn trên nền tảng", "It is still there"),
    Text("Thử lại; nếu vẫn còn, kiểm tra trên nền tảng", "Try again; then look at the platform itself"),
)
_NO_EXCHANGE = Reason(
    "no_exchange",
    Text("Cổng chưa được nối với nền tảng này", "The portal is not connected to this platform"),
    Text("Thêm nền tảng vào tệp cấu hình (exchanges)", "Add the platform to the settings file (exchanges)"),
)
_NO_IDENTIFIER = Reason(
    "identifier",
    Text("Mã định danh không hợp lệ hoặc của cơ quan khác", "The identifier is not valid, or another organisation's"),
    Text("Trả lại đăng ký để cơ quan sửa", "Return the application to be corrected"),
)
_NOT_ASKED = Reason(
    "not_asked",
    Text("Đăng ký không nêu máy chủ trên nền tảng này", "The application names no server on this platform"),
    Text("Trả lại đăng ký để cơ quan bổ sung", "Return the application to be completed"),
)
REASON = Reason(
    "reason_missing",
    Text("Phải nêu lý do", "A reason is needed"),
    Text("Viết lý do để người khác hiểu vì sao", "Say why, so that others understand"),
)
