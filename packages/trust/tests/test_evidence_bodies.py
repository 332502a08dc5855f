"""A body exchanged, added or left out by naming other digests of a hash chain: its names are not signed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import sha512
from typing import Any

import pytest

from ketnoi_protocol.http_signature import content_digest
from ketnoi_trust.signatures import Signature

from .containers import BODY, World, digests
from .test_evidence import judge, refusal

EMPTY = content_digest(b"")
OTHER = b"something else"


@pytest.fixture(scope="module")
def world(kit: Any) -> World:
    return World(kit)


def renamed(signature: Signature, octets: bytes, name: str | None) -> Signature:
    """The signature with the digest of these octets under another name in its chain, or under none."""
    chain = signature.hash_chain
    assert chain is not None
    value = b64encode(sha512(octets).digest())
    before, after = chain.split(b"<DigestValue>%b</DigestValue>" % value)
    start, end = before.rindex(b"<ns2:"), after.index(b"</ns2:")
    kind = "HashValue" if name is None else "DataRef"
    opened = f"<ns2:{kind}>" if name is None else f'<ns2:{kind} URI="{name}">'
    rest = after[end:].partition(b">")[2]
    changed = (
        before[:start]
        + opened.encode()
        + (b"<DigestValue>%b</DigestValue>" % value)
        + after[:end]
        + f"</ns2:{kind}>".encode()
        + rest
    )
    return replace(signature, hash_chain=changed)


def told(world: World, message: bytes, signature: Signature, *bodies: bytes | None, strict: bool = False) -> list[str]:
    container = world.stamped(world.container(message, signature, *bodies))
    return [str(part) for part in judge(world, container, strict=strict).messages]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("digest", [None, content_digest(BODY)])
def test_a_neighbour_is_no_body_in_place_of_the_own_one(world: World, digest: str | None, strict: bool) -> None:
    message = world.request(digest=digest)
    signature = world.sign([digests(message, BODY), {"/message.xml": sha512(OTHER).digest()}])[0]
    assert told(world, message, signature, BODY, strict=strict) == ["message.xml", "attachment1"]
    exchanged = renamed(renamed(signature, BODY, None), OTHER, "/attachment1")
    expected = ("malformed_signature.malformed_hash_chain", 5)
    assert refusal(lambda: told(world, message, exchanged, OTHER, strict=strict)) == expected


@pytest.mark.parametrize("strict", [False, True])
def test_a_neighbour_is_no_second_part(world: World, strict: bool) -> None:
    message = world.request()
    signature = world.sign([digests(message, BODY), {"/message.xml": sha512(OTHER).digest()}])[0]
    added = renamed(signature, OTHER, "/attachment2")
    for bodies in ((BODY, OTHER), (BODY,), ()):
        expected = ("malformed_signature.malformed_hash_chain", 5)
        assert refusal(lambda bodies=bodies: told(world, message, added, *bodies, strict=strict)) == expected


@pytest.mark.parametrize("strict", [False, True])
def test_a_neighbour_is_no_body_of_a_message_that_names_another(world: World, strict: bool) -> None:
    for digest in (EMPTY, content_digest(BODY)):
        message = world.request(digest=digest)
        signature = world.sign([digests(message), {"/message.xml": sha512(OTHER).digest()}])[0]
        added = renamed(signature, OTHER, "/attachment1")
        expected = ("invalid_signature_value", 6)
        assert (
            refusal(lambda message=message, added=added: told(world, message, added, OTHER, strict=strict)) == expected
        )


@pytest.mark.parametrize("strict", [False, True])
def test_a_body_that_is_named_is_told_when_it_is_left_out(world: World, strict: bool) -> None:
    message = world.request(digest=content_digest(BODY))
    signature = world.sign([digests(message, BODY)] * 2)[0]
    dropped = renamed(signature, BODY, None)
    assert told(world, message, dropped, strict=strict) == ["message.xml", "attachment1 not present"]
    assert told(world, message, signature, strict=strict) == ["message.xml", "attachment1 not present"]
    assert told(world, message, signature, BODY, strict=strict) == ["message.xml", "attachment1"]


def test_an_empty_body_is_none(world: World) -> None:
    message = world.request(digest=EMPTY)
    alone = world.sign([digests(message)])[0]
    assert told(world, message, alone) == ["message.xml"]
    with_empty = world.sign([digests(message, b"")])[0]
    assert told(world, message, with_empty) == ["message.xml"]
    assert told(world, message, with_empty, b"") == ["message.xml", "attachment1"]


@pytest.mark.parametrize("direct", [False, True])
def test_a_rest_message_has_one_body_at_most(world: World, direct: bool) -> None:
    message = world.request()
    signature = world.sign([digests(message, BODY, OTHER)], direct=direct)[0]
    for bodies in ((BODY, OTHER), (BODY, None), (None, None)):
        assert refusal(lambda bodies=bodies: told(world, message, signature, *bodies)) == ("invalid_message", 6)


def test_a_digest_that_is_none(world: World) -> None:
    message = world.request(digest="sha-256=:AAAA:")
    signature = world.sign([digests(message, BODY)])[0]
    assert refusal(lambda: told(world, message, signature, BODY)) == ("invalid_message", 6)
