"""Changing our clients and the certificates of their information systems."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.identifiers import SubsystemId
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger
from ketnoi_securityserver.serverconf.model import ConnectionType


class Clients:
    """Every method writes an audit row in the name of its first argument and raises ChangeRefused."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def add(self, actor: str, client: SubsystemId, connection_type: ConnectionType) -> None:
        """A new client; 409 `client_already_exists`."""
        details = {"connection_type": connection_type}
        async with self._ledger.act(actor, "add client", str(client), details) as connection:
            done = await connection.execute(
                "INSERT INTO client VALUES ($1, $2, 'SAVED', $3) ON CONFLICT DO NOTHING",
                str(client),
                connection_type,
                self._ledger.clock.now(),
            )
            if done == "INSERT 0 0":
                raise ChangeRefused(409, "client_already_exists")

    async def set_connection_type(self, actor: str, client: SubsystemId, connection_type: ConnectionType) -> None:
        """How its information system reaches us; 404 `client_not_found`."""
        details = {"connection_type": connection_type}
        async with self._ledger.act(actor, "set connection type", str(client), details) as connection:
            done = await connection.execute(
                "UPDATE client SET connection_type = $2 WHERE id = $1", str(client), connection_type
            )
            _found(done, "client_not_found")

    async def mark_registration(self, actor: str, client: SubsystemId) -> None:
        """Its registration has been asked for; 404, or 409 `invalid_client_status` when that was so before."""
        async with self._ledger.act(actor, "register client", str(client), {}) as connection:
            status = await connection.fetchval("SELECT status FROM client WHERE id = $1 FOR UPDATE", str(client))
            if status is None:
                raise ChangeRefused(404, "client_not_found")
            if status != "SAVED":
                raise ChangeRefused(409, "invalid_client_status")
            await connection.execute("UPDATE client SET status = 'REGISTRATION_IN_PROGRESS' WHERE id = $1", str(client))

    async def remove(self, actor: str, client: SubsystemId) -> None:
        """With its services, rights and certificates; 404."""
        async with self._ledger.act(actor, "remove client", str(client), {}) as connection:
            _found(await connection.execute("DELETE FROM client WHERE id = $1", str(client)), "client_not_found")

    async def add_certificate(self, actor: str, client: SubsystemId, data: bytes) -> x509.Certificate:
        """A certificate (DER or PEM) of its information system; 400 `invalid_cert`, 404, 409."""
        try:
            pem = b"-----BEGIN" in data
            certificate = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
            der = certificate.public_bytes(Encoding.DER)
        except (ValueError, TypeError):
            raise ChangeRefused(400, "invalid_cert") from None
        digest = hashlib.sha256(der)
        details = {"sha256": digest.hexdigest()}
        async with self._ledger.act(actor, "add certificate", str(client), details) as connection:
            if not await connection.fetchval("SELECT true FROM client WHERE id = $1", str(client)):
                raise ChangeRefused(404, "client_not_found")
            done = await connection.execute(
                "INSERT INTO client_certificate VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                str(client),
                digest.digest(),
                der,
                self._ledger.clock.now(),
            )
            if done == "INSERT 0 0":
                raise ChangeRefused(409, "certificate_already_exists")
        return certificate

    async def remove_certificate(self, actor: str, client: SubsystemId, sha256: str) -> None:
        """By its SHA-256 in hexadecimal; 404 `certificate_not_found`."""
        try:
            digest = bytes.fromhex(sha256)
        except ValueError:
            raise ChangeRefused(404, "certificate_not_found") from None
        async with self._ledger.act(actor, "remove certificate", str(client), {"sha256": sha256}) as connection:
            done = await connection.execute(
                "DELETE FROM client_certificate WHERE client = $1 AND sha256 = $2", str(client), digest
            )
            _found(done, "certificate_not_found")


def _found(done: str, code: str) -> None:
    if done.endswith(" 0"):
        raise ChangeRefused(404, code)
