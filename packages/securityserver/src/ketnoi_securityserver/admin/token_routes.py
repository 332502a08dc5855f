"""Keys and certificates of our own: one software token, as X-Road shows it."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.identifiers import InvalidIdentifier, MemberId
from ketnoi_securityserver.admin.bodies import CertificateRequestGenerate, KeyWithRequest, RegistrationAddress
from ketnoi_securityserver.admin.routing import KEYS, SECURITY, Asked, Route
from ketnoi_securityserver.admin.views import Views, certificate_details
from ketnoi_securityserver.credentials import Credentials
from ketnoi_securityserver.credentials.keys import HeldKey, KeyType
from ketnoi_securityserver.serverconf.ledger import ChangeRefused
from ketnoi_securityserver.serverconf.own_keys import OwnKeys, digest_of

TOKEN = "0"  # noqa: S105
_KEY_TYPES: dict[str, KeyType] = {"EC": "p256", "RSA": "rsa2048"}
_USAGE = {"authentication": "AUTHENTICATION", "signing": "SIGNING"}


class TokenRoutes:
    """/tokens, /keys and /token-certificates."""

    def __init__(self, own_keys: OwnKeys, credentials: Credentials, views: Views) -> None:
        self._own_keys = own_keys
        self._credentials = credentials
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/tokens", None, self._all),
            Route("GET", "/tokens/{id}", None, self._one),
            Route("POST", "/tokens/{id}/keys-with-csrs", KEYS, self._make_key),
            Route("GET", "/keys/{id}", None, self._key),
            Route("DELETE", "/keys/{id}", SECURITY, self._remove_key),
            Route("POST", "/keys/{id}/csrs", KEYS, self._make_request),
            Route("GET", "/keys/{id}/csrs/{csr_id}", KEYS, self._request),
            Route("POST", "/token-certificates", KEYS, self._import),
            Route("GET", "/token-certificates/{hash}", None, self._certificate),
            Route("DELETE", "/token-certificates/{hash}", SECURITY, self._remove_certificate),
            Route("PUT", "/token-certificates/{hash}/activate", KEYS, self._activate),
            Route("PUT", "/token-certificates/{hash}/disable", KEYS, self._disable),
            Route("PUT", "/token-certificates/{hash}/register", KEYS, self._register),
        ]

    async def _all(self, asked: Asked) -> tuple[int, Any]:
        return 200, [await self._token()]

    async def _one(self, asked: Asked) -> tuple[int, Any]:
        _check_token(asked)
        return 200, await self._token()

    async def _make_key(self, asked: Asked) -> tuple[int, Any]:
        _check_token(asked)
        body = asked.body(KeyWithRequest)
        wanted = body.csr_generate_request
        member = _member(wanted.member_id) if wanted.key_usage_type == "SIGNING" else None
        key_type = _KEY_TYPES[body.key_algorithm] if body.key_algorithm is not None else None
        held = await self._own_keys.make_key(asked.actor, member, *_subject(wanted), key_type)
        return 201, {"key": await self._shown(held), "csr_id": held.id}

    async def _key(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._shown(self._own_keys.key(asked.path["id"]))

    async def _remove_key(self, asked: Asked) -> tuple[int, Any]:
        await self._own_keys.remove_key(asked.actor, self._own_keys.key(asked.path["id"]))
        await self._credentials.refresh()
        return 204, None

    async def _make_request(self, asked: Asked) -> tuple[int, Any]:
        held = self._own_keys.key(asked.path["id"])
        wanted = asked.body(CertificateRequestGenerate)
        if wanted.key_usage_type != _USAGE[held.kind]:
            raise ChangeRefused(400, "wrong_key_usage")
        await self._own_keys.make_request(asked.actor, held, *_subject(wanted))
        return 201, _request_of(self._own_keys.key(held.id), wanted.csr_format)

    async def _request(self, asked: Asked) -> tuple[int, Any]:
        held = self._own_keys.key(asked.path["id"])
        if asked.path["csr_id"].lower() != held.id:
            raise ChangeRefused(404, "csr_not_found")
        return 200, _request_of(held, asked.query.get("csr_format", "PEM"))

    async def _import(self, asked: Asked) -> tuple[int, Any]:
        held = await self._own_keys.import_certificate(asked.actor, asked.data)
        await self._credentials.refresh()
        return 201, await self._shown_certificate(held)

    async def _certificate(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._shown_certificate(self._own_keys.certificate(asked.path["hash"]))

    async def _remove_certificate(self, asked: Asked) -> tuple[int, Any]:
        await self._own_keys.remove_certificate(asked.actor, self._own_keys.certificate(asked.path["hash"]))
        await self._credentials.refresh()
        return 204, None

    async def _activate(self, asked: Asked) -> tuple[int, Any]:
        return await self._set_active(asked, True)

    async def _disable(self, asked: Asked) -> tuple[int, Any]:
        return await self._set_active(asked, False)

    async def _set_active(self, asked: Asked, active: bool) -> tuple[int, Any]:
        await self._own_keys.set_active(asked.actor, self._own_keys.certificate(asked.path["hash"]), active)
        await self._credentials.refresh()
        return 204, None

    async def _register(self, asked: Asked) -> tuple[int, Any]:
        address = asked.body(RegistrationAddress).address
        held = self._own_keys.certificate(asked.path["hash"])
        await self._own_keys.ask_registration(asked.actor, held, address)
        return 204, None

    # What is shown

    async def _token(self) -> dict[str, Any]:
        return {
            "id": TOKEN,
            "name": "softToken-0",
            "type": "SOFTWARE",
            "status": "OK",
            "logged_in": True,
            "available": True,
            "saved_to_configuration": True,
            "read_only": False,
            "keys": [await self._shown(each) for each in self._own_keys.all()],
        }

    async def _shown(self, held: HeldKey) -> dict[str, Any]:
        requests = [] if held.request is None else [{"id": held.id, "owner_id": _owner(held)}]
        return {
            "id": held.id,
            "name": held.folder.name,
            "label": held.folder.name,
            "usage": _USAGE[held.kind],
            "available": True,
            "saved_to_configuration": True,
            "certificates": [] if held.certificate is None else [await self._shown_certificate(held)],
            "certificate_signing_requests": requests,
        }

    async def _shown_certificate(self, held: HeldKey) -> dict[str, Any]:
        assert held.certificate is not None
        der = held.certificate.public_bytes(Encoding.DER)
        decided = await self._views.token_certificate(digest_of(held.certificate))
        proof, problem = self._credentials.standing(der)
        good = proof is not None and proof.window is not None
        return {
            "ocsp_status": "OCSP_RESPONSE_GOOD" if good else "OCSP_RESPONSE_UNKNOWN",
            "owner_id": _owner(held),
            "active": decided.active,
            "saved_to_configuration": True,
            "status": self._status(held, der, decided.registration_asked),
            "certificate_details": certificate_details(held.certificate),
            "problem": problem,
        }

    def _status(self, held: HeldKey, der: bytes, registration_asked: bool) -> str:
        configuration = self._views.current()
        if held.kind == "signing":
            return "REGISTERED"
        if configuration is not None and configuration.server_by_authentication_certificate(der) is not None:
            return "REGISTERED"
        return "REGISTRATION_IN_PROGRESS" if registration_asked else "SAVED"


def _owner(held: HeldKey) -> str | None:
    return str(held.member) if held.member is not None else None


def _check_token(asked: Asked) -> None:
    if asked.path["id"] != TOKEN:
        raise ChangeRefused(404, "token_not_found")


def _member(text: str) -> MemberId:
    try:
        return MemberId.from_colon(text)
    except InvalidIdentifier:
        raise ChangeRefused(400, "invalid_member_id") from None


def _subject(wanted: CertificateRequestGenerate) -> tuple[str, str]:
    """Organisation and host of the subject; the rest of it follows from the profile."""
    organisation, host = (wanted.subject_field_values.get(name, "").strip() for name in ("O", "CN"))
    if not organisation or (wanted.key_usage_type == "AUTHENTICATION" and not host):
        raise ChangeRefused(400, "invalid_distinguished_name", "subject_field_values")
    return organisation, host


def _request_of(held: HeldKey, form: str) -> bytes:
    if held.request is None:
        raise ChangeRefused(404, "csr_not_found")
    if form == "DER":
        return held.request
    return x509.load_der_x509_csr(held.request).public_bytes(Encoding.PEM)
