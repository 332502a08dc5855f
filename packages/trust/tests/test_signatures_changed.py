"""With any octet of a signature, its chain or a part changed, it is refused, or the verdict is exactly the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust.certificates import judge_signing_certificate
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature, Verified

from .signing import REQUEST, WITH_BODY, Signing

OTHER = {"/message.xml": b"POST\r\n/r1/other\r\n"}
MASKS = [0x01, 0x20]


@dataclass
class Sample:
    """A signed message as a table of octets; judging the unchanged certificate is done once."""

    signing: Signing
    signature: Signature
    parts: dict[str, bytes]
    known: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def documents(self) -> dict[str, bytes]:
        held = {"xml": self.signature.xml, **self.parts}
        if self.signature.hash_chain is not None:
            held |= {"result": self.signature.hash_chain_result, "chain": self.signature.hash_chain}
        return held

    @cached_property
    def verdicts(self) -> dict[bool, Verified]:
        return {strict: self.judged({}, strict) for strict in (False, True)}

    def judge(self, certificate, answers, extra, configuration, at):
        key = (certificate, answers, extra)
        if key not in self.known:
            self.known[key] = judge_signing_certificate(certificate, answers, extra, configuration, at)
        return self.known[key]

    def judged(self, changed: dict[str, bytes], strict: bool) -> Verified:
        held = {**self.documents, **changed}
        signature = Signature(held["xml"], held.get("result"), held.get("chain"))
        parts = {name: held[name] for name in self.parts}
        return self.signing.verify(signature, parts, strict=strict, judge=self.judge)

    def check(self, name: str, octets: bytes, strict: bool = False) -> None:
        expected = self.verdicts[strict]
        try:
            verdict = self.judged({name: octets}, strict)
        except Refused:
            return
        assert verdict == expected
        assert name not in self.parts or octets == self.parts[name]


@pytest.fixture(scope="module")
def samples(kit):
    signing = Signing(kit)
    return {
        "plain": Sample(signing, signing.sign(), REQUEST),
        "direct": Sample(signing, signing.sign(WITH_BODY, direct=True), WITH_BODY),
        "batch": Sample(signing, signing.batch(WITH_BODY, OTHER)[0], WITH_BODY),
    }


def test_the_samples_are_good(samples, kit):
    for sample in samples.values():
        assert sample.verdicts[False] == sample.verdicts[True]
        assert sample.verdicts[True].member == kit.ministry


@pytest.mark.parametrize("mask", MASKS)
def test_every_octet_of_the_document(samples, mask):
    sample = samples["plain"]
    document = bytearray(sample.signature.xml)
    for position in range(len(document)):
        document[position] ^= mask
        sample.check("xml", bytes(document), strict=bool(position & 1))
        document[position] ^= mask


@pytest.mark.parametrize("mask", [*MASKS, 0x80])
def test_every_octet_of_everything_else(samples, mask):
    sample = samples["batch"]
    for name in sample.documents.keys() - {"xml"}:
        document = bytearray(sample.documents[name])
        for position in range(len(document)):
            document[position] ^= mask
            sample.check(name, bytes(document), strict=bool(position & 1))
            document[position] ^= mask


PIECES = [b"", b" ", b"\n", b"<a/>", b"&#13;", b"<!-- -->", b"<?a?>", b"A", b"=", b"0", b"/", b"#", b"Id", b'"']


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_octets_added_moved_or_lost(samples, data):
    sample = samples[data.draw(st.sampled_from(sorted(samples)))]
    name = data.draw(st.sampled_from(sorted(sample.documents)))
    document = sample.documents[name]
    start, end = sorted(data.draw(st.integers(0, len(document))) for _ in range(2))
    moved = document[start:end]
    inserted = data.draw(st.sampled_from([*PIECES, moved * 2]) | st.binary(max_size=8))
    for octets in (document[:start] + inserted + document[end:], document[:start] + inserted + document[start:]):
        for strict in (False, True):
            sample.check(name, octets, strict)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_elements_moved(samples, data):
    """Elements are cut at their tags, so that most of what comes out is XML."""
    sample = samples[data.draw(st.sampled_from(sorted(samples)))]
    name = data.draw(st.sampled_from(["xml", "chain", "result"][: 3 if "chain" in sample.documents else 1]))
    pieces = sample.documents[name].replace(b"><", b">\0<").split(b"\0")
    one, two = (data.draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
    act = data.draw(st.sampled_from(["drop", "double", "swap", "move"]))
    if act == "drop":
        del pieces[one]
    elif act == "double":
        pieces.insert(one, pieces[one])
    elif act == "swap":
        pieces[one], pieces[two] = pieces[two], pieces[one]
    else:
        pieces.insert(two, pieces.pop(one))
    for strict in (False, True):
        sample.check(name, b"".join(pieces), strict)


@given(st.binary(max_size=300))
def test_any_octets_are_refused(samples, octets):
    sample = samples["batch"]
    for name in sample.documents:
        with pytest.raises(Refused):
            sample.judged({name: octets}, strict=False)
