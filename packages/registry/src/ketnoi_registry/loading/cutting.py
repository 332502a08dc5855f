"""Cutting a CSV file into batches of lines that COPY can take, and telling which lines it could not.

COPY ends at the first line that it cannot cut into columns; one such line must not end a load. So lines are counted
out here: one record is one line, and what COPY would stumble over (columns, quotation, encoding, NUL) is taken out
before. It costs a fraction of a microsecond a line, since a line without a quotation mark has only to be counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import methodcaller
from typing import IO

LONGEST_LINE = 64 * 1024
"""Octets of one line, at most [our choice]; a person takes some three hundred."""

BLOCK = 4 * 1024 * 1024
"""Octets that are read at a time: what a batch holds, and what bounds the memory."""


@dataclass(slots=True)
class Batch:
    """Some lines of the file.

    `text` is CSV for COPY, each line with its number in front. `lines` and `octets` say how far into the file
    (uncompressed) the batch reaches, its last line's end included. `refused` holds (line, code).
    """

    text: bytes
    count: int
    lines: int
    octets: int
    refused: list[tuple[int, str]] = field(default_factory=list)


class Cutter:
    """Cuts what follows the header. `columns` is the header's number of columns."""

    def __init__(self, columns: int) -> None:
        self._commas = columns - 1
        one = rb'(?:[^",]*|"(?:[^"]|"")*")'
        self._quoted = re.compile(one + rb"(?:,%b){%d}" % (one, self._commas))
        self._well_quoted = re.compile(one + rb"(?:,%b)*" % one)

    def batches(self, file: IO[bytes], lines: int, octets: int, block: int = BLOCK) -> Iterator[Batch]:
        """The batches of `file`, which stands at `octets`, after `lines` lines."""
        carried, overlong = b"", False
        while True:
            read = file.read(block)
            data = carried + read
            end = _end_of_lines(data) if read else len(data)
            if not end:
                if not read:
                    return
                # The middle of a line that is longer than a block: it is forgotten as it comes.
                if len(data) > max(block, LONGEST_LINE):
                    overlong, octets, carried = True, octets + len(data) - 1, data[-1:]
                else:
                    carried = data
                continue
            carried, piece = data[end:], data[:end]
            octets += len(piece)
            batch = self._batch(piece, lines, octets, overlong)
            yield batch
            lines, overlong = batch.lines, False

    def _batch(self, piece: bytes, before: int, octets: int, overlong: bool) -> Batch:
        found = _split(piece)
        numbers = range(before + 1, before + 1 + len(found))
        refused: list[tuple[int, str]] = []
        if overlong:
            refused.append((numbers[0], "line_too_long"))
            found[0] = b""
        plain = b'"' not in piece and b"\0" not in piece and _is_utf8(piece)
        if plain and all(map(self._commas.__eq__, map(_commas_of, found))) and max(map(len, found)) <= LONGEST_LINE:
            kept = list(map(b"%d,%b".__mod__, zip(numbers, found, strict=True)))
        else:
            kept = []
            for number, line in zip(numbers, found, strict=True):
                code = self._wrong(line)
                if code is None:
                    kept.append(b"%d,%b" % (number, line))
                elif line:
                    refused.append((number, code))
        kept.append(b"")
        return Batch(b"\n".join(kept), len(kept) - 1, before + len(found), octets, refused)

    def _wrong(self, line: bytes) -> str | None:
        if len(line) > LONGEST_LINE:
            return "line_too_long"
        if b'"' in line and not self._well_quoted.fullmatch(line):
            return "quotation"
        if (b'"' not in line and line.count(b",") != self._commas) or (
            b'"' in line and not self._quoted.fullmatch(line)
        ):
            return "column_count"
        return self._encoding(line)

    @staticmethod
    def _encoding(line: bytes) -> str | None:
        if b"\0" in line:
            return "nul"
        return None if _is_utf8(line) else "not_utf8"


_commas_of = methodcaller("count", b",")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _end_of_lines(data: bytes) -> int:
    """Where the last whole line ends. A carriage return at the very end may yet be followed by its line feed."""
    return max(data.rfind(b"\n"), data.rfind(b"\r", 0, max(0, len(data) - 1))) + 1


def _split(piece: bytes) -> list[bytes]:
    if b"\r" in piece:  # line ends of any system, also mixed
        piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found = piece.split(b"\n")
    if not found[-1]:
        found.pop()
    return found
