"""The bound on time that no input may exceed, however broken it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS_OF_CPU = 2.0
# Whatever watches each line, such as the measuring of coverage, makes Python itself several times as slow.
WATCHED = 3.0


@contextmanager
def in_time() -> Iterator[None]:
    """What happens within takes less than two seconds of CPU."""
    before = time.process_time()
    yield
    bound = SECONDS_OF_CPU if sys.gettrace() is None else SECONDS_OF_CPU * WATCHED
    assert time.process_time() - before < bound
