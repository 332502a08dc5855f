"""Asking whoever is there to prove who they are, about one thing, and judging what they send.

A page calls `ask` when it is shown, puts `accounts/prove.html` into its form, and calls `reprove` when that is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest

from ketnoi_identity.settings import current
from ketnoi_identity.site.session import account_of, binding
from ketnoi_pages import clock

from . import challenges, device_keys, passkeys, proofs
from .challenges import Challenge
from .proofs import Denied, Proof

__all__ = ["Asking", "Challenge", "NotProved", "Proof", "ask", "prove", "reprove"]


class NotProved(Exception):  # noqa: N818
    """No proof came. `reason` is for the reader."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.kind)
        self.kind, self.reason = denied.kind, denied.reason


@dataclass(frozen=True, slots=True)
class Asking:
    """What `accounts/prove.html` needs, under the name `asking`."""

    value: str
    passkey_options: str
    passkeys: bool
    devices: bool
    device_ids: str


@cache
def keys() -> passkeys.Passkeys:
    """Passkeys of this site."""
    return passkeys.Passkeys(current().base_url)


def ask(request: HttpRequest, challenge: Challenge) -> Asking:
    """Ask whoever has signed in, or anybody who has not; the value counts for this browser, once, for minutes."""
    account = getattr(request, "account", None)
    with transaction.atomic(), connection.cursor() as cursor:
        value = challenges.issue(cursor, binding(request), challenge, clock.now())
        known = passkeys.all_of(cursor, account.id) if account else []
        devices = device_keys.all_of(cursor, account.id) if account else []
    return Asking(
        proofs.text(value),
        keys().to_use(value, known),
        passkeys=account is None or bool(known),
        devices=account is None or bool(devices),
        device_ids=" ".join(str(each.id) for each in devices),
    )


def reprove(request: HttpRequest, challenge: Challenge) -> Proof:
    """The proof that a form brings, by the account that has signed in. Raises NotProved.

    Not within a transaction: what failed has been counted, whatever the caller does then.
    """
    return prove(request, challenge, account_of(request).id)


def prove(request: HttpRequest, challenge: Challenge, account: UUID | None = None) -> Proof:
    """The same by anybody, for signing in. Raises NotProved."""
    value = take(request, challenge)
    if value is None:
        raise NotProved(proofs.STALE)
    octets, nonce = value
    told, at = request.POST, clock.now()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        if told.get("credential"):
            found = proofs.by_passkey(cursor, keys(), challenge, octets, nonce, told["credential"], at, account)
        else:
            found = proofs.by_device(
                cursor,
                challenge,
                octets,
                nonce,
                told.get("device", ""),
                told.get("signature", ""),
                told.get("passcode", ""),
                at,
                account,
            )
    if isinstance(found, Denied):
        raise NotProved(found)
    return found


def take(request: HttpRequest, challenge: Challenge) -> tuple[bytes, bytes] | None:
    """Use up the value that a form names: it and its nonce; None for one that was not asked, or is too old."""
    try:
        value = device_keys.octets(request.POST.get("value", ""))
    except device_keys.DeviceKeyError:
        return None
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        nonce = challenges.take(cursor, binding(request), challenge, value, clock.now())
    return None if nonce is None else (value, nonce)
