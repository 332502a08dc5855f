"""A device's own P-256 key, made by its browser so that it cannot be taken out, which signs beside the passcode."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .records import Cursor, tell

MOST: Final = 10
_LONGEST: Final = 200
_COLUMNS: Final = "id, account, public_key, name, added_at, last_used_at"


class DeviceKeyError(Exception):
    """No key of the kind that is taken, or no signature by it."""


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """One device's key of an account."""

    id: UUID
    account: UUID
    public_key: bytes
    name: str
    added_at: datetime
    last_used_at: datetime | None


def octets(text: str) -> bytes:
    """base64url without padding, as the site's script writes. Raises DeviceKeyError."""
    if len(text) > _LONGEST:
        raise DeviceKeyError("too long")
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise DeviceKeyError("not base64url") from None


def check(public_key: bytes, value: bytes, signature: bytes) -> None:
    """That this is a P-256 key which has signed `value` (ECDSA, SHA-256, r and s). Raises DeviceKeyError."""
    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        raise DeviceKeyError("not a key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DeviceKeyError("not a key of P-256")
    if len(signature) != 64:
        raise DeviceKeyError("not a signature of P-256")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), value, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise DeviceKeyError("not signed by this key") from None


def find(cursor: Cursor, device: str) -> DeviceKey | None:
    """The key with this id, unless it was removed."""
    try:
        named = UUID(device)
    except ValueError:
        return None
    cursor.execute(f"SELECT {_COLUMNS} FROM device_key WHERE id = %s AND removed_at IS NULL", [str(named)])  # noqa: S608
    row = cursor.fetchone()
    return _device(row) if row else None


def all_of(cursor: Cursor, account: UUID) -> list[DeviceKey]:
    """The device keys of an account, the oldest first."""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM device_key WHERE account = %s AND removed_at IS NULL ORDER BY added_at, id",  # noqa: S608
        [str(account)],
    )
    return [_device(row) for row in cursor.fetchall()]


def add(
    cursor: Cursor, account: UUID, device: UUID, public_key: bytes, name: str, at: datetime, by_whom: UUID | str
) -> UUID:
    """Take a key that has been checked, under an id of the device's choice; that id.

    Raises DeviceKeyError when there are too many, or the id is another key's.
    """
    if len(all_of(cursor, account)) >= MOST:
        raise DeviceKeyError("too many")
    cursor.execute(
        "INSERT INTO device_key (id, account, public_key, name, added_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [str(device), str(account), public_key, name, at],
    )
    if cursor.rowcount != 1:
        raise DeviceKeyError("known already")
    tell(cursor, account, at, "device_added", by_whom, key=str(device), name=name)
    return device


def note_use(cursor: Cursor, device: DeviceKey, at: datetime) -> None:
    """Keep the moment of a use."""
    cursor.execute("UPDATE device_key SET last_used_at = %s WHERE id = %s", [at, str(device.id)])


def remove(cursor: Cursor, account: UUID, device: str, at: datetime, by_whom: UUID | str) -> bool:
    """Take a device out of an account; False when it has none such."""
    found = find(cursor, device)
    if found is None or found.account != account:
        return False
    cursor.execute("UPDATE device_key SET removed_at = %s WHERE id = %s", [at, str(found.id)])
    tell(cursor, account, at, "device_removed", by_whom, key=device, name=found.name)
    return True


def _device(row: Any) -> DeviceKey:
    device, account, public_key, *others = row
    return DeviceKey(device, account, bytes(public_key), *others)
