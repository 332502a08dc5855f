"""The operator's acts on a server's next certificate: the platform is changed first, and only then the step is taken.

Each half may be repeated, so that whoever is interrupted between them presses the button again.
"""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding import rotating
from ketnoi_portal.onboarding.actions import take
from ketnoi_portal.onboarding.certificate_models import NextCertificate
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Rotation
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused, check_step
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.publication.exchange import ExchangeAdmin
from ketnoi_portal.publication.registrar import REASON, exchange_of, joining_of

BESIDE: Final = "register_beside"
DROP: Final = "drop_certificate"
GIVE_UP: Final = "give_up_certificate"
RETIRE: Final = "retire_certificate"


def register_beside(
    actor: Actor, application: Application, unit: str, reason: str = "", *, revision: int | None = None
) -> Application:
    """Register the next certificate beside the one in use. Raises StepRefused, Changed, AdminError."""
    coming = _coming(actor, application, BESIDE, unit)
    joining = joining_of(rotating.registration_of(application, unit))
    with ExchangeAdmin.of(exchange_of(unit)) as exchange:
        if not exchange.add_certificate(joining, bytes(coming.certificate)):
            raise StepRefused([_NOT_BOTH])
    return take(actor, application, BESIDE, unit, Given(reason=reason), revision=revision)


def drop(actor: Actor, application: Application, unit: str, reason: str, *, revision: int | None = None) -> Application:
    """Turn the next certificate down; one that is registered is taken off again. Raises as `register_beside` does."""
    return _take_off(actor, application, DROP, unit, reason, revision)


def give_up(
    actor: Actor, application: Application, unit: str, reason: str, *, revision: int | None = None
) -> Application:
    """The agency wants its next certificate no more, a checked one neither; it is taken off the platform again.

    Nobody but its owner asks for that, and nothing is opened by it, so that the operator need not decide [OC]. Raises
    as `register_beside` does.
    """
    return _take_off(actor, application, GIVE_UP, unit, reason, revision)


def _take_off(
    actor: Actor, application: Application, step: str, unit: str, reason: str, revision: int | None
) -> Application:
    coming = _coming(actor, application, step, unit)
    if not reason.strip():
        # Said by the step as well, but then the platform would have been changed already.
        raise StepRefused([REASON])
    if coming.state != Rotation.OFFERED:
        joining = joining_of(rotating.registration_of(application, unit))
        with ExchangeAdmin.of(exchange_of(unit)) as exchange:
            if not exchange.remove_certificate(joining.server, bytes(coming.certificate), joining.certificate):
                raise StepRefused([_NOT_BOTH])
    return take(actor, application, step, unit, Given(reason=reason), revision=revision)


def retire(
    actor: Actor, application: Application, unit: str, reason: str = "", *, revision: int | None = None
) -> Application:
    """Take the old certificate off the platform; the next one is the only one. Raises as `register_beside` does."""
    coming = _coming(actor, application, RETIRE, unit)
    joining = joining_of(rotating.registration_of(application, unit))
    new = bytes(coming.certificate)
    with ExchangeAdmin.of(exchange_of(unit)) as exchange:
        # An interrupted act left the old one removed, which is well; one that was never known is gone as well.
        if not exchange.remove_certificate(joining.server, joining.certificate, new):
            raise StepRefused([_NOT_THERE])
    return rotating.retire(actor, application, unit, revision=revision)


def _coming(actor: Actor, application: Application, step: str, unit: str) -> NextCertificate:
    check_step(STEP[step], application.case(), unit, actor)
    found = rotating.next_of(application, unit)
    assert found is not None
    return found


_NOT_BOTH = Reason(
    "not_both_certificates",
    Text("Nền tảng chưa có đủ hai chứng thư của máy chủ", "The platform does not have both certificates"),
    Text(
        "Xem chứng thư đang dùng đã được đăng ký chưa, rồi thử lại", "See that the one in use is registered; try again"
    ),
)
_NOT_THERE = Reason(
    "next_not_registered",
    Text("Nền tảng không có chứng thư kế tiếp, nên không gỡ chứng thư cũ", "The platform lacks the next certificate"),
    Text("Đăng ký lại chứng thư kế tiếp trước", "Register the next certificate again first"),
)
