"""The next certificate of a server that stays in use: what may be handed in, and what each step of it writes.

A security server may serve several applications of its organisation. The one that the certificate was handed in for
has the steps; the others follow when the old certificate is retired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.asking import as_der, put_server
from ketnoi_portal.onboarding.certificate_history import was_removed
from ketnoi_portal.onboarding.certificate_models import NextCertificate, end_of, fingerprint
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.reasons import (
    CERTIFICATE_REMOVED,
    NOT_LATER,
    ROTATION_ELSEWHERE,
    SAME_CERTIFICATE,
    SAME_KEY,
)
from ketnoi_portal.onboarding.removing import has_old_key, unusable
from ketnoi_portal.onboarding.writing import WRITES, Given, forget_the_test
from ketnoi_portal.process.case import OVER, Rotation
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor
from ketnoi_portal.process.rules import Reason, StepRefused, check_step
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.services import Environment, Platform


def offer(
    actor: Actor,
    application: Application,
    unit: str,
    certificate: str,
    *,
    compromised: bool = False,
    revision: int | None = None,
) -> Application:
    """Hand in the next certificate (PEM) of a registered server (`VDXP/production`), or another one instead.

    `compromised`: because a key or an authority is no longer to be trusted; only then may it end earlier than the one
    in use, and its key must be new. Raises StepRefused with every defect, and Changed.
    """
    check_step(STEP["offer_certificate"], application.case(), unit, actor)
    registration = registration_of(application, unit)
    if wrong := list(_defects(registration, certificate, compromised)):
        raise StepRefused(wrong)
    der = as_der(certificate)
    why = "; khóa hoặc cơ quan cấp chứng thư bị lộ · a key or an authority is compromised" if compromised else ""
    given = Given(certificate=der, reason=f"{_named(der)}{why}", compromised=compromised)
    return actions.take(actor, application, "offer_certificate", unit, given, revision=revision)


def retire(actor: Actor, application: Application, unit: str, *, revision: int | None = None) -> Application:
    """The old certificate no longer counts, for this application and every other on the same server.

    The platform has retired it before. Raises StepRefused, Changed.
    """
    with transaction.atomic():
        registration = registration_of(application, unit)
        old = bytes(registration.certificate)
        others = sharing(registration)
        # All of them at once and in one order, so that two such acts wait for one another instead of for ever.
        keys = sorted([application.pk, *(each.pk for each in others)])
        list(Application.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
        named = Given(reason=_named(old))
        taken = actions.take(actor, application, "retire_certificate", unit, named, revision=revision)
        new = bytes(registration_of(taken, unit).certificate)
        for each in others:
            actions.take(SYSTEM_ACTOR, each, "follow_certificate", unit, Given(certificate=new, replaces=old))
    return taken


def registration_of(application: Application, unit: str) -> PlatformRegistration:
    """The registration in a place. Raises PlatformRegistration.DoesNotExist."""
    platform, environment = platform_of(unit)
    return application.platform_registrations.get(platform=platform, environment=environment)


def next_of(application: Application, unit: str) -> NextCertificate | None:
    """The certificate that is to come there."""
    platform, environment = platform_of(unit)
    return application.next_certificates.filter(
        platform=platform, environment=environment, state__in=NextCertificate.UNDER_WAY
    ).first()


def sharing(registration: PlatformRegistration) -> list[Application]:
    """The organisation's other applications, not over yet, whose forms name the same server, drafts included."""
    own = registration.application
    place = Platform(registration.platform), Environment(registration.environment)
    others = Application.objects.filter(organisation=own.organisation_id).exclude(pk=own.pk).exclude(stage__in=OVER)
    found = []
    for each in others.order_by("pk"):
        entry = each.registration.server(*place)
        if entry is not None and entry.server.replace("/", ":") == registration.server:
            found.append(each)
    return found


def _defects(registration: PlatformRegistration, pem: str, compromised: bool) -> Iterator[Reason]:
    if wrong := unusable(registration, pem):
        yield from wrong
        return
    new, old = as_der(pem), bytes(registration.certificate)
    if new == old:
        yield SAME_CERTIFICATE
    elif was_removed(registration, new):
        yield CERTIFICATE_REMOVED
    elif compromised and has_old_key(registration.application, new):
        yield SAME_KEY
    elif old and end_of(new) <= end_of(old) and not compromised:
        yield NOT_LATER
    others = [each.pk for each in sharing(registration)]
    here = NextCertificate.objects.filter(platform=registration.platform, environment=registration.environment)
    if here.filter(application__in=others, state__in=NextCertificate.UNDER_WAY).exists():
        yield ROTATION_ELSEWHERE


def _named(der: bytes) -> str:
    """How the audit log names a certificate."""
    return f"SHA-256 {fingerprint(der)}" if der else ""


# What the steps write


def _offer(application: Application, unit: str, actor: Actor, given: Given) -> None:
    platform, environment = platform_of(unit)
    NextCertificate.objects.filter(
        application=application, platform=platform, environment=environment, state=Rotation.OFFERED
    ).update(state=NextCertificate.DROPPED, ended_at=clock.now())
    NextCertificate.objects.create(
        application=application,
        platform=platform,
        environment=environment,
        certificate=given.certificate,
        replaces=bytes(registration_of(application, unit).certificate),
        offered_at=clock.now(),
        offered_by=actor.person,
        compromised=given.compromised,
    )


def _state(state: str, moment: str) -> Callable[[Application, str, Actor, Given], None]:
    def write(application: Application, unit: str, actor: Actor, given: Given) -> None:
        found = next_of(application, unit)
        assert found is not None
        found.state, found.note = state, given.reason
        setattr(found, moment, clock.now())
        found.save()

    return write


def _retire(application: Application, unit: str, actor: Actor, given: Given) -> None:
    found = next_of(application, unit)
    assert found is not None
    _state(NextCertificate.DONE, "ended_at")(application, unit, actor, given)
    _take_over(application, unit, bytes(found.certificate))


def _follow(application: Application, unit: str, actor: Actor, given: Given) -> None:
    _take_over(application, unit, given.certificate, instead_of=given.replaces)


def _take_over(application: Application, unit: str, certificate: bytes, *, instead_of: bytes | None = None) -> None:
    """Registration and form name this certificate from now on; with `instead_of` only where they name that one."""
    platform, environment = platform_of(unit)
    rows = application.platform_registrations.filter(platform=platform, environment=environment)
    if instead_of is not None:
        # One that asks for yet another certificate goes on with that.
        rows = rows.filter(certificate__in=(instead_of, b""))
    rows.update(certificate=certificate)
    entry = application.registration.server(platform, environment)
    if entry is not None and (instead_of is None or _der_or_nothing(entry.certificate) in (instead_of, b"")):
        pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM).decode()
        put_server(application, msgspec.structs.replace(entry, certificate=pem, request=""))
    if environment is Environment.TEST:
        forget_the_test(application)


def _der_or_nothing(pem: str) -> bytes | None:
    """What a form holds may be anything as long as it is a draft."""
    try:
        return as_der(pem)
    except ValueError:
        return None


def install() -> None:
    """Have the process write by these."""
    WRITES.update(
        offer_certificate=_offer,
        register_beside=_state(Rotation.BESIDE, "registered_at"),
        drop_certificate=_state(NextCertificate.DROPPED, "ended_at"),
        give_up_certificate=_state(NextCertificate.DROPPED, "ended_at"),
        pass_rotation_check=_state(Rotation.CHECKED, "checked_at"),
        fail_rotation_check=_state(Rotation.BESIDE, "checked_at"),
        retire_certificate=_retire,
        follow_certificate=_follow,
    )
