"""The anchor: written, read, and compared by people."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from ketnoi_trust.configuration import Anchor, AnchorSource
from ketnoi_trust.errors import Refused

HEAD = '<a:configurationAnchor xmlns:a="http://x-road.eu/xsd/xroad.xsd">'


@pytest.fixture
def anchor(kit):
    signers = [kit.authority(f"Signer {number}").der for number in range(2)]
    sources = (
        AnchorSource("http://cs1.example/internalconf", (signers[0],)),
        AnchorSource("http://cs2.example/internalconf?a=1&b=2", tuple(signers)),
    )
    return Anchor.make(kit.instance, sources, kit.now)


def test_what_was_written_is_read(kit, anchor):
    read = Anchor.parse(anchor.write())
    assert read == anchor
    assert (read.instance, read.generated_at) == (kit.instance, kit.now)
    assert [each.url for each in read.sources][1].endswith("?a=1&b=2")
    assert len(read.certificates) == 3


def test_the_fingerprint_is_sha224_of_the_file_in_pairs(anchor):
    digest = hashlib.sha224(anchor.data).hexdigest().upper()
    assert anchor.fingerprint == ":".join(digest[i : i + 2] for i in range(0, 56, 2))
    assert Anchor.parse(anchor.data + b"\n").fingerprint != anchor.fingerprint


def test_an_anchor_without_a_moment_is_read(anchor):
    without = anchor.data.replace(b"<generatedAt>2026-03-01T08:00:00Z</generatedAt>", b"")
    assert Anchor.parse(without).generated_at is None


def test_moments_are_read_in_every_form_of_the_schema(kit, anchor):
    for text in ("2026-03-01T15:00:00+07:00", "2026-03-01T08:00:00", "2026-03-01T08:00:00.000000001Z"):
        data = anchor.data.replace(b"2026-03-01T08:00:00Z", text.encode())
        assert Anchor.parse(data).generated_at == kit.now
    half = anchor.data.replace(b"08:00:00Z", b"08:00:00.5Z")
    assert Anchor.parse(half).generated_at == kit.now + timedelta(seconds=0.5)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T08:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_is_refused(anchor, text):
    with pytest.raises(Refused, match="date and time"):
        Anchor.parse(anchor.data.replace(b"2026-03-01T08:00:00Z", text.encode()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<configurationAnchor/>",
        f"{HEAD}<instanceIdentifier>XX</instanceIdentifier></a:configurationAnchor>".encode(),
        f"{HEAD}<source><downloadURL>u</downloadURL><verificationCert>AA==</verificationCert></source>"
        "</a:configurationAnchor>".encode(),
        f"{HEAD}<instanceIdentifier/><source><downloadURL>u</downloadURL><verificationCert>AA==</verificationCert>"
        "</source></a:configurationAnchor>".encode(),
        f"{HEAD}<instanceIdentifier>XX</instanceIdentifier><source><downloadURL>u</downloadURL></source>"
        "</a:configurationAnchor>".encode(),
        f"{HEAD}<instanceIdentifier>XX</instanceIdentifier><source><downloadURL/><verificationCert>AA=="
        "</verificationCert></source></a:configurationAnchor>".encode(),
        f"{HEAD}<instanceIdentifier>XX</instanceIdentifier><source><downloadURL>u</downloadURL><verificationCert>?"
        "</verificationCert></source></a:configurationAnchor>".encode(),
        f"{HEAD}<instanceIdentifier>XX</instanceIdentifier><source><downloadURL>u</downloadURL><verificationCert/>"
        "</source></a:configurationAnchor>".encode(),
    ],
)
def test_what_is_no_anchor_is_refused(data):
    with pytest.raises(Refused) as refused:
        Anchor.parse(data)
    assert refused.value.code == "malformed_global_conf"


def test_an_anchor_that_cannot_be_read_back_is_not_made(kit):
    with pytest.raises(Refused):
        Anchor.make(kit.instance, (), kit.now)
    with pytest.raises(Refused):
        Anchor.make("XX\x00", (AnchorSource("http://cs.example", (b"x",)),), kit.now)
