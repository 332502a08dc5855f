"""Comparison keys of Vietnamese names. Two names agree at a level when their keys there are equal.

Level E (exact) forgives only what is the same spelling written by another keyboard: composed or decomposed letters,
the place of the tone mark within a word (hòa, hoà), Ð for Đ, case and spaces. Level L (legacy) is what callers of
service 037 send: no accents, no spaces. Lý and Lí are different names at level E [all of it our choice].

A name is compared whole: which part is the family name cannot be told reliably.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 100

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TONE = re.compile(f"[{_TONES}]")
_LOOK_ALIKES = str.maketrans({"\u00d0": "\u0110", "\u00f0": "\u0111", "\u2019": "'", "\u02bc": "'", "\u00a0": " "})
LETTERS: Final = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
MARKS: Final = "\u0300-\u036f"
ALPHABET: Final = f"{LETTERS}{MARKS} '.{''.join(map(chr, _LOOK_ALIKES))}-"
"""Latin letters, combining marks, and what stands in names of people: spaces, apostrophes, hyphens, points. Texts in
TCVN3 or VNI, read as if they were Unicode, nearly always hold a sign outside of these.

Each is the inside of a bracket expression, as regular expressions of Python and of PostgreSQL have them.
"""

_NAME = re.compile(f"[{ALPHABET}]+")
_NOT_KEPT = re.compile("[^A-Z0-9]+")


class InvalidName(ValueError):  # noqa: N818
    """A text is no name in Unicode. The text is not quoted."""


def key_exact(name: str) -> str:
    """The key of level E. Raises InvalidName."""
    return unicodedata.normalize("NFC", " ".join([_tones_last(word) for word in _decomposed(name).upper().split()]))


def key_legacy(name: str) -> str:
    """The key of level L: only A-Z and 0-9 remain. Raises InvalidName, also when nothing remains."""
    key = _NOT_KEPT.sub("", _decomposed(name).upper().replace("\u0110", "D"))
    if not key:
        raise InvalidName("the name has no letters")
    return key


def _decomposed(name: str) -> str:
    if len(name) > LONGEST_NAME * 3:  # a decomposed letter takes up to three characters
        raise InvalidName("the name is too long")
    text = name.translate(_LOOK_ALIKES)
    if not _NAME.fullmatch(name) or not text.strip(" '-."):
        raise InvalidName("the name is not written in Unicode's Latin letters")
    return unicodedata.normalize("NFD", text)


def _tones_last(word: str) -> str:
    tones = _TONE.findall(word)
    return _TONE.sub("", word) + "".join(tones) if tones else word
