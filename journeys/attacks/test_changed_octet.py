"""One octet is changed on the way: in the body, in a header of the message, in the signature."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from journeys.peer import Crafted, Peer


def in_body(message: Crafted) -> Crafted:
    assert message.body is not None
    return replace(message, body=message.body.replace(b'"MaCanBo"', b'"MaCanBO"'))


def in_header(message: Crafted) -> Crafted:
    return replace(message, octets=message.octets.replace(b"X-Road-UserId:H", b"X-Road-UserId:G"))


def in_signature_value(message: Crafted) -> Crafted:
    head, tag, rest = message.signature.xml.partition(b'<ds:SignatureValue Id="signature-value">')
    changed = (b"B" if rest[:1] == b"A" else b"A") + rest[1:]
    return replace(message, signature=replace(message.signature, xml=head + tag + changed))


def in_signing_time(message: Crafted) -> Crafted:
    xml = message.signature.xml.replace(b"<xades:SigningTime>20", b"<xades:SigningTime>19", 1)
    return replace(message, signature=replace(message.signature, xml=xml))


def in_hash_chain(message: Crafted) -> Crafted:
    chain = message.signature.hash_chain
    assert chain is not None
    head, tag, rest = chain.partition(b"DigestValue>")
    changed = head + tag + (b"B" if rest[:1] == b"A" else b"A") + rest[1:]
    return replace(message, signature=replace(message.signature, hash_chain=changed))


@pytest.mark.parametrize("change", [in_body, in_header, in_signature_value, in_signing_time, in_hash_chain])
def test_it_is_noticed_before_anybody_is_asked(
    change: Callable[[Crafted], Crafted], rogue: Peer, reached_the_registry: list[str]
) -> None:
    message = rogue.question()
    changed = change(message)
    assert changed != message
    reply = rogue.send(changed)
    assert reply.code == "signature_verification"
    assert reached_the_registry == []
    assert rogue.send(message).answer is not None
