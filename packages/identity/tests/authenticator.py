"""A phone that keeps passkeys, in software: what it answers can be bent in every way."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from .people import text

_PRESENT, _VERIFIED, _HAS_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey for one site. Whoever changes a field gets an answer that is wrong in that."""

    origin: str
    host: str = "localhost"
    count: int = 0
    verified: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def _flags(self) -> int:
        return _PRESENT | (_VERIFIED if self.verified else 0)

    def _client_data(self, kind: str, value: str) -> bytes:
        told = {"type": kind, "challenge": value, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        told: dict[str, Any] = {"id": text(self.id), "rawId": text(self.id), "type": "public-key"}
        told |= {"response": {name: text(octets) for name, octets in response.items()}, "clientExtensionResults": {}}
        return json.dumps(told)

    def make(self, value: str) -> str:
        """What `navigator.credentials.create` would give, as the site's script sends it."""
        data = AttestedCredentialData.create(bytes(16), self.id, ES256.from_cryptography_key(self.key.public_key()))
        told = AuthenticatorData.create(self._host(), self._flags() | _HAS_KEY, self.count, bytes(data))
        client_data = self._client_data("webauthn.create", value)
        attested = AttestationObject.create("none", told, {})
        return self._answer({"clientDataJSON": client_data, "attestationObject": bytes(attested)})

    def use(self, value: str) -> str:
        """What `navigator.credentials.get` would give."""
        self.count += 1
        told = AuthenticatorData.create(self._host(), self._flags(), self.count)
        client_data = self._client_data("webauthn.get", value)
        signature = self.key.sign(bytes(told) + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._answer({"clientDataJSON": client_data, "authenticatorData": bytes(told), "signature": signature})

    def _host(self) -> bytes:
        return hashlib.sha256(self.host.encode()).digest()
