"""What the admin API shows of trust services, signing keys and history."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

from ketnoi_exchange.admin.views import Shape, certificate_details
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_trust.parsed_certificate import ParsedCertificate


class TrustViews:
    """Reads one platform's database. Raises ChangeRefused for what is not there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def services(self) -> list[Shape]:
        """All certification services."""
        rows = await self.pool.fetch("SELECT id, name, certificate FROM certification_service ORDER BY id")
        return [{"id": row["id"], "name": row["name"], **_validity(row["certificate"])} for row in rows]

    async def service(self, id_: int) -> Shape:
        """One certification service."""
        row = await self._service(id_)
        parsed = ParsedCertificate.parse(row["certificate"])
        return {
            "id": row["id"],
            "name": row["name"],
            **_validity(row["certificate"]),
            "subject_distinguished_name": parsed.subject.rfc4514_string(),
            "issuer_distinguished_name": parsed.issuer.rfc4514_string(),
            "certificate_profile_info": row["profile"],
            "tls_auth": row["authentication_only"],
            "default_csr_format": row["csr_format"],
            "acme_server_directory_url": row["acme_directory_url"],
            "acme_server_ip_address": row["acme_ip_address"],
            "authentication_certificate_profile_id": row["acme_authentication_profile"],
            "signing_certificate_profile_id": row["acme_signing_profile"],
        }

    async def service_certificate(self, id_: int) -> Shape:
        """Its certificate."""
        return certificate_details((await self._service(id_))["certificate"])

    async def intermediates(self, service: int) -> list[Shape]:
        """The CAs beneath a certification service."""
        await self._service(service)
        rows = await self.pool.fetch(
            "SELECT id, certificate FROM intermediate_authority WHERE service = $1 ORDER BY id", service
        )
        return [_intermediate(row) for row in rows]

    async def intermediate(self, id_: int) -> Shape:
        """One of them."""
        row = await self.pool.fetchrow("SELECT id, certificate FROM intermediate_authority WHERE id = $1", id_)
        if row is None:
            raise ChangeRefused("intermediate_ca_not_found", str(id_))
        return _intermediate(row)

    async def responders(self, *, service: int | None = None, intermediate: int | None = None) -> list[Shape]:
        """The OCSP responders of a certification service, or of a CA beneath one."""
        if service is not None:
            await self._service(service)
        elif intermediate is not None:
            await self.intermediate(intermediate)
        rows = await self.pool.fetch(
            "SELECT * FROM ocsp_responder WHERE service = $1 OR intermediate = $2 ORDER BY id", service, intermediate
        )
        return [_responder(row) for row in rows]

    async def responder(self, id_: int) -> Shape:
        """One OCSP responder."""
        row = await self.pool.fetchrow("SELECT * FROM ocsp_responder WHERE id = $1", id_)
        if row is None:
            raise ChangeRefused("ocsp_responder_not_found", str(id_))
        return _responder(row)

    async def timestamping_services(self) -> list[Shape]:
        """All time-stamping services."""
        interval = await self.pool.fetchval("SELECT timestamp_interval_seconds FROM platform")
        return [
            {
                "id": row["id"],
                "name": row["name"],
                "url": row["url"],
                "cost_type": row["cost"],
                "timestamping_interval": interval,
                "certificate": certificate_details(row["certificate"]),
            }
            for row in await self.pool.fetch("SELECT * FROM timestamping_service ORDER BY id")
        ]

    async def timestamping_service(self, id_: int) -> Shape:
        """One of them."""
        found = next((each for each in await self.timestamping_services() if each["id"] == id_), None)
        if found is None:
            raise ChangeRefused("timestamping_authority_not_found", str(id_))
        return found

    async def signing_keys(self) -> list[Shape]:
        """The keys that sign the configuration; INTERNAL and EXTERNAL have the same [our choice]."""
        rows = await self.pool.fetch("SELECT * FROM signing_key ORDER BY added_at, id")
        return [
            {
                "id": row["id"],
                "label": {"label": row["label"]},
                "key_hash": certificate_details(row["certificate"])["hash"],
                "key_algorithm": row["algorithm"],
                "active": row["active"],
                "created_at": row["added_at"],
                "possible_actions": [] if row["active"] else ["ACTIVATE", "DELETE"],
            }
            for row in rows
        ]

    async def history(self, after: int, limit: int) -> list[Shape]:
        """What was changed after a version, oldest first."""
        rows = await self.pool.fetch("SELECT * FROM history WHERE version > $1 ORDER BY version LIMIT $2", after, limit)
        return [{**row, "before": _parsed(row["before"]), "after": _parsed(row["after"])} for row in rows]

    async def _service(self, id_: int) -> Any:
        row = await self.pool.fetchrow("SELECT * FROM certification_service WHERE id = $1", id_)
        if row is None:
            raise ChangeRefused("certification_service_not_found", str(id_))
        return row


def _intermediate(row: Any) -> Shape:
    return {"id": row["id"], "ca_certificate": certificate_details(row["certificate"])}


def _responder(row: Any) -> Shape:
    shown = {"id": row["id"], "url": row["url"], "cost_type": row["cost"]}
    return {**shown, "has_certificate": row["certificate"] is not None}


def _validity(der: bytes) -> Shape:
    parsed = ParsedCertificate.parse(der)
    return {"not_before": parsed.not_before, "not_after": parsed.not_after}


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)
