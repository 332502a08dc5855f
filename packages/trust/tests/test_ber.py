"""BER: what is read, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import ber


@given(st.integers(0, 70_000))
def test_what_is_written_is_read(size: int) -> None:
    element = ber.read(ber.encode(ber.OCTET_STRING, bytes(size)))
    assert element.octets() == bytes(size)


@pytest.mark.parametrize(
    ("size", "header"),
    [(0x7F, "047f"), (0x80, "048180"), (0xFF, "0481ff"), (0x100, "04820100"), (0x10000, "0483010000")],
)
def test_lengths_are_written_as_der_has_them(size: int, header: str) -> None:
    assert ber.encode(ber.OCTET_STRING, bytes(size)) == bytes.fromhex(header) + bytes(size)


def test_indefinite_lengths_and_strings_in_pieces() -> None:
    inner = b"\x24\x80\x04\x02ab\x04\x01c\x00\x00"
    outer = b"\x30\x80" + inner + b"\x30\x00" + b"\x00\x00"
    first, second = ber.read(outer).children()
    assert (first.octets(), first.raw, second.children()) == (b"abc", inner, [])


@pytest.mark.parametrize(
    ("content", "value"), [("00", 0), ("7f", 127), ("0080", 128), ("ff", -1), ("02376906f060c280", 0x02376906F060C280)]
)
def test_integers(content: str, value: int) -> None:
    assert ber.read(ber.encode(ber.INTEGER, bytes.fromhex(content))).integer() == value


@pytest.mark.parametrize(
    "data",
    [
        "",
        "30",
        "3001",
        "3005020100",
        "30800201",
        "30800201010000ff",
        "0480",
        "1f8101020100",
        "30ff",
        "308affffffffffffffffffff",
        "0201000000",
    ],
)
def test_what_is_cut_off_or_has_something_after_it(data: str) -> None:
    with pytest.raises(ValueError):
        ber.read(bytes.fromhex(data))


def test_limits() -> None:
    deep = b"\x30\x80" * 100 + b"\x00\x00" * 100
    with pytest.raises(ValueError, match="too deep"):
        ber.read(deep)
    wide = ber.encode(ber.SEQUENCE, b"\x05\x00" * (ber.MAX_CHILDREN + 1))
    with pytest.raises(ValueError, match="too many"):
        ber.read(wide).children()
    widest = ber.encode(ber.SEQUENCE, b"\x05\x00" * ber.MAX_CHILDREN)
    assert len(ber.read(widest).children()) == ber.MAX_CHILDREN


def test_questions_that_a_value_cannot_answer() -> None:
    null, empty = ber.read(b"\x05\x00"), ber.read(b"\x02\x00")
    for act in (null.children, null.octets, null.integer, empty.integer, lambda: null.expect(ber.SET)):
        with pytest.raises(ValueError):
            act()
    for wrapped in (ber.encode(0xA0), ber.encode(0xA0, b"\x05\x00", b"\x05\x00"), ber.encode(0xA1, b"\x05\x00")):
        with pytest.raises(ValueError):
            ber.read(wrapped).explicit(0)
