"""Certificates that the platforms approve or register, and which of them end soon: for C06's page.

A configuration holds the certificates of authorities, responders, time stamps and its own signers, and only hashes of
the servers': those are known from the registration forms and from connection checks, and shown while the
configuration still registers them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import QuerySet

from ketnoi_pages import clock
from ketnoi_portal.connection.configuration import NoConfiguration, anchor_of, fetch
from ketnoi_portal.connection.models import KnownCertificate
from ketnoi_portal.onboarding.models import PlatformRegistration
from ketnoi_portal.settings import Exchange, current
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

Known = tuple[str, str, bytes]
"""Kind, owner, certificate (DER)."""


def expiring(within: timedelta = timedelta(days=60)) -> QuerySet[KnownCertificate]:
    """Those that end within this time or have ended, the first to end first."""
    return KnownCertificate.objects.filter(not_after__lte=clock.now() + within).order_by("not_after", "owner")


def watch() -> None:
    """Read every platform's configuration, and keep what stands in it. Raises NoConfiguration when one has none."""
    trouble = None
    for exchange in current().exchanges:
        if exchange.anchor:
            try:
                _replace(exchange, fetch(exchange))
            except NoConfiguration as error:
                trouble = error
    if trouble is not None:
        raise trouble


def note_server_certificate(known: Configuration, server: SecurityServerId, certificate: bytes) -> None:
    """A server has shown this registered certificate."""
    _keep(known.instance, (KnownCertificate.SERVER, str(server), certificate))


def _replace(exchange: Exchange, known: Configuration) -> None:
    instance = known.instance
    with transaction.atomic():
        kept = [_keep(instance, each) for each in (*_approved(exchange, known), *_servers(known))]
        KnownCertificate.objects.filter(instance=instance).exclude(pk__in=[pk for pk in kept if pk]).delete()


def _approved(exchange: Exchange, known: Configuration) -> Iterator[Known]:
    for authority in known.authorities:
        for each in (authority.top, *authority.intermediates):
            yield KnownCertificate.AUTHORITY, authority.name, each.certificate
            for responder in each.responders:
                if responder.certificate is not None:
                    yield KnownCertificate.RESPONDER, authority.name, responder.certificate
    for stamper in known.timestamp_authorities:
        yield KnownCertificate.STAMPER, stamper.name, stamper.certificate
    for certificate in anchor_of(exchange).certificates:
        yield KnownCertificate.SIGNER, known.instance, certificate


def _servers(known: Configuration) -> Iterator[Known]:
    seen = KnownCertificate.objects.filter(instance=known.instance, kind=KnownCertificate.SERVER)
    forms = PlatformRegistration.objects.filter(server__startswith=f"{known.instance}:")
    for held in (seen.values_list("certificate", flat=True), forms.values_list("certificate", flat=True)):
        for certificate in map(bytes, held):
            owner = known.server_by_authentication_certificate(certificate) if certificate else None
            if owner is not None:
                yield KnownCertificate.SERVER, str(owner), certificate


def _keep(instance: str, known: Known) -> int | None:
    kind, owner, certificate = known
    try:
        until = ParsedCertificate.parse(certificate).not_after
    except Refused:
        return None
    row, _ = KnownCertificate.objects.update_or_create(
        instance=instance,
        kind=kind,
        sha256=sha256(certificate).hexdigest(),
        defaults={"owner": owner[:255], "not_after": until, "certificate": certificate, "seen_at": clock.now()},
    )
    return int(row.pk)
