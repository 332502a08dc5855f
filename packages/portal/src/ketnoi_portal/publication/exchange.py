"""A platform's exchange through its admin API: what it has of one server, and registering or removing that.

Ours grants at once what the centre itself asks for; where a security server has asked already, its request is
approved. Untested against X-Road's central server, which waits for both sides.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Self

from ketnoi_portal.publication.admin_client import AdminClient, Refused
from ketnoi_portal.settings import Exchange
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId

CERTIFICATE, CLIENT, CLIENT_GONE, CERTIFICATE_GONE = (
    "AUTH_CERT_REGISTRATION_REQUEST",
    "CLIENT_REGISTRATION_REQUEST",
    "CLIENT_DELETION_REQUEST",
    "AUTH_CERT_DELETION_REQUEST",
)


@dataclass(frozen=True, slots=True)
class Joining:
    """What a platform is asked to register; the certificate (DER) is the server's for authentication."""

    server: SecurityServerId
    subsystem: SubsystemId
    address: str
    certificate: bytes
    member_name: str
    subsystem_name: str

    @property
    def certificate_hash(self) -> str:
        """SHA-256 in capitals, as X-Road writes it."""
        return sha256(self.certificate).hexdigest().upper()


@dataclass(frozen=True, slots=True)
class Present:
    """What of it a platform has already."""

    member: bool
    subsystem: bool
    server: bool
    address: bool
    certificate: bool
    client: bool

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return all((self.member, self.subsystem, self.server, self.address, self.certificate, self.client))


class ExchangeAdmin:
    """One platform's exchange. A context manager; every method raises AdminError."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    @classmethod
    def of(cls, told: Exchange) -> Self:
        """The exchange that a row of the settings names. Raises Unreachable when its files cannot be read."""
        return cls(AdminClient.of(told))

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.__exit__(*error)

    def present(self, joining: Joining) -> Present:
        """What is there already."""
        server = self._found(f"/security-servers/{joining.server}")
        subsystems = self._found(f"/members/{joining.server.owner}/subsystems")
        return Present(
            member=subsystems is not None,
            subsystem=str(joining.subsystem) in {_id(each, "subsystem_id") for each in subsystems or []},
            server=server is not None,
            address=server is not None and server.get("server_address") == joining.address,
            certificate=joining.certificate_hash in self.certificates(joining.server),
            client=str(joining.subsystem) in self._clients(joining.server),
        )

    def register(self, joining: Joining) -> Present:
        """Member, subsystem, server with its certificate, client, in this order; what is there is left as it is."""
        owner, subsystem = joining.server.owner, joining.subsystem
        member = {"member_class": owner.member_class, "member_code": owner.member_code}
        self._client.ensure("POST", "/members", {"member_id": member, "member_name": joining.member_name})
        named = {"subsystem_id": {**member, "subsystem_code": subsystem.subsystem_code}}
        if joining.subsystem_name:
            named["subsystem_name"] = joining.subsystem_name  # type: ignore[assignment]
        self._client.ensure("POST", "/subsystems", named)
        there = self.present(joining)
        if not there.certificate:
            self._ask(
                joining,
                CERTIFICATE,
                server_address=joining.address,
                authentication_certificate=b64encode(joining.certificate).decode(),
            )
        elif not there.address:
            self._client.ask("PATCH", f"/security-servers/{joining.server}", {"server_address": joining.address})
        if not there.client:
            self._ask(joining, CLIENT, client_id=str(subsystem))
        return self.present(joining)

    def certificates(self, server: SecurityServerId) -> dict[str, int]:
        """A server's authentication certificates: their numbers by hash."""
        found = self._found(f"/security-servers/{server}/authentication-certificates") or []
        return {str(each.get("hash")): int(each["id"]) for each in found}

    def add_certificate(self, joining: Joining, certificate: bytes) -> bool:
        """Another authentication certificate (DER) beside the server's own; whether the platform has both then.

        Nothing is asked where it has it already; where the server itself has asked, its request is approved.
        """
        beside = replace(joining, certificate=certificate)
        if beside.certificate_hash not in self.certificates(joining.server):
            self._ask(
                beside,
                CERTIFICATE,
                server_address=joining.address,
                authentication_certificate=b64encode(certificate).decode(),
            )
        # A server whose old certificate the platform never knew under this hash has nothing to keep.
        wanted = {beside.certificate_hash} | ({joining.certificate_hash} if joining.certificate else set())
        return wanted <= self.certificates(joining.server).keys()

    def remove_certificate(self, server: SecurityServerId, certificate: bytes, instead: bytes) -> bool:
        """Take one authentication certificate (DER) off a server that keeps `instead`; whether it is gone.

        Nothing is removed where the platform does not have the one that is to stay: the server would stand alone.
        """
        return self.remove_certificates(server, {sha256(certificate).hexdigest().upper()}, instead)

    def remove_certificates(self, server: SecurityServerId, gone: Collection[str], instead: bytes) -> bool:
        """As `remove_certificate`, for any number of them by their hashes (SHA-256 in capitals)."""
        there, stays = self.certificates(server), sha256(instead).hexdigest().upper()
        if stays not in there:
            return False
        for each in sorted(there.keys() & set(gone) - {stays}):
            self._client.ensure("DELETE", f"/security-servers/{server}/authentication-certificates/{there[each]}")
        return not self.certificates(server).keys() & set(gone) - {stays}

    def remove(self, joining: Joining) -> Present:
        """In reverse: the client, then a server that has no other, then a subsystem that nobody uses.

        The member stays: it is in the organisation's name, not in one application's.
        """
        if self.present(joining).client:
            self._request(joining, CLIENT_GONE, client_id=str(joining.subsystem))
        if self._found(f"/security-servers/{joining.server}") is not None and not self._clients(joining.server):
            self._client.ensure("DELETE", f"/security-servers/{joining.server}")
        try:
            self._client.ensure("DELETE", f"/subsystems/{joining.subsystem}")
        except Refused as refused:
            # It is registered at another server, which this removal does not concern.
            if refused.status != 409:
                raise
        return self.present(joining)

    def _ask(self, joining: Joining, kind: str, **more: str) -> None:
        """A registration; one that the security server has asked for already is approved instead."""
        waiting = self._waiting(joining, kind)
        if waiting is not None:
            self._client.ensure("POST", f"/management-requests/{waiting}/approval")
        else:
            self._request(joining, kind, **more)

    def _request(self, joining: Joining, kind: str, **more: str) -> None:
        told = {"type": kind, "origin": "CENTER", "security_server_id": str(joining.server), **more}
        self._client.ask("POST", "/management-requests", told)

    def _waiting(self, joining: Joining, kind: str) -> int | None:
        asked = self._client.ask(
            "GET", "/management-requests", status="WAITING", type=kind, server_id=str(joining.server), limit="100"
        )
        for each in asked.get("items", ()):
            whole = self._client.ask("GET", f"/management-requests/{each['id']}")
            certificate = (whole.get("certificate_details") or {}).get("hash")
            if kind == CERTIFICATE and certificate == joining.certificate_hash:
                return int(each["id"])
            if kind == CLIENT and _id(whole, "client_id") == str(joining.subsystem):
                return int(each["id"])
        return None

    def _clients(self, server: SecurityServerId) -> set[str]:
        return {_id(each, "client_id") for each in self._found(f"/security-servers/{server}/clients") or []}

    def _found(self, path: str) -> Any:
        try:
            return self._client.ask("GET", path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise


def _id(shown: dict[str, Any], name: str) -> str:
    return str((shown.get(name) or {}).get("encoded_id", ""))
