"""Signing keys turn with an overlap, and nobody who read them an hour ago is surprised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import Event, Thread

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from ketnoi_identity.openid import keys
from ketnoi_identity.openid.keys import ALGORITHM, KeyRing, NoKeysError

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    ring = KeyRing(tmp_path / "ring")
    ring.begin(NOW)
    return ring


def kids(ring: KeyRing, at: datetime) -> list[str]:
    return [each["kid"] for each in ring.told(at)["keys"]]


def test_the_first_key_signs_at_once_and_is_made_once(ring: KeyRing) -> None:
    first = ring.signing(NOW).kid
    ring.begin(NOW + DAY)
    assert kids(ring, NOW) == [first] == [ring.signing(NOW + DAY).kid]


def test_the_next_key_is_told_before_it_signs_and_the_last_one_after_it_has_signed(ring: KeyRing) -> None:
    first = ring.signing(NOW).kid
    signs_from = ring.turn(NOW + 10 * DAY)
    assert signs_from == NOW + 11 * DAY
    assert first in kids(ring, NOW + 10 * DAY)
    assert len(kids(ring, NOW + 10 * DAY)) == 2
    assert ring.signing(signs_from - timedelta(seconds=1)).kid == first
    second = ring.signing(signs_from).kid
    assert second != first
    assert set(kids(ring, signs_from + DAY - timedelta(seconds=1))) == {first, second}
    assert kids(ring, signs_from + DAY) == [second]


def test_a_token_of_before_the_turn_is_verified_with_the_keys_of_after_it(ring: KeyRing) -> None:
    key = ring.signing(NOW)
    token = jwt.encode({"alg": ALGORITHM, "kid": key.kid}, {"sub": "x"}, key, [ALGORITHM])
    signs_from = ring.turn(NOW)
    told = KeySet.import_key_set(ring.told(signs_from + timedelta(hours=1)))
    assert jwt.decode(token, told, [ALGORITHM]).claims == {"sub": "x"}


def test_turning_twice_in_a_row_makes_one_key_and_turning_later_drops_the_old(ring: KeyRing, tmp_path: Path) -> None:
    assert ring.turn(NOW) == ring.turn(NOW + timedelta(hours=1))
    assert len(list((tmp_path / "ring").iterdir())) == 2
    ring.turn(NOW + 30 * DAY)
    assert len(list((tmp_path / "ring").iterdir())) == 2


def test_public_keys_hold_nothing_private_and_files_are_their_owners_alone(ring: KeyRing, tmp_path: Path) -> None:
    for each in ring.told(NOW)["keys"]:
        assert set(each) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    for file in (tmp_path / "ring").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_a_ring_without_keys_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoKeysError):
        KeyRing(tmp_path).signing(NOW)
    with pytest.raises(NoKeysError):
        KeyRing(tmp_path).told(NOW)


def test_of_a_key_after_which_another_signs_the_public_half_alone_is_kept(tmp_path: Path) -> None:
    receipts = keys.ring(tmp_path, keys.RECEIPTS)
    receipts.begin(NOW)
    first = receipts.signing(NOW)
    token = jwt.encode({"alg": ALGORITHM, "kid": first.kid}, {"sub": "x"}, first, [ALGORITHM])
    receipts.turn(NOW)
    receipts.retire(NOW + DAY - timedelta(seconds=1))
    assert receipts.signing(NOW).kid == first.kid
    receipts.retire(NOW + DAY)
    private = [path.name for path in (tmp_path / keys.RECEIPTS).iterdir() if b"PRIVATE" in path.read_bytes()]
    assert [first.kid in name for name in private] == [False]
    years_later = NOW + 10_000 * DAY
    told = KeySet.import_key_set(receipts.told(years_later))
    assert jwt.decode(token, told, [ALGORITHM]).claims == {"sub": "x"}
    # A clock that was set back finds a key that signs, too.
    assert receipts.signing(NOW).kid == receipts.signing(years_later).kid != first.kid


@pytest.mark.parametrize("name", keys.RINGS)
def test_what_was_stolen_is_told_no_more_and_a_new_key_signs_at_once(tmp_path: Path, name: str) -> None:
    ring = keys.ring(tmp_path, name)
    ring.begin(NOW)
    ring.turn(NOW)
    stolen = set(kids(ring, NOW + timedelta(hours=1)))
    assert len(stolen) == 2
    at = NOW + timedelta(hours=1)
    assert ring.turn_at_once(at) == 2
    new = ring.signing(at).kid
    assert kids(ring, at) == [new] == kids(ring, at + 100 * DAY)
    assert new not in stolen
    assert len(list((tmp_path / name).iterdir())) == 1
    # The ring turns on as ever.
    assert ring.turn(at) == at + DAY
    assert len(kids(ring, at)) == 2


def test_receipts_of_keys_that_had_retired_before_the_theft_are_still_verified(tmp_path: Path) -> None:
    ring = keys.ring(tmp_path, keys.RECEIPTS)
    ring.begin(NOW)
    old = ring.signing(NOW).kid
    ring.turn(NOW)
    ring.retire(NOW + DAY)
    stolen = ring.signing(NOW + DAY).kid
    assert ring.turn_at_once(NOW + 2 * DAY) == 1
    assert kids(ring, NOW + 2 * DAY) == [old, ring.signing(NOW + 2 * DAY).kid]
    assert stolen not in kids(ring, NOW + 2 * DAY)


def _turn(folder: Path, gate: Barrier) -> None:
    gate.wait()
    KeyRing(folder).turn(NOW)


def test_whoever_turns_at_once_makes_one_key(ring: KeyRing, tmp_path: Path) -> None:
    context = get_context("spawn")
    gate = context.Barrier(4)
    turning = [context.Process(target=_turn, args=(tmp_path / "ring", gate)) for _ in range(4)]
    for each in turning:
        each.start()
    for each in turning:
        each.join(60)
    assert [each.exitcode for each in turning] == [0] * 4
    assert len(kids(ring, NOW)) == 2


def test_whoever_reads_while_keys_come_and_go_always_finds_some(tmp_path: Path) -> None:
    ring = keys.ring(tmp_path, keys.OFFICERS)
    ring.begin(NOW)
    over, wrong, read = Event(), [], []

    def reader() -> None:
        own = keys.ring(tmp_path, keys.OFFICERS)
        while not over.is_set():
            try:
                own.signing(NOW)
                read.append(kids(own, NOW))
            except Exception as error:
                wrong.append(error)

    threads = [Thread(target=reader) for _ in range(3)]
    for each in threads:
        each.start()
    at = NOW
    for turns in range(120):
        at = ring.turn(at) if turns % 3 else at + timedelta(seconds=ring.turn_at_once(at) * 3600)
    over.set()
    for each in threads:
        each.join()
    assert not wrong
    assert len(read) > 20
