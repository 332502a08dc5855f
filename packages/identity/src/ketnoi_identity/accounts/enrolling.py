"""Taking a new key: a passkey, or a passcode with the key of the device in hand. One form for every way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest

from ketnoi_identity.site.session import binding
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from . import challenges, changing, device_keys, passkeys, proofs, rules
from .agents import device_name
from .challenges import Challenge
from .proving import keys, take
from .records import Cursor

_BAD_KEY = Text("Khóa vừa tạo không dùng được. Hãy thử lại.", "The key that was made cannot be used. Please try again.")
_TOO_OLD = Text("Trang này đã cũ. Hãy thử lại.", "This page was too old. Please try again.")
_FIELDS = (("passcode", Text("Mật khẩu", "Passcode")), ("again", Text("Nhập lại mật khẩu", "The passcode again")))
_DIFFERENT = Text("Hai lần nhập mật khẩu không giống nhau.", "The two passcodes differ.")


class NotEnrolled(Exception):  # noqa: N818
    """Nothing was taken. `reason` is for the reader; `field` is the field it is about, or nothing."""

    def __init__(self, reason: Text, field: str = "") -> None:
        super().__init__(reason.en)
        self.reason, self.field = reason, field


@dataclass(frozen=True, slots=True)
class Holder:
    """For whom a key is made."""

    account: UUID
    name: str
    personal_number: str
    birth: str


@dataclass(frozen=True, slots=True, repr=False)
class NewKey:
    """A key that has proved itself, not yet taken into an account."""

    made: tuple[bytes, bytes, int] | None
    device: UUID | None
    public_key: bytes
    passcode: str
    name: str


def offer(request: HttpRequest, holder: Holder, purpose: str, wrong: dict[str, Text] | None = None) -> dict[str, Any]:
    """What `accounts/enrol.html` needs, under the name `offer`; `wrong` is what was refused before, by field."""
    told = wrong or {}
    with transaction.atomic(), connection.cursor() as cursor:
        challenge = _challenge(holder, purpose)
        value = challenges.issue(cursor, binding(request), challenge, clock.now())
        known = passkeys.all_of(cursor, holder.account)
    return {
        "value": proofs.text(value),
        "passkey_options": keys().to_make(value, holder.account, holder.name, known),
        "holder": holder.name,
        "shortest": rules.SHORTEST,
        "longest": rules.LONGEST,
        "wrong": told.get(""),
        "fields": [{"name": name, "label": label, "error": told.get(name)} for name, label in _FIELDS],
    }


def receive(request: HttpRequest, holder: Holder, purpose: str) -> NewKey:
    """The key that a form brings. Raises NotEnrolled."""
    told = request.POST
    taken = take(request, _challenge(holder, purpose))
    if taken is None:
        raise NotEnrolled(_TOO_OLD)
    value, name = taken[0], device_name(request)
    if told.get("credential"):
        try:
            return NewKey(keys().made(value, told["credential"]), None, b"", "", name)
        except passkeys.PasskeyError:
            raise NotEnrolled(_BAD_KEY) from None
    if not told.get("signature"):
        raise NotEnrolled(proofs.UNSIGNED.reason)
    passcode = told.get("passcode", "")
    wrong = rules.against_passcode(passcode, personal_number=holder.personal_number, birth=holder.birth)
    if wrong is not None:
        raise NotEnrolled(wrong, "passcode")
    if passcode != told.get("again", ""):
        raise NotEnrolled(_DIFFERENT, "again")
    try:
        public_key = device_keys.octets(told.get("public_key", ""))
        device_keys.check(public_key, value, device_keys.octets(told.get("signature", "")))
        device = UUID(told.get("device", ""))
    except (device_keys.DeviceKeyError, ValueError):
        raise NotEnrolled(_BAD_KEY) from None
    return NewKey(None, device, public_key, passcode, name)


def keep(cursor: Cursor, account: UUID, key: NewKey, by_whom: UUID | str) -> tuple[proofs.By, str]:
    """Take the key into an account: how it is entered by it, and the key's id. Raises NotEnrolled."""
    at = clock.now()
    try:
        if key.made is not None:
            return "passkey", passkeys.add(cursor, account, key.made, key.name, at, by_whom)
        assert key.device is not None
        device = device_keys.add(cursor, account, key.device, key.public_key, key.name, at, by_whom)
    except (passkeys.PasskeyError, device_keys.DeviceKeyError):
        raise NotEnrolled(_BAD_KEY) from None
    changing.set_passcode(cursor, account, key.passcode, at, by_whom)
    return "device", str(device)


def _challenge(holder: Holder, purpose: str) -> Challenge:
    return Challenge(purpose, holder.account.bytes)
