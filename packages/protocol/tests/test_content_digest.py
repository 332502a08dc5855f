"""Content-Digest as a message's headers carry it: which body it names."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from ketnoi_protocol.content_digest import ContentDigest, InvalidDigest
from ketnoi_protocol.http_signature import content_digest

BODY = b'{"a": 1}'
SHA_512 = f"sha-512=:{b64encode(hashlib.sha512(BODY).digest()).decode()}:"


def of(*values: str) -> ContentDigest | None:
    return ContentDigest.of([("Accept", "x"), *(("Content-DIGEST", each) for each in values)])


def test_headers_that_say_nothing_of_a_body():
    assert of() is None
    assert of("md5=:AA==:, id-sha-256=:AA==:", "") is None


@pytest.mark.parametrize(
    "values",
    [
        [content_digest(BODY)],
        [SHA_512],
        [f"{content_digest(BODY)}, {SHA_512}"],
        [f" md5=:AA==: ,\t{SHA_512};as=wanted"],
        [content_digest(BODY), SHA_512],
    ],
)
def test_a_body_that_is_named(values):
    named = of(*values)
    assert named is not None
    assert named.fits(BODY)
    assert not named.fits(BODY + b" ")
    assert not named.fits(b"")


def test_every_digest_counts():
    for values in ([content_digest(b"another"), SHA_512], [SHA_512, content_digest(b"another")]):
        named = of(*values)
        assert named is not None
        assert not named.fits(BODY)
        assert not named.fits(b"another")


@pytest.mark.parametrize(
    "value",
    [
        "sha-256",
        "sha-256=",
        "sha-256=:",
        "sha-256=::",
        "sha-256=:AAAA:",
        "sha-256=:é:",
        "sha-256=:A===:",
        content_digest(BODY)[:-1],
        content_digest(BODY).replace("=:", "="),
        SHA_512.replace("sha-512", "sha-256"),
    ],
)
def test_a_digest_that_is_none(value):
    with pytest.raises(InvalidDigest):
        of(value)
