"""Signature documents of one shape: octet for octet the same, but for digests of references, value and signing time.

What a server signs within an hour (the life of an OCSP response) has one shape for each kind of message. As the octets
that may differ are letters, digits and `+/=.:-` in the text of elements, documents of one shape have the same elements,
attributes and other texts; and their canonical forms differ in the same places as they do. So the form of the second
one need not be read from its XML again, which is more than half of the cost of judging it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

LONGEST = 16 * 1024
"""Octets of a document that is remembered, at most [our choice]."""

MOST = 256
"""Shapes that are remembered, at most [our choice]."""

# Tags as they are written without attributes; of the value's tag the name alone, since it has an Id.
_DIGEST = b"DigestValue>"
_VALUE = b"SignatureValue"
_TIME = b"SigningTime>"
# What stands between two of them: the rest of the start tag, a text, the beginning of the end tag.
_TEXT = re.compile(rb"([^<>]*>)?([A-Za-z0-9+/=.:\n-]*)(</[A-Za-z0-9._-]*:?)")

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Values:
    """The texts in which documents of one shape differ, as they are written, and `around` them all others."""

    digests: tuple[bytes, ...]
    value: bytes
    moment: bytes
    around: Hashable = field(repr=False)

    @classmethod
    def of(cls, data: bytes) -> Values | None:
        """The values of a document; None where they do not stand where senders write them."""
        if len(data) > LONGEST:
            return None
        before, *rest = data.split(_VALUE)
        if len(rest) != 2:
            return None
        tags, after = before.split(_DIGEST), rest[1].split(_TIME)
        if len(after) != 3:
            return None
        texts = []
        around = [*tags[::2], after[0], after[2]]
        for each in (*tags[1::2], rest[0], after[1]):
            found = _TEXT.fullmatch(each)
            if found is None:
                return None
            start, text, end = found.groups()
            texts.append(text)
            around += (start, end)
        return cls(tuple(texts[:-2]), texts[-2], texts[-1], tuple(around))

    def cut_signed_info(self, canonical: bytes) -> list[bytes] | None:
        """The canonical form of SignedInfo without the digests: what stands around them; None for another one's."""
        return _cut(canonical, _DIGEST, self.digests)

    def cut_properties(self, canonical: bytes) -> list[bytes] | None:
        """The canonical form of the signed properties without the moment; None for another one's."""
        return _cut(canonical, _TIME, (self.moment,))

    def in_signed_info(self, around: list[bytes]) -> bytes:
        """The canonical form of this document's SignedInfo, from what was cut for its shape."""
        return _filled(around, self.digests)

    def in_properties(self, around: list[bytes]) -> bytes:
        """The canonical form of this document's signed properties, from what was cut for its shape."""
        return _filled(around, (self.moment,))


def _cut(canonical: bytes, tag: bytes, values: tuple[bytes, ...]) -> list[bytes] | None:
    pieces = canonical.split(tag)
    if len(pieces) != 2 * len(values) + 1:
        return None
    around = [pieces[0] + tag]
    for value, text, after in zip(values, pieces[1::2], pieces[2::2], strict=True):
        if not text.startswith(value + b"<"):
            return None
        around.append(text[len(value) :] + tag + after + tag)
    around[-1] = around[-1].removesuffix(tag)
    return around


def _filled(around: list[bytes], values: tuple[bytes, ...]) -> bytes:
    pieces = [around[0]]
    for value, after in zip(values, around[1:], strict=True):
        pieces += (value, after)
    return b"".join(pieces)


class Shapes(Generic[M]):
    """Models of documents by their shapes; the one kept first goes first."""

    def __init__(self) -> None:
        self._models: dict[Hashable, M] = {}
        self._changing = Lock()

    def find(self, values: Values) -> M | None:
        """The model of the document with these values."""
        return self._models.get(values.around)

    def keep(self, values: Values, model: M) -> None:
        """Remember a model for all documents of this shape."""
        with self._changing:
            if len(self._models) >= MOST:
                del self._models[next(iter(self._models))]
            self._models[values.around] = model
