"""What the admin API shows, in X-Road's own JSON shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
from cryptography.hazmat.primitives import hashes

from ketnoi_exchange.admin.paging import Paging
from ketnoi_exchange.publication.registered import client_of
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId
from ketnoi_trust.parsed_certificate import ParsedCertificate

Shape = dict[str, Any]

_CLIENTS = (
    "SELECT * FROM (SELECT id, 'MEMBER' AS kind, id AS member, name AS member_name, NULL AS subsystem_name FROM member"
    " UNION ALL SELECT subsystem.id, 'SUBSYSTEM', member, member.name, subsystem.name"
    " FROM subsystem JOIN member ON member.id = member) AS client"
)
_SERVERS = "SELECT security_server.*, member.name AS owner_name FROM security_server JOIN member ON member.id = owner"
_REQUESTS = (
    "SELECT management_request.*, owner.name AS owner_name, client_member.name AS client_name FROM management_request"
    " LEFT JOIN member owner ON owner.id = regexp_replace(server, ':[^:]*$', '')"
    " LEFT JOIN member client_member ON client_member.id = regexp_replace(client, ':[^:]*$', '')"
)


class Views:
    """Reads one platform's database. Raises ChangeRefused for what is not there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def clients(self, query: Mapping[str, str]) -> Shape:
        """A page of members and subsystems. Filters: q, client_type, member_class, security_server."""
        columns = {"id": "id", "member_name": "member_name", "client_type": "kind"}
        rows, metadata = await Paging.of(query, columns).rows(
            self.pool,
            f"{_CLIENTS} WHERE ($1 = '' OR position(lower($1) IN lower(member_name || ' ' || id)) > 0)"  # noqa: S608
            " AND ($2 = '' OR kind = $2) AND ($3 = '' OR split_part(id, ':', 2) = $3)"
            " AND ($4 = '' OR id IN (SELECT client FROM server_client WHERE server = $4))",
            *(query.get(name, "") for name in ("q", "client_type", "member_class", "security_server")),
        )
        return {"clients": [_client(row) for row in rows], "paging_metadata": metadata}

    async def client(self, id_: MemberId | SubsystemId) -> Shape:
        """One member or subsystem."""
        row = await self.pool.fetchrow(f"{_CLIENTS} WHERE id = $1", str(id_))
        if row is None:
            kind = "subsystem" if isinstance(id_, SubsystemId) else "member"
            raise ChangeRefused(f"{kind}_not_found", str(id_))
        return _client(row)

    async def subsystems(self, member: MemberId) -> list[Shape]:
        """A member's subsystems, each with the servers it is registered at."""
        await self.client(member)
        used: dict[str, list[Shape]] = {}
        for row in await self.pool.fetch(
            "SELECT client, server, member.name FROM server_client JOIN security_server ON security_server.id = server"
            " JOIN member ON member.id = owner JOIN subsystem ON subsystem.id = client"
            " WHERE subsystem.member = $1 ORDER BY server",
            str(member),
        ):
            server = server_id(row["server"])
            shown = {"encoded_id": server["encoded_id"], "server_code": server["server_code"]}
            used.setdefault(row["client"], []).append({**shown, "server_owner": row["name"], "status": "APPROVED"})
        rows = await self.pool.fetch("SELECT id, name FROM subsystem WHERE member = $1 ORDER BY id", str(member))
        return [
            {
                "subsystem_id": client_id(row["id"]),
                "subsystem_name": row["name"],
                "used_security_servers": used.get(row["id"], []),
            }
            for row in rows
        ]

    async def member_classes(self) -> list[Shape]:
        """All of them."""
        return [dict(row) for row in await self.pool.fetch("SELECT code, description FROM member_class ORDER BY code")]

    async def servers(self, query: Mapping[str, str]) -> Shape:
        """A page of security servers. Filter: q."""
        columns = {"id": "id", "owner_name": "owner_name", "xroad_id.server_code": "id"}
        select = f"SELECT * FROM ({_SERVERS}) AS server"  # noqa: S608 - our own text
        select += " WHERE ($1 = '' OR position(lower($1) IN lower(owner_name || ' ' || id)) > 0)"
        rows, metadata = await Paging.of(query, columns).rows(self.pool, select, query.get("q", ""))
        return {"items": [_server(row) for row in rows], "paging_metadata": metadata}

    async def servers_of(self, owner: MemberId) -> list[Shape]:
        """The servers that a member owns."""
        await self.client(owner)
        rows = await self.pool.fetch(f"{_SERVERS} WHERE owner = $1 ORDER BY security_server.id", str(owner))
        return [_server(row) for row in rows]

    async def server(self, id_: SecurityServerId) -> Shape:
        """One security server."""
        row = await self.pool.fetchrow(f"{_SERVERS} WHERE security_server.id = $1", str(id_))
        if row is None:
            raise ChangeRefused("security_server_not_found", str(id_))
        return _server(row)

    async def certificates(self, id_: SecurityServerId) -> list[Shape]:
        """A server's authentication certificates."""
        await self.server(id_)
        rows = await self.pool.fetch(
            "SELECT id, certificate FROM authentication_certificate WHERE server = $1 ORDER BY id", str(id_)
        )
        return [{"id": row["id"], **certificate_details(row["certificate"])} for row in rows]

    async def certificate_hash(self, id_: SecurityServerId, number: int) -> bytes:
        """The SHA-256 of a server's authentication certificate of that number."""
        await self.server(id_)
        found: bytes | None = await self.pool.fetchval(
            "SELECT sha256 FROM authentication_certificate WHERE server = $1 AND id = $2", str(id_), number
        )
        if found is None:
            raise ChangeRefused("ss_auth_certificate_not_found", str(number))
        return found

    async def clients_of(self, id_: SecurityServerId) -> list[Shape]:
        """What is registered at a server."""
        await self.server(id_)
        rows = await self.pool.fetch(
            f"{_CLIENTS} WHERE id IN (SELECT client FROM server_client WHERE server = $1) ORDER BY id",  # noqa: S608
            str(id_),
        )
        return [_client(row) for row in rows]

    async def requests(self, query: Mapping[str, str]) -> Shape:
        """A page of management requests. Filters: q, status, type, origin, server_id."""
        columns = {"id": "id", "created_at": "id", "type": "type", "security_server_id": "server", "status": "status"}
        select = (
            f"SELECT * FROM ({_REQUESTS}) AS request WHERE ($1 = '' OR status = $1) AND ($2 = '' OR type = $2)"  # noqa: S608
            " AND ($3 = '' OR origin = $3) AND ($4 = '' OR server = $4)"
            " AND ($5 = '' OR position(lower($5) IN lower(concat_ws(' ', server, client, owner_name, client_name)))"
            " > 0)"
        )
        names = ("status", "type", "origin", "server_id", "q")
        rows, metadata = await Paging.of(query, columns).rows(
            self.pool, select, *(query.get(name, "") for name in names)
        )
        return {"items": [_request(row) for row in rows], "paging_metadata": metadata}

    async def request(self, id_: int) -> Shape:
        """One management request, with its certificate."""
        row = await self.pool.fetchrow(f"{_REQUESTS} WHERE management_request.id = $1", id_)
        if row is None:
            raise ChangeRefused("management_request_not_found", str(id_))
        shown = {**_request(row), "comments": row["comments"], "updated_at": row["updated_at"]}
        if row["certificate"] is not None:
            shown["certificate_details"] = certificate_details(row["certificate"])
        return shown

    async def groups(self) -> list[Shape]:
        """All groups, with how many are in each."""
        rows = await self.pool.fetch(
            "SELECT code, description, added_at AS created_at, updated_at,"
            " (SELECT count(*) FROM global_group_member WHERE group_code = code) AS member_count"
            " FROM global_group ORDER BY code"
        )
        return [dict(row) for row in rows]

    async def group(self, code: str) -> Shape:
        """One group."""
        found = next((each for each in await self.groups() if each["code"] == code), None)
        if found is None:
            raise ChangeRefused("global_group_not_found", code)
        return found

    async def group_members(self, code: str) -> list[Shape]:
        """Who is in a group."""
        await self.group(code)
        rows = await self.pool.fetch(
            "SELECT id, client, added_at FROM global_group_member WHERE group_code = $1 ORDER BY id", code
        )
        return [{"id": row["id"], "client_id": client_id(row["client"]), "created_at": row["added_at"]} for row in rows]


