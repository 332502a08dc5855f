"""A CSV file as it comes from an operator: what it is, byte for byte, and which columns it has."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from .columns import TOGETHER
from .cutting import LONGEST_LINE

_NAME = re.compile("[a-z_]{1,40}")


class InputError(Exception):
    """A file to be loaded cannot be used; the text says where and why, and quotes nothing that may be personal."""


@dataclass(frozen=True, slots=True)
class CsvInput:
    """One file: where it lies, its SHA-256, its header's columns, and the octets that the header takes."""

    file: Path
    digest: bytes
    header: tuple[str, ...]
    header_octets: int
    stamp: tuple[int, int]

    @classmethod
    def open(cls, file: Path, known: Collection[str], required: Sequence[str]) -> CsvInput:
        """Read the file once, for its digest, and its header. Raises InputError, and OSError."""
        stamp = _stamp(file)
        with file.open("rb") as plain:
            digest = hashlib.file_digest(plain, "sha256").digest()
        with _unpacking(file), _reading(file) as text:
            line = text.readline(LONGEST_LINE)
        end = len(line)
        if 0 <= (lone := line.find(b"\r")) < len(line) - 1 and line[lone + 1 : lone + 2] != b"\n":
            end = lone + 1
        return cls(file, digest, _header(file, line[:end], known, required), end, stamp)

    @contextmanager
    def at(self, octets: int) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """The text from `octets` on, and the file beneath it (which is another when compressed), to see how far it is.

        Raises InputError when the file is not the one that was opened.
        """
        self.check()
        with self.file.open("rb") as plain:
            text: IO[bytes] = gzip.GzipFile(fileobj=plain) if is_packed(self.file) else plain  # type: ignore[assignment]
            with _unpacking(self.file):
                text.seek(octets)
                yield text, plain

    def check(self) -> None:
        """Raises InputError when the file has been written to since it was opened."""
        if _stamp(self.file) != self.stamp:
            raise InputError(f"{self.file}: tệp bị sửa khi đang nạp · the file was changed while it was loaded")


def is_packed(file: Path) -> bool:
    """Whether its name says that it is compressed; Windows writes names in capitals too."""
    return file.suffix.lower() == ".gz"


BROKEN: Final = (EOFError, zlib.error, gzip.BadGzipFile)
"""What a compressed file raises that is cut off or spoilt."""


@contextmanager
def _unpacking(file: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN:
        raise InputError(f"{file}: tệp nén bị hỏng hoặc thiếu · the compressed file is broken or cut off") from None


@contextmanager
def _reading(file: Path) -> Iterator[IO[bytes]]:
    with gzip.open(file) if is_packed(file) else file.open("rb") as text:
        yield text  # type: ignore[misc]


def _stamp(file: Path) -> tuple[int, int]:
    found = os.stat(file)  # noqa: PTH116
    return found.st_size, found.st_mtime_ns


def _header(file: Path, line: bytes, known: Collection[str], required: Sequence[str]) -> tuple[str, ...]:
    if not line.strip():
        raise InputError(f"{file}: tệp trống, không có dòng tiêu đề · the file is empty, it has no header")
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            f"{file}: tệp là UTF-16, hãy lưu lại là CSV UTF-8 · the file is UTF-16, save it as CSV in UTF-8"
        )
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise InputError(f"{file}: dòng tiêu đề không phải UTF-8 · the header is not UTF-8") from None
    if "," not in text and (";" in text or "\t" in text):
        raise InputError(f"{file}: các cột phải cách nhau bằng dấu phẩy · columns must be separated by commas")
    names = [name.strip().strip('"') for name in text.split(",")]
    wrong = [
        # A file without a header begins with somebody's data, which must not be repeated.
        f"{number}" + (f" ({name})" if _NAME.fullmatch(name) else "")
        for number, name in enumerate(names, 1)
        if name not in known
    ]
    if wrong:
        raise InputError(f"{file}: cột không có trong bảng · columns that are not known: {', '.join(wrong)}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{file}: cột lặp lại · columns that come twice: {', '.join(twice)}")
    groups = [group for group in TOGETHER if set(group) & set(names)]
    missing = [name for group in (required, *groups) for name in group if name not in names]
    if missing:
        raise InputError(f"{file}: thiếu cột · columns are missing: {', '.join(missing)}")
    return tuple(names)
