"""The steps of a registration, shared by what the centre does itself and by what it approves.

Each takes a change under way and raises ChangeRefused.
"""

from __future__ import annotations

from typing import Any

from ketnoi_exchange.actions import checks
from ketnoi_exchange.ledger import Change, Shown, one_done
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_trust.certificates import check_authentication_usage
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate


async def found_server(change: Change, server: SecurityServerId, address: str) -> None:
    """The server is there with this address, made now if it was not."""
    if not await change.connection.fetchval("SELECT true FROM member WHERE id = $1", str(server.owner)):
        raise ChangeRefused("management_request_server_owner_not_found", str(server.owner))
    await change.connection.execute(
        "INSERT INTO security_server (id, owner, address, added_at, updated_at) VALUES ($1, $2, $3, $4, $4)"
        " ON CONFLICT (id) DO UPDATE SET address = $3, updated_at = $4",
        str(server),
        str(server.owner),
        address,
        change.at,
    )


async def ensure_certificate(change: Change, data: bytes) -> ParsedCertificate:
    """An authentication certificate that may be registered: valid now, for TLS, and from an approved authority.

    Whether it has been revoked is for the servers to judge, on every message.
    """
    try:
        certificate = checks.certificate(data)
        check_authentication_usage(certificate)
    except (ChangeRefused, Refused) as error:
        raise ChangeRefused("management_request_invalid_auth_certificate", error.code) from None
    if not certificate.is_valid(change.at):
        raise ChangeRefused("management_request_invalid_auth_certificate", "certificate_not_valid_now")
    rows = await change.connection.fetch(
        "SELECT certificate FROM certification_service UNION SELECT certificate FROM intermediate_authority"
    )
    if not any(certificate.is_issued_by(ParsedCertificate.parse(row["certificate"])) for row in rows):
        raise ChangeRefused("management_request_invalid_auth_certificate", "certificate_of_unknown_authority")
    await ensure_unregistered(change.connection, certificate)
    return certificate


async def ensure_unregistered(connection: Any, certificate: ParsedCertificate) -> None:
    """No server has this very certificate."""
    holder = await connection.fetchval(
        "SELECT server FROM authentication_certificate WHERE sha256 = $1", certificate.sha256
    )
    if holder is not None:
        raise ChangeRefused("management_request_security_server_exists", holder)


async def register_certificate(change: Change, server: SecurityServerId, certificate: ParsedCertificate) -> None:
    """The server proves itself with this certificate from now on."""
    await change.connection.execute(
        "INSERT INTO authentication_certificate (server, sha256, certificate, added_at) VALUES ($1, $2, $3, $4)",
        str(server),
        certificate.sha256,
        certificate.der,
        change.at,
    )
    await _touch(change, server)


async def unregister_certificate(change: Change, server: SecurityServerId, sha256: bytes) -> None:
    """The server proves itself with it no more."""
    done = await change.connection.execute(
        "DELETE FROM authentication_certificate WHERE server = $1 AND sha256 = $2", str(server), sha256
    )
    if not one_done(done):
        raise ChangeRefused("ss_auth_certificate_not_found", sha256.hex())
    await _touch(change, server)


async def ensure_client(change: Change, server: SecurityServerId, client: SubsystemId) -> SubsystemId:
    """A subsystem that can be registered at a server: its member is there, and it is not registered yet."""
    checks.subsystem_of(change.instance, client)
    if not await change.connection.fetchval("SELECT true FROM member WHERE id = $1", str(client.member)):
        raise ChangeRefused("management_request_member_not_found", str(client.member))
    await ensure_not_client(change.connection, server, client)
    return client


async def ensure_not_client(connection: Any, server: SecurityServerId, client: SubsystemId) -> None:
    """The subsystem is not registered at this server."""
    if await connection.fetchval(
        "SELECT true FROM server_client WHERE server = $1 AND client = $2", str(server), str(client)
    ):
        raise ChangeRefused("management_request_client_already_registered", str(client))


async def register_client(
    change: Change, server: SecurityServerId, client: SubsystemId, name: str | None = None
) -> None:
    """The subsystem, made now if it was not there, may use this server from now on; a name given replaces its own."""
    await change.connection.execute(
        "INSERT INTO subsystem VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (id) DO UPDATE SET name = coalesce($3, subsystem.name)",
        str(client),
        str(client.member),
        name,
        change.at,
    )
    await change.connection.execute(
        "INSERT INTO server_client VALUES ($1, $2, $3)", str(server), str(client), change.at
    )
    await _touch(change, server)


async def unregister_client(change: Change, server: SecurityServerId, client: SubsystemId) -> None:
    """The subsystem may use this server no more."""
    done = await change.connection.execute(
        "DELETE FROM server_client WHERE server = $1 AND client = $2", str(server), str(client)
    )
    if not one_done(done):
        raise ChangeRefused("management_request_client_registration_not_found", str(client))
    await _touch(change, server)


async def switch_maintenance(change: Change, server: SecurityServerId, on: bool, message: str | None = None) -> None:
    """The server is out of service for a while, or back."""
    done = await change.connection.execute(
        "UPDATE security_server SET in_maintenance = $2, maintenance_message = $3, updated_at = $4"
        " WHERE id = $1 AND in_maintenance <> $2",
        str(server),
        on,
        checks.text(message, "message") if on and message else None,
        change.at,
    )
    if not one_done(done):
        state = "already" if on else "not"
        raise ChangeRefused(f"management_request_server_{state}_in_maintenance_mode", str(server))


async def shown_server(connection: Any, server: SecurityServerId) -> Shown:
    """What history says of a server. Raises ChangeRefused `security_server_not_found`."""
    row = await connection.fetchrow(
        "SELECT address, in_maintenance, maintenance_message,"
        " ARRAY(SELECT encode(sha256, 'hex') FROM authentication_certificate WHERE server = $1 ORDER BY id) AS hashes,"
        " ARRAY(SELECT client FROM server_client WHERE server = $1 ORDER BY client) AS clients"
        " FROM security_server WHERE id = $1",
        str(server),
    )
    if row is None:
        raise ChangeRefused("security_server_not_found", str(server))
    return {
        "address": row["address"],
        "in_maintenance": row["in_maintenance"],
        "maintenance_message": row["maintenance_message"],
        "certificates_sha256": list(row["hashes"]),
        "clients": list(row["clients"]),
    }


async def _touch(change: Change, server: SecurityServerId) -> None:
    await change.connection.execute("UPDATE security_server SET updated_at = $2 WHERE id = $1", str(server), change.at)
