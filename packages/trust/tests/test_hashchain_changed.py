"""With any octet of a chain, its result or an input changed, it is refused, or says exactly the same."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import hashchain
from ketnoi_trust.errors import Refused
from ketnoi_trust.hashchain import Tree

PARTS = {"/message.xml": b"POST\r\n/r1", "/attachment1": b"{}"}
TREE = Tree([{name: hashlib.sha512(octets).digest() for name, octets in PARTS.items()}] * 2)
DOCUMENTS = {"result": TREE.result, "chain": TREE.chain_of(1), **PARTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_single_bit(name):
    document = DOCUMENTS[name]
    for position in range(len(document)):
        for bit in range(8):
            check(name, document[:position] + bytes([document[position] ^ 1 << bit]) + document[position + 1 :])


@given(st.data())
def test_any_octets_added_moved_or_lost(data):
    name = data.draw(st.sampled_from(sorted(DOCUMENTS)))
    document = DOCUMENTS[name]
    start, end = sorted(data.draw(st.integers(0, len(document))) for _ in range(2))
    inserted = data.draw(st.sampled_from([b"", b" ", b"\n", b"A", document[start:end] * 2]) | st.binary(max_size=8))
    check(name, document[:start] + inserted + document[end:])


def check(name, changed):
    documents = {**DOCUMENTS, name: changed}
    inputs = {part: documents[part] for part in PARTS}
    try:
        names = hashchain.verify(documents["result"], documents["chain"], inputs, inputs)
    except Refused:
        return
    assert names == tuple(PARTS)
    assert inputs == PARTS
