"""What the admin API tells, in X-Road's own JSON shapes, read from the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_securityserver.serverconf.ledger import ChangeRefused
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

Json = dict[str, Any]


class Decided(NamedTuple):
    """Whether a certificate of ours is in use, and whether its registration has been asked for."""

    active: bool
    registration_asked: bool


class Views:
    """Reads; nothing here changes anything."""

    def __init__(
        self, pool: asyncpg.Pool, server: SecurityServerId, configuration: Callable[[], Configuration]
    ) -> None:
        self._pool = pool
        self._server = server
        self._configuration = configuration

    def current(self) -> Configuration | None:
        """The global configuration, or None while there is none that is valid."""
        try:
            return self._configuration()
        except Refused:
            return None

    async def clients(self, id_: str | None = None) -> list[Json]:
        """All clients, or the one of this id."""
        rows = await self._pool.fetch("SELECT * FROM client WHERE $1::text IS NULL OR id = $1 ORDER BY id", id_)
        return [self._client(row) for row in rows]

    async def client(self, id_: str) -> Json:
        """404 `client_not_found`."""
        return _one(await self.clients(id_), "client_not_found")

    def _client(self, row: Any) -> Json:
        id_ = SubsystemId.from_colon(row["id"])
        configuration = self.current()
        member = configuration.members.get(id_.member) if configuration is not None else None
        own = configuration.servers.get(self._server) if configuration is not None else None
        return {
            "id": str(id_),
            "instance_id": id_.instance,
            "member_name": member.name if member is not None else None,
            "member_class": id_.member_class,
            "member_code": id_.member_code,
            "subsystem_code": id_.subsystem_code,
            "owner": False,
            "connection_type": row["connection_type"],
            "status": "REGISTERED" if own is not None and id_ in own.clients else row["status"],
        }

    async def certificates(self, client: str) -> list[Json]:
        """The certificates of a client's information system."""
        rows = await self._pool.fetch(
            "SELECT certificate FROM client_certificate WHERE client = $1 ORDER BY added_at, sha256", client
        )
        return [certificate_details(x509.load_der_x509_certificate(row["certificate"])) for row in rows]

    async def service_descriptions(self, *, client: str | None = None, id_: int | None = None) -> list[Json]:
        """Of a client, or the one of this id."""
        rows = await self._pool.fetch(
            "SELECT * FROM service_description WHERE ($1::text IS NULL OR client = $1)"
            " AND ($2::bigint IS NULL OR id = $2) ORDER BY id",
            client,
            id_,
        )
        return [
            {
                "id": str(row["id"]),
                "url": row["url"],
                "type": row["type"],
                "disabled": not row["enabled"],
                "disabled_notice": row["disabled_notice"],
                "refreshed_at": row["refreshed_at"].isoformat(),
                "services": await self.services(description=row["id"]),
                "client_id": row["client"],
            }
            for row in rows
        ]

    async def service_description(self, id_: int) -> Json:
        """404 `service_description_not_found`."""
        return _one(await self.service_descriptions(id_=id_), "service_description_not_found")

    async def services(self, *, description: int | None = None, id_: str | None = None) -> list[Json]:
        """Of a description, or the one of this id (`I:C:M:S:code`)."""
        rows = await self._pool.fetch(
            "SELECT s.*, (SELECT count(DISTINCT r.subject) FROM access_right r JOIN endpoint e ON e.id = r.endpoint"
            "  WHERE e.client = s.client AND e.service_code = s.code) AS subjects"
            " FROM service s WHERE ($1::bigint IS NULL OR description = $1)"
            " AND ($2::text IS NULL OR client || ':' || code = $2) ORDER BY client, code",
            description,
            id_,
        )
        return [
            {
                "id": f"{row['client']}:{row['code']}",
                "full_service_code": row["code"],
                "service_code": row["code"],
                "timeout": row["timeout"],
                "title": row["title"],
                "ssl_auth": row["verify_tls"],
                "subjects_count": row["subjects"],
                "url": row["url"],
                "endpoints": await self._endpoints(row["client"], row["code"]),
            }
            for row in rows
        ]

    async def service(self, id_: str) -> Json:
        """404 `service_not_found`."""
        return _one(await self.services(id_=id_), "service_not_found")

    async def _endpoints(self, client: str, code: str) -> list[Json]:
        rows = await self._pool.fetch(
            "SELECT * FROM endpoint WHERE client = $1 AND service_code = $2 ORDER BY id", client, code
        )
        return [_endpoint(row) for row in rows]

    async def endpoint(self, id_: int) -> Json:
        """404 `endpoint_not_found`."""
        rows = await self._pool.fetch("SELECT * FROM endpoint WHERE id = $1", id_)
        return _one([_endpoint(row) for row in rows], "endpoint_not_found")

    async def service_clients(self, *, client: str | None = None, endpoint: int | None = None) -> list[Json]:
        """Who has rights: to anything of a client, or on one endpoint."""
        rows = await self._pool.fetch(
            "SELECT r.subject, min(r.given_at) AS given_at,"
            " array_agg(DISTINCT server ORDER BY server) FILTER (WHERE server IS NOT NULL) AS security_servers"
            " FROM access_right r JOIN endpoint e ON e.id = r.endpoint"
            " LEFT JOIN LATERAL unnest(r.security_servers) AS server ON true"
            " WHERE ($1::text IS NULL OR e.client = $1) AND ($2::bigint IS NULL OR e.id = $2)"
            " GROUP BY r.subject ORDER BY r.subject",
            client,
            endpoint,
        )
        return [
            {
                **self._candidate(SubsystemId.from_colon(row["subject"])),
                "rights_given_at": row["given_at"].isoformat(),
                "security_servers": row["security_servers"] or [],
            }
            for row in rows
        ]

    async def access_rights(self, client: str, subject: str) -> list[Json]:
        """A subject's service-level rights to the services of a client."""
        rows = await self._pool.fetch(
            "SELECT s.code, s.title, r.given_at, r.security_servers FROM access_right r"
            " JOIN endpoint e ON e.id = r.endpoint JOIN service s ON s.client = e.client AND s.code = e.service_code"
            " WHERE e.client = $1 AND r.subject = $2 AND e.method = '*' AND e.path = '**' ORDER BY s.code",
            client,
            subject,
        )
        return [
            {
                "service_code": row["code"],
                "service_title": row["title"],
                "rights_given_at": row["given_at"].isoformat(),
                "security_servers": row["security_servers"],
            }
            for row in rows
        ]

    async def token_certificate(self, sha256: bytes) -> Decided:
        """What was decided about a certificate of one of our keys."""
        row = await self._pool.fetchrow("SELECT * FROM token_certificate WHERE sha256 = $1", sha256)
        return Decided(True, False) if row is None else Decided(row["active"], row["registration_asked_at"] is not None)

    async def audit(self, after: int, most: int) -> list[Json]:
        """Rows of the audit ledger after this number, oldest first."""
        rows = await self._pool.fetch("SELECT * FROM audit WHERE id > $1 ORDER BY id LIMIT $2", after, most)
        return [
            {
                "id": row["id"],
                "at": row["at"].isoformat(),
                "actor": row["actor"],
                "action": row["action"],
                "subject": row["subject"],
                "details": json.loads(row["details"]),
            }
            for row in rows
        ]

    def servers(self) -> list[Json]:
        """The security servers of the instance; ours first."""
        configuration = self.current()
        known = [] if configuration is None else list(configuration.shared.servers)
        return [
            {
                "id": str(each.id),
                "instance_id": each.id.instance,
                "member_class": each.id.member_class,
                "member_code": each.id.member_code,
                "server_code": each.id.server_code,
                "server_address": each.address,
            }
            for each in sorted(known, key=lambda each: (each.id != self._server, each.id))
        ]

    def candidates(self, wanted: dict[str, str]) -> list[Json]:
        """Subsystems of the instance that a right could be given to, filtered by parts of their identifiers."""
        configuration = self.current()
        if configuration is None or wanted.get("service_client_type", "SUBSYSTEM") != "SUBSYSTEM":
            return []
        parts = {
            "instance": "instance",
            "member_class": "member_class",
            "member_group_code": "member_code",
            "subsystem_code": "subsystem_code",
        }
        return [
            self._candidate(id_)
            for id_ in sorted(configuration.subsystems)
            if all(wanted.get(name, "").lower() in getattr(id_, part).lower() for name, part in parts.items())
        ]

    def _candidate(self, id_: SubsystemId) -> Json:
        configuration = self.current()
        member = configuration.members.get(id_.member) if configuration is not None else None
        name = member.name if member is not None else None
        return {"id": str(id_), "name": name, "service_client_type": "SUBSYSTEM"}


