"""The bound on time that no input may exceed, however broken it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

SECONDS_OF_CPU = 2.0
# Whatever watches each line, such as the measuring of coverage, makes Python itself several times as slow.
WATCHED = 3.0

# Two seconds are meant of a machine that does this piece of work, of the kind that reading is made of, in so long. A
# machine that is slower at the moment, because others share it, gets as much more time as it needs for the same.
_PIECE = b"<r>" + b"<m><a>GOV</a><b>H1</b><c x='1'>T</c></m>" * 4_000 + b"</r>"
_SECONDS_OF_PIECE = 0.016


@contextmanager
def in_time() -> Iterator[None]:
    """What happens within takes less than two seconds of CPU."""
    slow = max(1.0, _seconds_of_piece() / _SECONDS_OF_PIECE)
    before = time.process_time()
    yield
    bound = SECONDS_OF_CPU * slow if sys.gettrace() is None else SECONDS_OF_CPU * WATCHED * slow
    assert time.process_time() - before < bound


def _seconds_of_piece() -> float:
    before = time.process_time()
    found = [
        text.strip()
        for member in etree.fromstring(_PIECE)
        for name in ("a", "b", "c")
        if (child := member.find(name)) is not None and (text := child.text) is not None
    ]
    assert len(found) == 12_000
    return time.process_time() - before
