"""That somebody is an account's holder, about one thing: by a passkey, or by passcode and device key together.

Nothing here raises for a proof that fails: what was counted and locked on its account has to be kept.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Final, Literal
from uuid import UUID

from ketnoi_pages.text import Text

from . import device_keys, passcodes, passkeys, records, rules
from .challenges import Challenge
from .records import Account, Cursor, tell

By = Literal["passkey", "device"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was signed, by which credential of which account: enough to judge it again later."""

    by: By
    account: UUID
    credential: str
    purpose: str
    at: datetime
    value: bytes
    nonce: bytes
    about_sha256: bytes
    signed: dict[str, str]

    def jsonable(self) -> dict[str, Any]:
        """The same as JSON has it; octets in base64url."""
        return {
            "by": self.by,
            "account": str(self.account),
            "credential": self.credential,
            "purpose": self.purpose,
            "at": self.at.isoformat(),
            "value": text(self.value),
            "nonce": text(self.nonce),
            "about_sha256": self.about_sha256.hex(),
            "signed": self.signed,
        }


@dataclass(frozen=True, slots=True)
class Denied:
    """No proof. `reason` tells a stranger nothing about anybody's account."""

    kind: Literal["unknown", "wrong", "empty", "unsigned", "locked", "stale"]
    reason: Text


STALE: Final = Denied("stale", Text("Trang này đã cũ. Hãy thử lại.", "This page was too old. Please try again."))
UNKNOWN: Final = Denied(
    "unknown",
    Text(
        "Khóa này không dùng được: đã bị gỡ hoặc không phải của tài khoản này.",
        "This key cannot be used: it was removed, or is not this account's.",
    ),
)
EMPTY: Final = Denied("empty", Text("Hãy nhập mật khẩu.", "Please type the passcode."))
"""A slip of the thumb: nothing was guessed, so nothing is counted."""
UNSIGNED: Final = Denied(
    "unsigned",
    Text(
        "Chưa làm được gì: trang chưa tải xong, hoặc trình duyệt đang chặn JavaScript. Hãy tải lại trang rồi làm lại.",
        "Nothing was done: the page had not loaded, or JavaScript is blocked. Load the page again and repeat it.",
    ),
)
_LOCKED: Final = Denied(
    "locked",
    Text(
        "Tài khoản đang khóa. Đến Công an cấp xã để mở khóa.",
        "The account is locked. Go to the commune police to have it unlocked.",
    ),
)


def by_passkey(
    cursor: Cursor,
    keys: passkeys.Passkeys,
    challenge: Challenge,
    value: bytes,
    nonce: bytes,
    response: str,
    at: datetime,
    account: UUID | None = None,
) -> Proof | Denied:
    """A response of `navigator.credentials.get` to a value just used up; by anybody, or by `account` alone.

    A lock for wrong passcodes ends with it: a passkey cannot be guessed.
    """
    try:
        passkey = passkeys.find(cursor, passkeys.credential_of(response), for_update=True)
        if passkey is None or account not in (None, passkey.account):
            return UNKNOWN
        count, signed = keys.used(value, response, passkey)
    except passkeys.PasskeyError:
        return UNKNOWN
    holder = records.by_id(cursor, passkey.account, for_update=True)
    assert holder is not None
    if holder.state == "locked" and holder.locked_until is None:
        return _LOCKED
    passkeys.note_use(cursor, passkey, count, at)
    _succeeded(cursor, holder, at)
    return Proof("passkey", holder.id, passkey.id, challenge.purpose, at, value, nonce, challenge.about_sha256, signed)


def by_device(
    cursor: Cursor,
    challenge: Challenge,
    value: bytes,
    nonce: bytes,
    device: str,
    signature: str,
    passcode: str,
    at: datetime,
    account: UUID | None = None,
) -> Proof | Denied:
    """A device key's signature over a value just used up, and the passcode.

    Without the signature no attempt is counted: a stranger without the device can neither guess nor lock anybody out.
    """
    if not signature:
        return UNSIGNED
    key = device_keys.find(cursor, device)
    if key is None or account not in (None, key.account):
        return UNKNOWN
    try:
        device_keys.check(key.public_key, value, device_keys.octets(signature))
    except device_keys.DeviceKeyError:
        return UNKNOWN
    holder = records.by_id(cursor, key.account, for_update=True)
    assert holder is not None
    if not rules.is_open(holder.state, holder.locked_until, at):
        return _locked(holder.locked_until, at)
    cursor.execute("SELECT passcode_hash FROM account WHERE id = %s", [str(holder.id)])
    if not passcode:
        return EMPTY
    if not passcodes.agrees(passcode, cursor.fetchone()[0]):
        return _failed(cursor, holder, device, at)
    device_keys.note_use(cursor, key, at)
    _succeeded(cursor, holder, at)
    told = {"signature": signature}
    return Proof("device", holder.id, str(key.id), challenge.purpose, at, value, nonce, challenge.about_sha256, told)


def _succeeded(cursor: Cursor, holder: Account, at: datetime) -> None:
    if holder.wrong_attempts or holder.state == "locked":
        cursor.execute(
            "UPDATE account SET wrong_attempts = 0, state = 'active', locked_until = NULL WHERE id = %s",
            [str(holder.id)],
        )
    if holder.state == "locked":
        tell(cursor, holder.id, at, "unlocked", records.SYSTEM, because="lock_ended_or_passkey")


def _failed(cursor: Cursor, holder: Account, device: str, at: datetime) -> Denied:
    wrong = holder.wrong_attempts + 1
    locks, until = rules.lock_after(wrong, at)
    cursor.execute(
        "UPDATE account SET wrong_attempts = %s, state = CASE WHEN %s THEN 'locked' ELSE 'active' END,"
        " locked_until = %s WHERE id = %s",
        [wrong, locks, until, str(holder.id)],
    )
    tell(cursor, holder.id, at, "wrong_passcode", device, count=wrong)
    if locks:
        tell(cursor, holder.id, at, "locked", records.SYSTEM, because="wrong_passcodes", until=str(until or ""))
        return _locked(until, at)
    left = rules.ATTEMPTS - wrong % rules.ATTEMPTS
    return Denied(
        "wrong",
        Text(
            f"Mật khẩu không đúng. Còn {left} lần trước khi tài khoản bị khóa.",
            f"Wrong passcode. {left} more before the account is locked.",
        ),
    )


def _locked(until: datetime | None, at: datetime) -> Denied:
    if until is None:
        return _LOCKED
    minutes = ceil((until - at).total_seconds() / 60)
    return Denied(
        "locked",
        Text(
            f"Tài khoản tạm khóa vì nhập sai nhiều lần. Thử lại sau {minutes} phút, hoặc dùng khóa truy cập.",
            f"The account is locked after too many wrong passcodes. Try again in {minutes} minutes, or use a passkey.",
        ),
    )


def text(value: bytes) -> str:
    """Octets in base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
