"""A directory's buckets: a change touches few of them, and what a manifest names stays to be had while it counts."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ketnoi_portal.accounts import codes
from ketnoi_portal.publication.directory_board import BUCKETS, KEPT, Board, Parts
from ketnoi_protocol.directory import Officer, Organisation
from ketnoi_protocol.services import Service
from ketnoi_trust.directory import bucket_of, read_bucket

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def officer(number: int, **changes: object) -> Officer:
    made = Officer(f"H55.CB.{number:06d}", "H55", True, (Service.LOOK_UP_CITIZEN,), AT)
    return msgspec.structs.replace(made, **changes)


@pytest.fixture(scope="module")
def country() -> Board:
    board = Board.make(AT)
    board.set_officers((officer(number) for number in range(200_000)), AT)
    return board


def test_of_200000_officers_one_change_touches_one_bucket(country: Board) -> None:
    before = country.digests()
    suspended = officer(123_456, active=False)
    name = bucket_of(suspended.code, BUCKETS)
    held = {name: [officer(number) for number in range(200_000) if bucket_of(officer(number).code, BUCKETS) == name]}
    held[name] = [suspended if each.code == suspended.code else each for each in held[name]]
    assert country.set_buckets(held, AT) == 1
    after = country.digests()
    differing = [name for name in after.officers if after.officers[name] != before.officers[name]]
    assert differing == [name]
    digest = after.officers[differing[0]]
    data = country.bucket(digest)
    assert data is not None
    assert suspended in read_bucket(data, digest, Officer)
    assert len(data) < 200_000
    assert country.set_buckets(held, AT) == 0


def test_every_officer_stands_where_readers_look(country: Board) -> None:
    names = country.digests().officers
    assert len(names) == BUCKETS
    for number in (0, 77, 199_999):
        code = officer(number).code
        data = country.bucket(names[bucket_of(code, BUCKETS)])
        assert data is not None
        assert code.encode() in data


def test_reading_everything_again_changes_nothing(country: Board) -> None:
    before = country.digests()
    held = [officer(number) for number in range(200_000)]
    held[123_456] = officer(123_456, active=False)
    assert country.set_officers(held, AT) == 0
    assert country.digests() == before


def test_an_old_bucket_is_served_as_long_as_a_manifest_that_names_it_counts() -> None:
    board = Board.make(AT, 4)
    board.set_officers([officer(1)], AT)
    name = bucket_of(officer(1).code, 4)
    old = board.digests().officers[name]
    board.set_buckets({bucket_of(officer(1).code, 4): [officer(1, active=False)]}, AT)
    board.forget(AT + KEPT)
    assert board.bucket(old) is not None
    board.forget(AT + KEPT + timedelta(seconds=1))
    assert board.bucket(old) is None
    assert board.bucket(board.digests().officers[name]) is not None


def test_what_comes_back_is_not_let_go_of() -> None:
    board = Board.make(AT, 4)
    board.set_officers([officer(1)], AT)
    board.set_buckets({bucket_of(officer(1).code, 4): [officer(1, active=False)]}, AT)
    board.set_buckets({bucket_of(officer(1).code, 4): [officer(1)]}, AT)
    board.forget(AT + timedelta(days=1))
    said = board.digests()
    for digest in (said.organisations, said.accounts, said.grants, *said.officers.values()):
        assert board.bucket(digest) is not None


def test_empty_parts_share_their_bytes_and_survive_one_another() -> None:
    board = Board.make(AT, 4)
    board.set_parts(Parts(organisations=(Organisation("H55", "Tỉnh"),)), AT)
    board.forget(AT + timedelta(days=1))
    assert board.bucket(board.digests().grants) == b"[]"


def test_both_rooms_count_the_same_buckets() -> None:
    assert BUCKETS == codes.BUCKETS


def test_publishing_a_directory_needs_no_django() -> None:
    code = (
        "import sys, ketnoi_portal.publication.directory_server;"
        "print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
