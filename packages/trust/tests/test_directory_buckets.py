"""Buckets: found by an officer's code, proved by their digest."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.directory import Officer
from ketnoi_protocol.services import Service
from ketnoi_trust.directory import MAX_BUCKET_BYTES, bucket_of, read_bucket, write_bucket
from ketnoi_trust.errors import Refused


def officer(number: int) -> Officer:
    return Officer(
        code=f"cb{number:06}",
        unit="G15",
        active=True,
        services=(Service.LOOK_UP_CITIZEN,),
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC),
    )


def test_what_is_written_is_read():
    officers = [officer(number) for number in range(3)]
    digest, data = write_bucket(officers)
    assert read_bucket(data, digest, Officer) == officers
    assert write_bucket(officers) == (digest, data)
    empty, nothing = write_bucket([])
    assert read_bucket(nothing, empty, Officer) == []


def test_another_bucket_is_refused():
    digest, data = write_bucket([officer(1)])
    for wrong, named in ((data + b" ", digest), (data, "0" * 64), (data, ""), (data, "\u0110")):
        with pytest.raises(Refused, match="not the one"):
            read_bucket(wrong, named, Officer)


def test_what_is_too_large_is_refused():
    digest, data = write_bucket(["a" * MAX_BUCKET_BYTES])
    with pytest.raises(Refused, match="not the one"):
        read_bucket(data, digest, str)


@pytest.mark.parametrize("items", [{"a": 1}, [1], "text", [{"code": "x"}]])
def test_what_holds_other_things_is_refused(items):
    digest, data = write_bucket(items)
    with pytest.raises(Refused, match="cannot be read"):
        read_bucket(data, digest, Officer)


def test_officers_spread_evenly_and_always_alike():
    spread = Counter(bucket_of(f"cb{number:06}", 256) for number in range(20_000))
    assert len(spread) == 256
    assert max(spread.values()) < 2 * 20_000 / 256
    assert bucket_of("cb000001", 256) == bucket_of("cb000001", 256)
    assert {bucket_of(f"cb{number}", 1) for number in range(20)} == {"0000"}


@pytest.mark.parametrize("buckets", [0, -1, 65_537])
def test_a_directory_without_buckets_has_no_officers(buckets):
    with pytest.raises(Refused):
        bucket_of("cb000001", buckets)


@given(st.text())
def test_any_code_has_a_bucket(code):
    assert int(bucket_of(code, 4096), 16) < 4096


def test_a_changed_bucket_of_two_hundred_thousand_officers_is_read_quickly():
    officers = [officer(number) for number in range(200_000 // 256)]
    digest, data = write_bucket(officers)
    before = time.process_time()
    assert len(read_bucket(data, digest, Officer)) == len(officers)
    assert time.process_time() - before < 0.1
