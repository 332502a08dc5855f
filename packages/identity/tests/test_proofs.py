"""Proofs by passkey and by passcode, over a real database: what counts, and every way in which one does not."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ketnoi_identity.accounts import challenges, changing, device_keys, passkeys, proofs, records
from ketnoi_identity.accounts.challenges import Challenge
from ketnoi_identity.accounts.passkeys import Passkeys
from ketnoi_identity.accounts.proofs import Denied, Proof

from .authenticator import Authenticator
from .people import Phone, text

URL = "https://dinhdanh.example"
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
AGREE = Challenge("consent", b"what was shown")
BROWSER = "the secret of one browser"
PASSCODE = "407193"


class Holder:
    """An account with a passkey and a phone."""

    def __init__(self, connection: psycopg.Connection[Any], number: str) -> None:
        self.connection, self.cursor = connection, connection.cursor()
        self.id, self.keys = uuid4(), Passkeys(URL)
        self.passkey, self.phone = Authenticator(URL, "dinhdanh.example"), Phone()
        self.cursor.execute(
            "INSERT INTO account (id, personal_number, full_name, birth_text, level, state, sessions_after, created_at)"
            " VALUES (%s, %s, 'Nguyễn Văn An', '1989-03-02', 1, 'active', %s, %s)",
            [self.id, number, AT, AT],
        )
        value = secrets.token_bytes(32)
        made = self.keys.made(value, self.passkey.make(text(value)))
        passkeys.add(self.cursor, self.id, made, "phone", AT, self.id)
        device_keys.add(self.cursor, self.id, UUID(self.phone.id), self.phone.public_key, "phone", AT, self.id)
        changing.set_passcode(self.cursor, self.id, PASSCODE, AT, self.id)

    @property
    def account(self) -> records.Account:
        found = records.by_id(self.cursor, self.id)
        assert found is not None
        return found

    def asked(self, challenge: Challenge = AGREE, at: datetime = AT) -> tuple[bytes, bytes]:
        """A value and its nonce, used up."""
        value = challenges.issue(self.cursor, BROWSER, challenge, at)
        nonce = challenges.take(self.cursor, BROWSER, challenge, value, at)
        assert nonce is not None
        return value, nonce

    def by_passkey(self, at: datetime = AT, account: UUID | None = None, **changes: Any) -> Proof | Denied:
        value, nonce = self.asked(at=at)
        response = dataclasses.replace(self.passkey, **changes).use(text(value))
        self.passkey.count += 1
        return proofs.by_passkey(self.cursor, self.keys, AGREE, value, nonce, response, at, account)

    def by_device(
        self, passcode: str = PASSCODE, at: datetime = AT, account: UUID | None = None, phone: Phone | None = None
    ) -> Proof | Denied:
        value, nonce = self.asked(at=at)
        signature = text((phone or self.phone).sign(value))
        return proofs.by_device(self.cursor, AGREE, value, nonce, self.phone.id, signature, passcode, at, account)


@pytest.fixture
def an(connection: psycopg.Connection[Any]) -> Holder:
    return Holder(connection, "990089000001")


def test_a_passkey_proves_and_what_was_signed_is_kept(an: Holder) -> None:
    proof = an.by_passkey(account=an.id)
    assert isinstance(proof, Proof)
    told = proof.jsonable()
    assert (told["by"], told["account"], told["purpose"]) == ("passkey", str(an.id), "consent")
    assert told["about_sha256"] == AGREE.about_sha256.hex()
    # Whoever keeps it can judge it again: the value follows from what was shown and the nonce.
    assert AGREE.value(proof.nonce) == proof.value
    key = passkeys.find(an.cursor, an.passkey.id)
    assert key is not None
    assert key.sign_count == an.passkey.count


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://dinhdanh.example"},
        {"host": "evil.example"},
        {"verified": False},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"id": b"nobody's passkey"},
    ],
    ids=lambda changes: str(next(iter(changes))),
)
def test_a_forged_passkey_proves_nothing(an: Holder, changes: dict[str, Any]) -> None:
    assert an.by_passkey(**changes) == proofs.UNKNOWN


def test_a_passkey_of_another_account_proves_nothing_here(an: Holder, connection: psycopg.Connection[Any]) -> None:
    binh = Holder(connection, "990190000003")
    assert an.by_passkey(account=binh.id) == proofs.UNKNOWN
    assert an.by_device(account=binh.id) == proofs.UNKNOWN


def test_a_response_to_another_value_proves_nothing(an: Holder) -> None:
    earlier, _ = an.asked()
    value, nonce = an.asked()
    response = an.passkey.use(text(earlier))
    assert proofs.by_passkey(an.cursor, an.keys, AGREE, value, nonce, response, AT) == proofs.UNKNOWN


def test_a_copied_passkey_shows_by_its_counter(an: Holder) -> None:
    copy = dataclasses.replace(an.passkey)
    for _ in range(2):
        assert isinstance(an.by_passkey(), Proof)
    value, nonce = an.asked()
    assert proofs.by_passkey(an.cursor, an.keys, AGREE, value, nonce, copy.use(text(value)), AT) == proofs.UNKNOWN


@pytest.mark.parametrize("response", ["", "{", "[]", "{}", '{"rawId": 7}', '{"rawId": "AA"}', "x" * 20_000])
def test_what_is_no_response_proves_nothing(an: Holder, response: str) -> None:
    value, nonce = an.asked()
    assert proofs.by_passkey(an.cursor, an.keys, AGREE, value, nonce, response, AT) == proofs.UNKNOWN


def test_a_removed_key_proves_nothing(an: Holder) -> None:
    assert passkeys.remove(an.cursor, an.id, passkeys.all_of(an.cursor, an.id)[0].id, AT, an.id)
    assert device_keys.remove(an.cursor, an.id, an.phone.id, AT, an.id)
    assert an.by_passkey() == proofs.UNKNOWN
    assert an.by_device() == proofs.UNKNOWN


def test_the_passcode_counts_beside_the_phones_key_alone(an: Holder) -> None:
    assert isinstance(an.by_device(), Proof)
    assert an.by_device(phone=Phone()) == proofs.UNKNOWN
    assert an.account.wrong_attempts == 0
    wrong = an.by_device("590314")
    assert isinstance(wrong, Denied)
    assert (wrong.kind, an.account.wrong_attempts) == ("wrong", 1)
    assert isinstance(an.by_device(), Proof)
    assert an.account.wrong_attempts == 0


def fail(an: Holder, times: int, at: datetime) -> Proof | Denied:
    told: Proof | Denied = proofs.UNKNOWN
    for _ in range(times):
        told = an.by_device("590314", at)
    return told


def test_repeated_locks_last_longer_until_a_desk_has_to_unlock(an: Holder) -> None:
    at = AT
    for lasts in (timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)):
        fail(an, 5, at)
        assert an.account.locked_until == at + lasts
        inside = an.by_device(at=at + lasts - timedelta(seconds=1))
        assert isinstance(inside, Denied)
        assert inside.kind == "locked"
        at += lasts
    fail(an, 5, at)
    assert (an.account.state, an.account.locked_until) == ("locked", None)
    assert isinstance(an.by_device(at=at + timedelta(days=400)), Denied)
    assert isinstance(an.by_passkey(at=at + timedelta(days=400)), Denied)
    assert changing.unlock(an.cursor, an.id, at, "desk")
    assert isinstance(an.by_device(at=at), Proof)


def test_a_passkey_ends_a_lock_for_wrong_passcodes_and_no_other(an: Holder) -> None:
    fail(an, 5, AT)
    assert isinstance(an.by_passkey(), Proof)
    assert (an.account.state, an.account.wrong_attempts) == ("active", 0)
    changing.lock(an.cursor, an.id, AT, an.id, "by_oneself")
    told = an.by_passkey()
    assert isinstance(told, Denied)
    assert told.kind == "locked"


def test_a_challenge_is_taken_once_by_its_browser_for_its_matter(an: Holder) -> None:
    def issue() -> bytes:
        return challenges.issue(an.cursor, BROWSER, AGREE, AT)

    def take(value: bytes, *, browser: str = BROWSER, challenge: Challenge = AGREE, at: datetime = AT) -> bool:
        return challenges.take(an.cursor, browser, challenge, value, at) is not None

    value = issue()
    assert not take(value, browser="another")
    assert take(value)
    assert not take(value)
    assert not take(issue(), challenge=Challenge("consent", b"something else was shown"))
    assert not take(issue(), challenge=Challenge("sign-in", b"what was shown"))
    assert not take(issue(), at=AT + challenges.LASTS)
    assert take(issue(), at=AT + challenges.LASTS - timedelta(seconds=1))
    assert not take(secrets.token_bytes(32))


def test_two_who_take_one_challenge_at_once(an: Holder, database: str, race: Callable[..., list[Any]]) -> None:
    value = challenges.issue(an.cursor, BROWSER, AGREE, AT)

    def take(connection: psycopg.Connection[Any]) -> bool:
        return challenges.take(connection.cursor(), BROWSER, AGREE, value, AT) is not None

    assert sorted(race(take, 6)) == [False] * 5 + [True]


def test_wrong_passcodes_at_once_are_all_counted(an: Holder, race: Callable[..., list[Any]]) -> None:
    def guess(connection: psycopg.Connection[Any]) -> str:
        cursor = connection.cursor()
        value = challenges.issue(cursor, BROWSER, AGREE, AT)
        nonce = challenges.take(cursor, BROWSER, AGREE, value, AT)
        assert nonce is not None
        with connection.transaction():
            told = proofs.by_device(cursor, AGREE, value, nonce, an.phone.id, text(an.phone.sign(value)), "590314", AT)
        assert isinstance(told, Denied)
        return told.kind

    assert sorted(race(guess, 8)) == ["locked"] * 4 + ["wrong"] * 4
    assert an.account.wrong_attempts == 5


def test_events_cannot_be_changed_and_hold_no_number(an: Holder) -> None:
    fail(an, 5, AT)
    with pytest.raises(psycopg.errors.RaiseException):
        an.cursor.execute("UPDATE account_event SET kind = 'nothing'")
    with pytest.raises(psycopg.errors.RaiseException):
        an.cursor.execute("DELETE FROM account_event")
    rows = an.cursor.execute("SELECT kind || by_whom || detail::text FROM account_event").fetchall()
    assert rows
    assert not any("990089000001" in told or "590314" in told or PASSCODE in told for (told,) in rows)


def test_nothing_shows_a_personal_number(an: Holder) -> None:
    assert "990089000001" not in repr(an.account)
    kept = an.cursor.execute("SELECT passcode_hash FROM account").fetchone()
    assert kept is not None
    assert PASSCODE not in kept[0]
    assert kept[0].startswith("scrypt$")
