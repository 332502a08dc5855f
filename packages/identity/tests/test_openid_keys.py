"""Signing keys turn with an overlap, and nobody who read them an hour ago is surprised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

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
