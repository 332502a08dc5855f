"""Content-Digest (RFC 9530) as evidence reads it: by which digests a message names its own body.

A message part is signed, so a body that its part names cannot be exchanged, added or left out unseen.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Self

HEADER: Final = "content-digest"

_ALGORITHMS: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


class InvalidDigest(ValueError):  # noqa: N818
    """A digest that is none."""


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """The digests of one body, each with its algorithm: `sha-256` or `sha-512`."""

    digests: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]]) -> Self | None:
        """What a message's headers say of its body, None where they say nothing.

        The members of all headers of that name count. Other algorithms and parameters are passed over, as RFC 9530
        has it. Raises InvalidDigest for a digest of the two algorithms that does not have its form.
        """
        members = [member for name, value in headers if name.lower() == HEADER for member in value.split(",")]
        named = [each.split(";")[0].strip(" \t").partition("=") for each in members]
        digests = tuple((name, _octets(name, value)) for name, _, value in named if name in _ALGORITHMS)
        return cls(digests) if digests else None

    def fits(self, body: bytes) -> bool:
        """Whether this is the body that was named, by every digest."""
        return all(compare_digest(_ALGORITHMS[name](body).digest(), digest) for name, digest in self.digests)


def _octets(name: str, value: str) -> bytes:
    length = _ALGORITHMS[name]().digest_size
    try:
        octets = b64decode(value[1:-1], validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != length or not value.startswith(":") or not value.endswith(":"):
        raise InvalidDigest(f"{name} is not {length} octets in base64 between colons")
    return octets
