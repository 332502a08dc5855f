"""Management requests: what security servers ask of the governing side, and what becomes of it.

Registrations wait until somebody approves or declines them. What only takes away or corrects - deletions, a new
address, maintenance - is done at once, as in X-Road. A registration that the centre itself asks for is granted at
once [our choice; X-Road waits for the server's own request]: nobody else would approve it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from ketnoi_exchange.actions import checks
from ketnoi_exchange.actions.registrations import (
    ensure_certificate,
    ensure_client,
    ensure_not_client,
    found_server,
    register_certificate,
    register_client,
    shown_server,
    switch_maintenance,
    unregister_certificate,
    unregister_client,
)
from ketnoi_exchange.ledger import Change, Ledger, one_done
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId

Origin = Literal["CENTER", "SECURITY_SERVER"]

CERTIFICATE_REGISTRATION: Final = "AUTH_CERT_REGISTRATION_REQUEST"
CERTIFICATE_DELETION: Final = "AUTH_CERT_DELETION_REQUEST"
CLIENT_REGISTRATION: Final = "CLIENT_REGISTRATION_REQUEST"
CLIENT_DELETION: Final = "CLIENT_DELETION_REQUEST"
ADDRESS_CHANGE: Final = "ADDRESS_CHANGE_REQUEST"
MAINTENANCE_ON: Final = "MAINTENANCE_MODE_ENABLE_REQUEST"
MAINTENANCE_OFF: Final = "MAINTENANCE_MODE_DISABLE_REQUEST"
REGISTRATIONS: Final = frozenset({CERTIFICATE_REGISTRATION, CLIENT_REGISTRATION})


@dataclass(frozen=True, slots=True)
class ManagementRequest:
    """One request, with what its type needs: a client, or a certificate (DER or PEM), an address or a message."""

    type: str
    origin: Origin
    server: SecurityServerId
    client: SubsystemId | MemberId | None = None
    subsystem_name: str | None = None
    address: str | None = None
    certificate: bytes | None = field(default=None, repr=False)
    comments: str = ""

    @property
    def subsystem(self) -> SubsystemId:
        """The client, which must be a subsystem. Raises ChangeRefused."""
        if self.client == self.server.owner:
            raise ChangeRefused("management_request_cannot_register_owner")
        if not isinstance(self.client, SubsystemId):
            raise ChangeRefused("invalid_subsystem_id", "client_id")
        return self.client


class Requests:
    """Every method acts in the name of its first argument, leaves a row of history, and raises ChangeRefused."""

    _ledger: Ledger

    async def ask(self, actor: str, request: ManagementRequest) -> tuple[int, str]:
        """Hand in a request: its number, and WAITING or APPROVED. 409 where the same is waiting already."""
        if request.type not in _STEPS:
            raise ChangeRefused("management_request_not_supported", request.type)
        async with self._ledger.act(actor, f"ask: {request.type}", str(request.server)) as change:
            checks.server_of(change.instance, request.server)
            if request.type in REGISTRATIONS:
                request = await _checked(change, request)
                status = "WAITING" if request.origin == "SECURITY_SERVER" else "APPROVED"
            else:
                status = "APPROVED"
            if status == "APPROVED":
                await _carry_out(change, request)
            id_: int = await change.connection.fetchval(
                "INSERT INTO management_request (type, origin, server, client, subsystem_name, address, certificate,"
                " comments, status, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
                " RETURNING id",
                request.type,
                request.origin,
                str(request.server),
                None if request.client is None else str(request.client),
                request.subsystem_name,
                request.address,
                request.certificate,
                checks.text(request.comments, "comments") if request.comments else "",
                status,
                change.at,
            )
            change.after = {**(change.after or {}), "request": id_, "status": status}
        return id_, status

    async def approve(self, actor: str, id_: int) -> None:
        """Carry out what was asked; 404, 409 unless it is waiting. What has become impossible since is refused."""
        async with self._ledger.act(actor, "approve management request", str(id_)) as change:
            request = await _waiting(change, id_, "management_request_invalid_state_for_approval")
            await _carry_out(change, request)
            await _decide(change, id_, "APPROVED")

    async def decline(self, actor: str, id_: int) -> None:
        """Not carried out; 404, 409 unless it is waiting."""
        async with self._ledger.act(actor, "decline management request", str(id_)) as change:
            await _waiting(change, id_, "management_request_invalid_state")
            await _decide(change, id_, "DECLINED")


async def _checked(change: Change, request: ManagementRequest) -> ManagementRequest:
    """A registration that could be carried out, and that nobody is waiting for yet; its certificate as DER."""
    if request.type == CLIENT_REGISTRATION:
        client = request.subsystem
        await ensure_not_client(change.connection, request.server, checks.subsystem_of(change.instance, client))
        name = checks.text(request.subsystem_name, "subsystem_name") if request.subsystem_name else None
        request = ManagementRequest(
            request.type, request.origin, request.server, client, name, comments=request.comments
        )
    else:
        certificate = await ensure_certificate(change, request.certificate or b"")
        address = checks.server_address(request.address or "")
        request = ManagementRequest(
            request.type,
            request.origin,
            request.server,
            address=address,
            certificate=certificate.der,
            comments=request.comments,
        )
    waiting = await change.connection.fetchval(
        "SELECT id FROM management_request WHERE status = 'WAITING' AND type = $1"
        " AND ((server = $2 AND client = $3) OR certificate = $4)",
        request.type,
        str(request.server),
        None if request.client is None else str(request.client),
        request.certificate,
    )
    if waiting is not None:
        raise ChangeRefused("management_request_exists", str(waiting))
    return request


async def _carry_out(change: Change, request: ManagementRequest) -> None:
    try:
        change.before = await shown_server(change.connection, request.server)
    except ChangeRefused as refused:
        if request.type != CERTIFICATE_REGISTRATION:
            raise ChangeRefused("management_request_server_not_found", *refused.metadata) from None
    await _STEPS[request.type](change, request)
    change.after = await shown_server(change.connection, request.server)


async def _register_certificate(change: Change, request: ManagementRequest) -> None:
    certificate = await ensure_certificate(change, request.certificate or b"")
    await found_server(change, request.server, checks.server_address(request.address or ""))
    await register_certificate(change, request.server, certificate)


async def _delete_certificate(change: Change, request: ManagementRequest) -> None:
    try:
        sha256 = checks.certificate(request.certificate or b"").sha256
    except ChangeRefused as refused:
        raise ChangeRefused("management_request_invalid_auth_certificate", refused.code) from None
    await unregister_certificate(change, request.server, sha256)


async def _register_client(change: Change, request: ManagementRequest) -> None:
    client = await ensure_client(change, request.server, request.subsystem)
    await register_client(change, request.server, client, request.subsystem_name)


async def _delete_client(change: Change, request: ManagementRequest) -> None:
    # Whoever has asked for a registration, and takes it back before anybody has decided, is not registered yet.
    done = await change.connection.execute(
        "UPDATE management_request SET status = 'DECLINED', updated_at = $4"
        " WHERE status = 'WAITING' AND type = $1 AND server = $2 AND client = $3",
        CLIENT_REGISTRATION,
        str(request.server),
        str(request.subsystem),
        change.at,
    )
    if not one_done(done):
        await unregister_client(change, request.server, request.subsystem)


async def _change_address(change: Change, request: ManagementRequest) -> None:
    await found_server(change, request.server, checks.server_address(request.address or ""))


async def _enable_maintenance(change: Change, request: ManagementRequest) -> None:
    await switch_maintenance(change, request.server, True, request.comments)


async def _disable_maintenance(change: Change, request: ManagementRequest) -> None:
    await switch_maintenance(change, request.server, False)


_STEPS: Final[dict[str, Callable[[Change, ManagementRequest], Awaitable[None]]]] = {
    CERTIFICATE_REGISTRATION: _register_certificate,
    CERTIFICATE_DELETION: _delete_certificate,
    CLIENT_REGISTRATION: _register_client,
    CLIENT_DELETION: _delete_client,
    ADDRESS_CHANGE: _change_address,
    MAINTENANCE_ON: _enable_maintenance,
    MAINTENANCE_OFF: _disable_maintenance,
}


async def _waiting(change: Change, id_: int, otherwise: str) -> ManagementRequest:
    row = await change.connection.fetchrow("SELECT * FROM management_request WHERE id = $1", id_)
    if row is None:
        raise ChangeRefused("management_request_not_found", str(id_))
    if row["status"] != "WAITING":
        raise ChangeRefused(otherwise, str(id_))
    return ManagementRequest(
        row["type"],
        row["origin"],
        SecurityServerId.from_colon(row["server"]),
        None if row["client"] is None else SubsystemId.from_colon(row["client"]),
        row["subsystem_name"],
        row["address"],
        row["certificate"],
        row["comments"],
    )


async def _decide(change: Change, id_: int, status: str) -> None:
    await change.connection.execute(
        "UPDATE management_request SET status = $2, updated_at = $3 WHERE id = $1", id_, status, change.at
    )
    change.after = {**(change.after or {}), "request": id_, "status": status}
