"""Writing to a terminal: Vietnamese in full, English after it, colours only where they are wanted."""

from __future__ import annotations

import os
import sys
from typing import TextIO

BOLD, DIM, GREEN, RED, YELLOW, CYAN = "1", "2", "32", "31", "33", "36"


class Terminal:
    """Lines on `stream`; coloured on a terminal unless NO_COLOR is set (no-color.org)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colours = self._stream.isatty() and "NO_COLOR" not in os.environ

    def painted(self, text: str, colour: str) -> str:
        """The text in a colour, or plain."""
        return f"\033[{colour}m{text}\033[0m" if self._colours else text

    def line(self, text: str = "") -> None:
        """One line, at once."""
        print(text, file=self._stream, flush=True)

    def both(self, vi: str, en: str, *, indent: int = 0, colour: str = "") -> None:
        """One thing said twice."""
        shown = self.painted(vi, colour) if colour else vi
        self.line(f"{' ' * indent}{shown}  {self.painted('· ' + en, DIM)}")

    def heading(self, vi: str, en: str) -> None:
        """A new part of the story."""
        self.line()
        self.line(self.painted(vi, BOLD))
        self.line(self.painted(en, DIM))
