"""Trust services: certification authorities with their OCSP responders, and time-stamping authorities."""

from __future__ import annotations

from typing import Any

from ketnoi_exchange.actions import checks
from ketnoi_exchange.ledger import Change, Ledger, Shown
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_trust import profiles
from ketnoi_trust.configuration import (
    AcmeServer,
    ApprovedAuthority,
    AuthorityCertificate,
    OcspResponder,
    SharedParams,
    TimestampAuthority,
    rehearsal,
)
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

PROFILES = frozenset({profiles.FIVRK, profiles.BASIC, profiles.BASIC_ACME, profiles.EJBCA})


class Authorities:
    """Every method acts in the name of its first argument, leaves a row of history, and raises ChangeRefused."""

    _ledger: Ledger

    async def add_authority(self, actor: str, authority: ApprovedAuthority) -> int:
        """Its certificates count from now on; its number. 409 `certificate_already_exists`.

        Certificates may be DER or PEM. In a rehearsal every name begins with `Unsafe`, elsewhere none does.
        """
        name = checks.text(authority.name, "name")
        acme = authority.acme or AcmeServer("")
        async with self._ledger.act(actor, "add certification service", name) as change:
            top = _authority_certificate(change, authority.top.certificate, name)
            id_: int | None = await change.connection.fetchval(
                "INSERT INTO certification_service (name, sha256, certificate, profile, authentication_only,"
                " csr_format, acme_directory_url, acme_ip_address, acme_authentication_profile, acme_signing_profile)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (sha256) DO NOTHING RETURNING id",
                name,
                top.sha256,
                top.der,
                _profile(authority.profile),
                authority.authentication_only,
                _csr_format(authority.csr_format),
                checks.url(acme.directory_url) if acme.directory_url else None,
                _optional(acme.ip_address, "acme_server_ip_address"),
                _optional(acme.authentication_profile_id, "authentication_certificate_profile_id"),
                _optional(acme.signing_profile_id, "signing_certificate_profile_id"),
            )
            if id_ is None:
                raise ChangeRefused("certificate_already_exists", top.sha256.hex())
            for responder in authority.top.responders:
                await _add_responder(change, responder, service=id_)
            for each in authority.intermediates:
                await _add_intermediate(change, id_, each)
            change.after = await _shown(change.connection, id_)
        return id_

    async def change_authority(
        self, actor: str, id_: int, *, profile: str | None = None, authentication_only: bool | None = None
    ) -> None:
        """How its certificates are read and what they are good for; 404."""
        async with self._ledger.act(actor, "change certification service", str(id_)) as change:
            change.before = await _shown(change.connection, id_)
            await change.connection.execute(
                "UPDATE certification_service SET profile = coalesce($2, profile),"
                " authentication_only = coalesce($3, authentication_only) WHERE id = $1",
                id_,
                None if profile is None else _profile(profile),
                authentication_only,
            )
            change.after = await _shown(change.connection, id_)

    async def remove_authority(self, actor: str, id_: int) -> None:
        """Its certificates count no more; 404 `certification_service_not_found`."""
        async with self._ledger.act(actor, "remove certification service", str(id_)) as change:
            change.before = await _shown(change.connection, id_)
            await change.connection.execute("DELETE FROM certification_service WHERE id = $1", id_)

    async def add_intermediate(self, actor: str, id_: int, intermediate: AuthorityCertificate) -> int:
        """A CA beneath an approved one; its number. 404, 409 `certificate_already_exists`."""
        async with self._ledger.act(actor, "add intermediate authority", str(id_)) as change:
            change.before = await _shown(change.connection, id_)
            added = await _add_intermediate(change, id_, intermediate)
            change.after = await _shown(change.connection, id_)
        return added

    async def remove_intermediate(self, actor: str, id_: int) -> None:
        """404 `intermediate_ca_not_found`."""
        async with self._ledger.act(actor, "remove intermediate authority", str(id_)) as change:
            service = await change.connection.fetchval("SELECT service FROM intermediate_authority WHERE id = $1", id_)
            if service is None:
                raise ChangeRefused("intermediate_ca_not_found", str(id_))
            change.before = await _shown(change.connection, service)
            await change.connection.execute("DELETE FROM intermediate_authority WHERE id = $1", id_)
            change.after = await _shown(change.connection, service)

    async def add_ocsp_responder(
        self, actor: str, responder: OcspResponder, *, service: int | None = None, intermediate: int | None = None
    ) -> int:
        """Where an authority, or an intermediate one, answers for its certificates; its number. 404."""
        subject = f"intermediate {intermediate}" if service is None else str(service)
        async with self._ledger.act(actor, "add OCSP responder", subject) as change:
            if service is not None:
                await _shown(change.connection, service)
            elif not await change.connection.fetchval(
                "SELECT true FROM intermediate_authority WHERE id = $1", intermediate
            ):
                raise ChangeRefused("intermediate_ca_not_found", str(intermediate))
            added = await _add_responder(change, responder, service=service, intermediate=intermediate)
            change.after = {"id": added, "url": responder.url}
        return added

    async def remove_ocsp_responder(self, actor: str, id_: int) -> None:
        """404 `ocsp_responder_not_found`."""
        async with self._ledger.act(actor, "remove OCSP responder", str(id_)) as change:
            url = await change.connection.fetchval("DELETE FROM ocsp_responder WHERE id = $1 RETURNING url", id_)
            if url is None:
                raise ChangeRefused("ocsp_responder_not_found", str(id_))
            change.before = {"id": id_, "url": url}

    async def add_timestamp_authority(self, actor: str, authority: TimestampAuthority) -> int:
        """Its time stamps count from now on; its number. 409 `certificate_already_exists` for the same address."""
        name, url = checks.text(authority.name, "name"), checks.url(authority.url)
        async with self._ledger.act(actor, "add time-stamping service", name) as change:
            certificate = checks.certificate(authority.certificate)
            _check_mark(change, timestamp=TimestampAuthority(name, url, certificate.der))
            id_: int | None = await change.connection.fetchval(
                "INSERT INTO timestamping_service (name, url, sha256, certificate, cost) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT DO NOTHING RETURNING id",
                name,
                url,
                certificate.sha256,
                certificate.der,
                checks.cost(authority.cost),
            )
            if id_ is None:
                raise ChangeRefused("certificate_already_exists", certificate.sha256.hex())
            change.after = {"id": id_, "name": name, "url": url, "sha256": certificate.sha256.hex()}
        return id_

    async def remove_timestamp_authority(self, actor: str, id_: int) -> None:
        """404 `timestamping_authority_not_found`."""
        async with self._ledger.act(actor, "remove time-stamping service", str(id_)) as change:
            row = await change.connection.fetchrow(
                "DELETE FROM timestamping_service WHERE id = $1 RETURNING name, url, encode(sha256, 'hex') AS sha256",
                id_,
            )
            if row is None:
                raise ChangeRefused("timestamping_authority_not_found", str(id_))
            change.before = {"id": id_, **row}


