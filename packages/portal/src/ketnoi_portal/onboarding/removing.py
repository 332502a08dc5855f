"""What operators write when they register and remove; how a removed server of what runs gets another certificate."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ketnoi_pages import clock
from ketnoi_portal.onboarding import actions, certificate_history
from ketnoi_portal.onboarding.asking import as_der, put_server
from ketnoi_portal.onboarding.certificate_models import NextCertificate, fingerprint
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.reasons import (
    CERTIFICATE_HAD_BEFORE,
    CERTIFICATE_MISSING,
    CERTIFICATE_REMOVED,
    SAME_CERTIFICATE,
    SAME_KEY,
    SERVER_NOT_NAMED,
)
from ketnoi_portal.onboarding.registration import ServerEntry, certificate_defects
from ketnoi_portal.onboarding.writing import WRITES, Given, forget_the_test, rows_of
from ketnoi_portal.process.case import Rotation
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused, check_step
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.services import Environment, Platform


def name_certificate(
    actor: Actor, application: Application, unit: str, certificate: str, *, revision: int | None = None
) -> Application:
    """Name another certificate (PEM) for a server that was removed (`VDXP/production`); its operator is asked again.

    Server, subsystem and address stay as they were approved. Raises StepRefused with every defect, and Changed.
    """
    check_step(STEP["name_certificate"], application.case(), unit, actor)
    registration = rows_of(application, unit).get()
    if wrong := list(_defects(registration, certificate)):
        raise StepRefused(wrong)
    der = as_der(certificate)
    given = Given(certificate=der, reason=f"SHA-256 {fingerprint(der)}")
    return actions.take(actor, application, "name_certificate", unit, given, revision=revision)


def is_refused(registration: PlatformRegistration) -> bool:
    """Whether what a registration names was removed, so that nobody registers it again."""
    removed = registration.state == PlatformRegistration.REMOVED
    return removed or certificate_history.was_removed(registration, registration.certificate)


def has_old_key(application: Application, certificate: bytes) -> bool:
    """Whether a certificate (DER) is for a key that the application has had another certificate for."""
    rows, coming = application.platform_registrations, application.next_certificates
    known = [*rows.exclude(state=PlatformRegistration.ASKED).values_list("certificate", flat=True)]
    known += coming.values_list("replaces", flat=True)
    known += coming.exclude(registered_at=None).values_list("certificate", flat=True)
    return _key(certificate) in {_key(bytes(each)) for each in known if each and bytes(each) != certificate}


def unusable(registration: PlatformRegistration, pem: str) -> list[Reason]:
    """What is wrong with a certificate (PEM) by itself, whatever the server had before."""
    if not pem.strip():
        return [CERTIFICATE_MISSING]
    entry = ServerEntry(
        platform=Platform(registration.platform), environment=Environment(registration.environment), certificate=pem
    )
    wrong = certificate_defects("certificate", entry, clock.now())
    return [Reason(each.field, each.rule, each.mend) for each in wrong]


def _defects(registration: PlatformRegistration, pem: str) -> Iterator[Reason]:
    if wrong := unusable(registration, pem):
        yield from wrong
        return
    application, der = registration.application, as_der(pem)
    if bytes(registration.certificate) == der and registration.state == PlatformRegistration.ASKED:
        yield SAME_CERTIFICATE
    elif bytes(registration.certificate) == der or certificate_history.was_removed(registration, der):
        yield CERTIFICATE_REMOVED
    elif certificate_history.has_had(application, der):
        yield CERTIFICATE_HAD_BEFORE
    elif has_old_key(application, der):
        yield SAME_KEY


def _key(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


# What the steps write


def _name(application: Application, unit: str, actor: Actor, given: Given) -> None:
    registration = rows_of(application, unit).get()
    platform, environment = platform_of(unit)
    entry = application.registration.server(platform, environment)
    if entry is None:
        raise StepRefused([SERVER_NOT_NAMED])
    if bytes(registration.certificate) == given.certificate or certificate_history.has_had(
        application, given.certificate
    ):
        raise StepRefused([CERTIFICATE_REMOVED])
    earlier = _coming(application, unit, Rotation.NAMED)
    removed = bytes(registration.certificate) if earlier is None else bytes(earlier.replaces)
    NextCertificate.end(application, unit)
    NextCertificate.objects.create(
        application=application,
        platform=platform,
        environment=environment,
        certificate=given.certificate,
        replaces=removed,
        state=Rotation.NAMED,
        offered_at=clock.now(),
        offered_by=actor.person,
        compromised=True,
    )
    pem = x509.load_der_x509_certificate(given.certificate).public_bytes(Encoding.PEM).decode()
    put_server(application, msgspec.structs.replace(entry, certificate=pem, request=""))
    rows_of(application, unit).update(
        certificate=given.certificate,
        state=PlatformRegistration.ASKED,
        asked_at=clock.now(),
        decided_at=None,
        decided_by="",
        note=given.reason,
    )


def _register(application: Application, unit: str, actor: Actor, given: Given) -> None:
    rows = rows_of(application, unit)
    if is_refused(rows.get()):
        raise StepRefused([CERTIFICATE_REMOVED])
    at = clock.now()
    rows.update(state=PlatformRegistration.REGISTERED, decided_at=at, decided_by=actor.person, note=given.reason)
    if (named := _coming(application, unit, Rotation.NAMED)) is not None:
        named.state, named.registered_at = Rotation.ALONE, at
        named.save()


def _remove(application: Application, unit: str, actor: Actor, given: Given) -> None:
    certificate_history.mark_removed(application, unit)
    rows_of(application, unit).update(
        state=PlatformRegistration.REMOVED, decided_at=clock.now(), decided_by=actor.person, note=given.reason
    )
    NextCertificate.end(application, unit)
    if platform_of(unit)[1] is Environment.TEST:
        forget_the_test(application)


def _passed(application: Application, unit: str, actor: Actor, given: Given) -> None:
    found = _coming(application, unit, Rotation.ALONE)
    assert found is not None
    found.state, found.checked_at, found.ended_at = NextCertificate.DONE, clock.now(), clock.now()
    found.save()


def _coming(application: Application, unit: str, state: Rotation) -> NextCertificate | None:
    platform, environment = platform_of(unit)
    found = application.next_certificates.filter(platform=platform, environment=environment, state=state)
    return found.select_for_update().first()


def install() -> None:
    """Have the process write by these."""
    WRITES.update(
        register_on_platform=_register,
        remove_from_platform=_remove,
        name_certificate=_name,
        pass_check_after_removal=_passed,
    )