def client_id(text: str) -> Shape:
    """ClientId."""
    id_ = client_of(text)
    shown = _parts(id_, "SUBSYSTEM" if isinstance(id_, SubsystemId) else "MEMBER")
    if isinstance(id_, SubsystemId):
        shown["subsystem_code"] = id_.subsystem_code
    return shown


def server_id(text: str) -> Shape:
    """SecurityServerId."""
    id_ = SecurityServerId.from_colon(text)
    return {**_parts(id_, "SERVER"), "server_code": id_.server_code}


def certificate_details(der: bytes) -> Shape:
    """CertificateDetails, as far as people compare them."""
    parsed = ParsedCertificate.parse(der)
    certificate = parsed.certificate
    return {
        "hash": certificate.fingerprint(hashes.SHA256()).hex().upper(),
        "subject_distinguished_name": parsed.subject.rfc4514_string(),
        "subject_common_name": parsed.common_name or "",
        "issuer_distinguished_name": parsed.issuer.rfc4514_string(),
        "serial": str(parsed.serial_number),
        "not_before": parsed.not_before,
        "not_after": parsed.not_after,
    }


def _parts(id_: MemberId | SubsystemId | SecurityServerId, kind: str) -> Shape:
    return {
        "instance_id": id_.instance,
        "type": kind,
        "member_class": id_.member_class,
        "member_code": id_.member_code,
        "encoded_id": str(id_),
    }


def _client(row: Any) -> Shape:
    shown = {"client_id": client_id(row["id"]), "member_name": row["member_name"]}
    return {**shown, "subsystem_name": row["subsystem_name"]} if row["kind"] == "SUBSYSTEM" else shown


def _server(row: Any) -> Shape:
    return {
        "server_id": server_id(row["id"]),
        "owner_name": row["owner_name"],
        "server_address": row["address"],
        "in_maintenance_mode": row["in_maintenance"],
        "maintenance_mode_message": row["maintenance_message"],
        "created_at": row["added_at"],
        "updated_at": row["updated_at"],
    }


def _request(row: Any) -> Shape:
    shown = {
        "id": row["id"],
        "type": row["type"],
        "origin": row["origin"],
        "security_server_owner": row["owner_name"],
        "security_server_id": server_id(row["server"]),
        "status": row["status"],
        "created_at": row["created_at"],
    }
    if row["client"] is not None:
        shown |= {"client_id": client_id(row["client"]), "client_owner_name": row["client_name"]}
        shown["client_subsystem_name"] = row["subsystem_name"]
    if row["address"] is not None:
        shown["address"] = row["address"]
    return shown