def _authority_certificate(change: Change, data: bytes, name: str | None = None) -> ParsedCertificate:
    certificate = checks.certificate(data)
    if not certificate.is_authority or not certificate.has_strong_key:
        raise ChangeRefused("not_a_certification_authority")
    _check_mark(change, authority=(name or certificate.common_name or "", certificate))
    return certificate


def _check_mark(
    change: Change,
    *,
    authority: tuple[str, ParsedCertificate] | None = None,
    timestamp: TimestampAuthority | None = None,
) -> None:
    # The writer of the configuration applies the same rule, and would refuse to publish anything at all.
    params = SharedParams(
        change.instance,
        authorities=()
        if authority is None
        else (ApprovedAuthority(authority[0], AuthorityCertificate(authority[1].der), profiles.FIVRK),),
        timestamp_authorities=() if timestamp is None else (timestamp,),
    )
    try:
        rehearsal.check_names(params, rehearsal=change.rehearsal)
    except Refused as refused:
        raise ChangeRefused("rehearsal_mark_violated", refused.message) from None


async def _add_intermediate(change: Change, service: int, intermediate: AuthorityCertificate) -> int:
    certificate = _authority_certificate(change, intermediate.certificate)
    id_: int | None = await change.connection.fetchval(
        "INSERT INTO intermediate_authority (service, sha256, certificate) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING id",
        service,
        certificate.sha256,
        certificate.der,
    )
    if id_ is None:
        raise ChangeRefused("certificate_already_exists", certificate.sha256.hex())
    for responder in intermediate.responders:
        await _add_responder(change, responder, intermediate=id_)
    return id_


async def _add_responder(
    change: Change, responder: OcspResponder, *, service: int | None = None, intermediate: int | None = None
) -> int:
    certificate = None if responder.certificate is None else checks.certificate(responder.certificate).der
    id_: int = await change.connection.fetchval(
        "INSERT INTO ocsp_responder (service, intermediate, url, certificate, cost) VALUES ($1, $2, $3, $4, $5)"
        " RETURNING id",
        service,
        intermediate,
        checks.url(responder.url),
        certificate,
        checks.cost(responder.cost),
    )
    return id_


def _profile(name: str) -> str:
    if name not in PROFILES:
        raise ChangeRefused("certificate_profile_info_class_not_found")
    return name


def _csr_format(value: str | None) -> str | None:
    if value not in {None, "PEM", "DER"}:
        raise ChangeRefused("validation_failure", "default_csr_format")
    return value


def _optional(value: str | None, field: str) -> str | None:
    return checks.text(value, field) if value else None


async def _shown(connection: Any, id_: int) -> Shown:
    row = await connection.fetchrow(
        "SELECT name, encode(sha256, 'hex') AS sha256, profile, authentication_only,"
        " ARRAY(SELECT encode(sha256, 'hex') FROM intermediate_authority WHERE service = $1 ORDER BY id)"
        " AS intermediates FROM certification_service WHERE id = $1",
        id_,
    )
    if row is None:
        raise ChangeRefused("certification_service_not_found", str(id_))
    return {"id": id_, **row}
