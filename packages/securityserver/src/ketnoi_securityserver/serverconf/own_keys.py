"""Changing our own keys and certificates: the files, what was decided about them, and the audit row together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_securityserver.credentials.keys import (
    HeldKey,
    KeyStore,
    KeyStoreError,
    KeyType,
    authentication_request,
    signing_request,
)
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger
from ketnoi_trust import certificates
from ketnoi_trust.certificates import ParsedCertificate
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

LONGEST_NAME = 64
"""Characters of a part of a subject (X.520)."""

_SET = (
    "INSERT INTO token_certificate (sha256, {column}) VALUES ($1, $2)"
    " ON CONFLICT (sha256) DO UPDATE SET {column} = excluded.{column}"
)


class OwnKeys:
    """Every change writes an audit row in the name of its first argument and raises ChangeRefused.

    A file is written before the transaction ends, so that an audit row never tells of a key that is not there. Keys
    are files of this node; what was decided about a certificate holds on all nodes.
    """

    def __init__(
        self,
        ledger: Ledger,
        keys: KeyStore,
        server: SecurityServerId,
        configuration: Callable[[], Configuration],
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._server = server
        self._configuration = configuration

    def all(self) -> list[HeldKey]:
        """All keys; 500 `key_store_error` when one cannot be read."""
        try:
            return self._keys.held()
        except KeyStoreError:
            raise ChangeRefused(500, "key_store_error") from None

    def key(self, id_: str) -> HeldKey:
        """By its id; 404 `key_not_found`."""
        for held in self.all():
            if held.id == id_.lower():
                return held
        raise ChangeRefused(404, "key_not_found")

    def certificate(self, sha256: str) -> HeldKey:
        """The key whose certificate has this SHA-256 (hexadecimal); 404 `certificate_not_found`."""
        for held in self.all():
            if held.certificate is not None and digest_of(held.certificate).hex() == sha256.lower():
                return held
        raise ChangeRefused(404, "certificate_not_found")

    async def make_key(
        self, actor: str, member: MemberId | None, organisation: str, host: str, key_type: KeyType | None = None
    ) -> HeldKey:
        """A new key with a certificate request: it signs for `member`, or (None) proves this server at `host`.

        Without `key_type` it is of the kind of those that are there, since older servers know RSA only.
        400 `invalid_member_id`, `invalid_distinguished_name`.
        """
        if member is not None and member.instance != self._server.instance:
            raise ChangeRefused(400, "invalid_member_id")
        if key_type is None:
            key_type = "rsa2048" if any(isinstance(each.key, rsa.RSAPrivateKey) for each in self.all()) else "p256"
        subject = str(member) if member is not None else str(self._server)
        details = {"usage": "SIGNING" if member is not None else "AUTHENTICATION", "type": key_type}
        async with self._ledger.act(actor, "make key", subject, details):
            if member is not None:
                held = self._keys.make_signing_key(member, key_type=key_type)
            else:
                held = self._keys.make_authentication_key(key_type=key_type)
            try:
                self._ask(held, organisation, host)
            except ChangeRefused:
                self._keys.remove(held)
                raise
            details["key"] = held.id
        return held

    async def make_request(self, actor: str, held: HeldKey, organisation: str, host: str) -> None:
        """Another certificate request for a key that is there; 400 `invalid_distinguished_name`."""
        async with self._ledger.act(actor, "make certificate request", held.id, {}):
            self._ask(held, organisation, host)

    def _ask(self, held: HeldKey, organisation: str, host: str) -> None:
        if len(organisation) > LONGEST_NAME:
            raise ChangeRefused(400, "invalid_distinguished_name", f"O: at most {LONGEST_NAME} characters")
        try:
            if held.member is not None:
                request = signing_request(held, self._server, organisation)
            else:
                request = authentication_request(held, self._server, organisation, host)
        except ValueError:
            # A common name that X.509 cannot hold.
            raise ChangeRefused(400, "invalid_distinguished_name") from None
        self._keys.keep_request(held, request)

    async def import_certificate(self, actor: str, data: bytes) -> HeldKey:
        """A certificate (DER, or PEM with those above it after it) for one of our keys.

        400 `invalid_cert` for one that others would not accept under the current configuration, 404 `key_not_found`,
        409 `certificate_already_exists`, 503 without a current configuration.
        """
        try:
            pem = b"-----BEGIN" in data
            chain = x509.load_pem_x509_certificates(data) if pem else [x509.load_der_x509_certificate(data)]
            public = chain[0].public_key()
        except (ValueError, TypeError):
            raise ChangeRefused(400, "invalid_cert") from None
        held = next((each for each in self.all() if each.key.public_key() == public), None)
        if held is None:
            raise ChangeRefused(404, "key_not_found")
        if held.certificate == chain[0]:
            raise ChangeRefused(409, "certificate_already_exists")
        self._check_fit(held, chain)
        async with self._ledger.act(actor, "import certificate", digest_of(chain[0]).hex(), {"key": held.id}):
            return self._keys.import_certificate(data)

    def _check_fit(self, held: HeldKey, chain: list[x509.Certificate]) -> None:
        """It takes the place of the key's certificate, so that a useless one would stop the server."""
        try:
            configuration = self._configuration()
        except Refused as refused:
            raise ChangeRefused(503, refused.code) from None
        own, *above = [ParsedCertificate.of(each) for each in chain]
        signing = held.kind == "signing"
        try:
            (certificates.check_signing_usage if signing else certificates.check_authentication_usage)(own)
            path = certificates.chain(own, above, configuration, self._ledger.clock.now(), signing=signing)
            if signing and certificates.member_of(own, path.authority.profile, configuration.instance) != held.member:
                raise Refused("incorrect_certificate", "the certificate is another member's")
        except Refused as refused:
            raise ChangeRefused(400, "invalid_cert", refused.code, refused.message) from None

    async def set_active(self, actor: str, held: HeldKey, active: bool) -> None:
        """Take a certificate into use or out of it, on all nodes."""
        digest = _digest(held)
        action = "activate certificate" if active else "disable certificate"
        async with self._ledger.act(actor, action, digest.hex(), {"key": held.id}) as connection:
            await connection.execute(_SET.format(column="active"), digest, active)

    async def ask_registration(self, actor: str, held: HeldKey, address: str) -> None:
        """An authentication certificate's registration has been asked for; 409 for a certificate that signs."""
        if held.kind != "authentication":
            raise ChangeRefused(409, "sign_cert_not_supported")
        digest = _digest(held)
        async with self._ledger.act(actor, "register certificate", digest.hex(), {"address": address}) as connection:
            await connection.execute(_SET.format(column="registration_asked_at"), digest, self._ledger.clock.now())

    async def remove_certificate(self, actor: str, held: HeldKey) -> None:
        """Delete a certificate that was taken out of use before; 409 `certificate_in_use`."""
        digest = _digest(held)
        async with self._ledger.act(actor, "remove certificate of a key", digest.hex(), {"key": held.id}) as connection:
            await self._check_disabled(connection, digest)
            self._keys.remove_certificate(held)

    async def remove_key(self, actor: str, held: HeldKey) -> None:
        """Delete a key for good; 409 `certificate_in_use` while its certificate is in use."""
        async with self._ledger.act(actor, "remove key", held.id, {"kind": held.kind}) as connection:
            if held.certificate is not None:
                await self._check_disabled(connection, digest_of(held.certificate))
            self._keys.remove(held)

    @staticmethod
    async def _check_disabled(connection: Any, digest: bytes) -> None:
        if await connection.fetchval("SELECT active FROM token_certificate WHERE sha256 = $1", digest) is not False:
            raise ChangeRefused(409, "certificate_in_use")


def digest_of(certificate: x509.Certificate) -> bytes:
    """The SHA-256 that names a certificate."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


def _digest(held: HeldKey) -> bytes:
    if held.certificate is None:
        raise ChangeRefused(404, "certificate_not_found")
    return digest_of(held.certificate)
