"""Passkeys (WebAuthn) by the library `fido2`: discoverable, with the person verified by the device."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from .records import Cursor, tell

ALGORITHMS: Final = (-7, -8, -257)
"""ES256, EdDSA, RS256."""

MOST: Final = 10
_REQUIRED: Final = UserVerificationRequirement.REQUIRED
_LONGEST: Final = 16_384


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of an account."""

    credential_id: bytes
    account: UUID
    public_key: bytes
    sign_count: int
    name: str
    added_at: datetime
    last_used_at: datetime | None

    @property
    def id(self) -> str:
        """The credential's id as addresses and events have it."""
        return websafe_encode(self.credential_id)


class PasskeyError(Exception):
    """A response that proves nothing. Why is for the log alone."""


_COLUMNS = "credential_id, account, public_key, sign_count, name, added_at, last_used_at"


class Passkeys:
    """Passkeys of the site at `base_url`: they count under this origin alone."""

    def __init__(self, base_url: str) -> None:
        at = urlsplit(base_url)
        origin = f"{at.scheme}://{at.netloc}"
        party = PublicKeyCredentialRpEntity(id=at.hostname or "localhost", name="Định danh điện tử")
        self._server = Fido2Server(party, verify_origin=lambda told: told == origin)
        self._server.allowed_algorithms = [
            each for each in self._server.allowed_algorithms if int(each.alg) in ALGORITHMS
        ]

    def to_make(self, value: bytes, account: UUID, name: str, known: list[Passkey]) -> str:
        """JSON for `navigator.credentials.create`. `name` is what the device shows its owner."""
        user = PublicKeyCredentialUserEntity(id=account.bytes, name=name, display_name=name)
        options, _ = self._server.register_begin(
            user,
            [_data(each) for each in known],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=_REQUIRED,
            challenge=value,
        )
        return json.dumps(dict(options.public_key))

    def to_use(self, value: bytes, known: list[Passkey] | None = None) -> str:
        """JSON for `navigator.credentials.get`: any passkey of the site, or one of those `known`."""
        options, _ = self._server.authenticate_begin(
            [_data(each) for each in known] if known else None, user_verification=_REQUIRED, challenge=value
        )
        return json.dumps(dict(options.public_key))

    def made(self, value: bytes, response: str) -> tuple[bytes, bytes, int]:
        """What a browser made: credential id, public key (COSE), sign count. Raises PasskeyError."""
        try:
            told = self._server.register_complete(_state(value), _read(response))
            data = told.credential_data
            assert data is not None
            if data.public_key.get(3) not in ALGORITHMS:
                raise PasskeyError("an algorithm that was not asked for")
            return bytes(data.credential_id), cbor.encode(dict(data.public_key)), told.counter
        except PasskeyError:
            raise
        except Exception as error:
            # The library meets octets of strangers here and fails in many ways; each proves nothing.
            raise PasskeyError(type(error).__name__) from None

    def used(self, value: bytes, response: str, passkey: Passkey) -> tuple[int, dict[str, str]]:
        """The sign count, and what was signed, of a response by this passkey. Raises PasskeyError."""
        try:
            told = AuthenticationResponse.from_dict(_read(response))
            self._server.authenticate_complete(_state(value), [_data(passkey)], told)
        except Exception as error:
            raise PasskeyError(type(error).__name__) from None
        count = told.response.authenticator_data.counter
        if passkey.sign_count and count <= passkey.sign_count:
            raise PasskeyError("its counter went back: there may be a copy of it")
        return count, {
            "client_data": websafe_encode(bytes(told.response.client_data)),
            "authenticator_data": websafe_encode(bytes(told.response.authenticator_data)),
            "signature": websafe_encode(told.response.signature),
        }


def credential_of(response: str) -> bytes:
    """Whose credential a response says to be of. Raises PasskeyError."""
    try:
        return websafe_decode(str(_read(response)["rawId"]))
    except PasskeyError:
        raise
    except Exception as error:
        raise PasskeyError(type(error).__name__) from None


def find(cursor: Cursor, credential_id: bytes, *, for_update: bool = False) -> Passkey | None:
    """The passkey with this id, unless it was removed."""
    lock = " FOR UPDATE" if for_update else ""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM passkey WHERE credential_id = %s AND removed_at IS NULL{lock}",  # noqa: S608
        [credential_id],
    )
    row = cursor.fetchone()
    return _passkey(row) if row else None


def all_of(cursor: Cursor, account: UUID) -> list[Passkey]:
    """The passkeys of an account, the oldest first."""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM passkey WHERE account = %s AND removed_at IS NULL ORDER BY added_at, credential_id",  # noqa: S608
        [str(account)],
    )
    return [_passkey(row) for row in cursor.fetchall()]


def add(
    cursor: Cursor, account: UUID, made: tuple[bytes, bytes, int], name: str, at: datetime, by_whom: UUID | str
) -> str:
    """Take a new passkey; its id. Raises PasskeyError for one that is known, or when there are too many."""
    credential_id, public_key, count = made
    if len(all_of(cursor, account)) >= MOST:
        raise PasskeyError("too many")
    cursor.execute(
        "INSERT INTO passkey (credential_id, account, public_key, sign_count, name, added_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [credential_id, str(account), public_key, count, name, at],
    )
    if cursor.rowcount != 1:
        raise PasskeyError("known already")
    told = websafe_encode(credential_id)
    tell(cursor, account, at, "passkey_added", by_whom, credential=told, name=name)
    return told


def note_use(cursor: Cursor, passkey: Passkey, count: int, at: datetime) -> None:
    """Keep the sign count and the moment of a use."""
    cursor.execute(
        "UPDATE passkey SET sign_count = %s, last_used_at = %s WHERE credential_id = %s",
        [count, at, passkey.credential_id],
    )


def remove(cursor: Cursor, account: UUID, credential: str, at: datetime, by_whom: UUID | str) -> bool:
    """Take a passkey out of an account; False when it has none such."""
    try:
        credential_id = websafe_decode(credential)
    except ValueError:
        return False
    cursor.execute(
        "UPDATE passkey SET removed_at = %s WHERE credential_id = %s AND account = %s AND removed_at IS NULL",
        [at, credential_id, str(account)],
    )
    if cursor.rowcount != 1:
        return False
    tell(cursor, account, at, "passkey_removed", by_whom, credential=credential)
    return True


def _passkey(row: Any) -> Passkey:
    credential_id, account, public_key, *others = row
    return Passkey(bytes(credential_id), account, bytes(public_key), *others)


def _data(passkey: Passkey) -> AttestedCredentialData:
    key = CoseKey.parse(cast("dict[int, Any]", cbor.decode(passkey.public_key)))
    return AttestedCredentialData.create(bytes(16), passkey.credential_id, key)


def _state(value: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(value), "user_verification": _REQUIRED}


def _read(response: str) -> Mapping[str, Any]:
    if len(response) > _LONGEST:
        raise PasskeyError("too long")
    told = json.loads(response)
    if not isinstance(told, dict):
        raise PasskeyError("no object")
    return told
