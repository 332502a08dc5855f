"""Waiting for what happens by itself, with an end to patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T | None], within: float = 20.0) -> T:
    """What `ask` gives once it gives something. Raises AssertionError when it does not within `within` seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"it did not come to pass within {within} s")