def _endpoint(row: Any) -> Json:
    names = ("service_code", "method", "path", "generated")
    return {"id": str(row["id"]), **{name: row[name] for name in names}}


def _one(found: list[Json], code: str) -> Json:
    if not found:
        raise ChangeRefused(404, code)
    return found[0]


def certificate_details(certificate: x509.Certificate) -> Json:
    """CertificateDetails; fields that do not apply to the kind of key are left out."""
    key = certificate.public_key()
    shown: Json = {
        "issuer_distinguished_name": certificate.issuer.rfc4514_string(),
        "issuer_common_name": _common_name(certificate.issuer),
        "subject_distinguished_name": certificate.subject.rfc4514_string(),
        "subject_common_name": _common_name(certificate.subject),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "serial": str(certificate.serial_number),
        "version": certificate.version.value + 1,
        "signature": certificate.signature.hex(),
        "hash": certificate.fingerprint(hashes.SHA256()).hex().upper(),
        "key_usages": [],
    }
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        shown |= {"public_key_algorithm": "RSA", "rsa_public_key_modulus": f"{numbers.n:x}"}
        shown["rsa_public_key_exponent"] = numbers.e
    elif isinstance(key, ec.EllipticCurvePublicKey):
        shown |= {"public_key_algorithm": "EC", "ec_public_parameters": key.curve.name}
    return shown


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""
