"""ZIP files in exactly the form that X-Road's writer gives them, and a reader that leaves no byte unexplained.

The reader accepts plain ZIP only: entries one after the other in the order of the central directory, nothing between
them, stored or deflated, whatever is said twice said alike, no extra fields but times and owners. So two programs
cannot read two things out of one file, and nothing unpacks to more than was allowed. The fields are those of APPNOTE
6.3.10.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ketnoi_trust.errors import Refused

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 64 * 1024 * 1024

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_DESCRIPTOR = struct.Struct("<4s3I")
_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGIC, _DESCRIPTOR_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x07\x08"
_LONGEST_COMMENT = 0xFFFF

_VERSION = 20
_STORED, _DEFLATED = 0, 8
_HAS_DESCRIPTOR, _UTF_8 = 0x0008, 0x0800
_KNOWN_FLAGS = _HAS_DESCRIPTOR | _UTF_8 | 0x0006  # bits 1 and 2 say how hard the deflater tried
_LARGEST_BLOCK = 0xFFFF
_UNIX_TIME = b"UT\x05\x00\x01"
# Extra fields of which nobody reads another name, size or content: Unix time, NTFS times, Unix owner.
_EXTRA = struct.Struct("<2H")
_KNOWN_EXTRAS = frozenset((0x5455, 0x000A, 0x7875))
# Above this size nobody deflates a second time only to compare.
_MOST_DEFLATED_AGAIN = 8 * 1024 * 1024

# A relative path without `.` and `..`, so that nobody who unpacks the file is led elsewhere.
_NAME = re.compile(r"(?!/)(?!(?:.*/)?\.{1,2}(?:/|\Z))[^\x00-\x1f\\\x7f]+")
_LONGEST_NAME = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its name with forward slashes, its content, and how it stands in the ZIP.

    `stream` is the content as packed, `clock` MS-DOS's time and date, `extra` the local header's extra field.
    """

    name: str
    content: bytes = field(repr=False)
    stream: bytes = field(repr=False)
    clock: tuple[int, int]
    extra: bytes = field(repr=False)


def write(files: Iterable[tuple[str, bytes]], at: datetime, comment: bytes) -> bytes:
    """A ZIP laid out as X-Road's writer does it, every entry with the time `at` (aware, 1980 to 2105).

    The contents are deflated into stored blocks, which any inflater reads: so the same content gives the same bytes
    with every version of every deflater, for as long as evidence must last (our choice).
    Raises Refused("asic_malformed") for a moment that cannot be written.
    """
    moment = at.astimezone(UTC)
    if not 1980 <= moment.year <= 2105:
        raise _malformed("the moment cannot stand in a ZIP file")
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    date = moment.year - 1980 << 9 | moment.month << 5 | moment.day
    extra = _UNIX_TIME + int(moment.timestamp()).to_bytes(4, "little")
    entries = [Entry(name, content, _in_stored_blocks(content), (time, date), extra) for name, content in files]
    return _laid_out(entries, comment)


def is_canonical(data: bytes, entries: Sequence[Entry], comment: bytes) -> bool:
    """Whether these octets are what X-Road's writer or `write` makes of these entries, down to the last bit.

    Not canonical is what another deflater than zlib has packed, and what is larger than 8 MiB and not in stored
    blocks. The time must be the same everywhere, but may be any.
    """
    first = entries[0]
    if len(first.extra) != len(_UNIX_TIME) + 4 or not first.extra.startswith(_UNIX_TIME):
        return False
    alike = [Entry(each.name, each.content, each.stream, first.clock, first.extra) for each in entries]
    deflated_again = sum(len(each.content) for each in entries) <= _MOST_DEFLATED_AGAIN
    return data == _laid_out(alike, comment) and all(
        each.stream == _in_stored_blocks(each.content) or (deflated_again and each.stream == _deflated(each.content))
        for each in entries
    )


def read(data: bytes, most_entries: int) -> list[Entry]:
    """The entries in order, folders left out. Raises Refused("asic_malformed")."""
    if len(data) > MAX_FILE_BYTES:
        raise _malformed("the file is too large")
    try:
        entries = list(_entries(data, most_entries))
    except (struct.error, zlib.error, UnicodeDecodeError) as error:
        raise _malformed("the file cannot be unpacked") from error
    if len({each.name.lower() for each in entries}) != len(entries):
        raise _malformed("a name stands twice in the file")
    for each in entries:
        if not _NAME.fullmatch(each.name) or (each.name.endswith("/") and each.content):
            raise _malformed("a name in the file is not that of a file")
    return [each for each in entries if not each.name.endswith("/")]


def _entries(data: bytes, most_entries: int) -> Iterator[Entry]:
    central, end, count = _directory(data)
    if count > most_entries:
        raise _malformed("the file has too many entries")
    position, cursor, room = 0, central, MAX_UNPACKED_BYTES
    for _ in range(count):
        magic, _, _, *how, crc, packed, size, name, extra, comment, disk, _, _, offset = _CENTRAL.unpack_from(
            data, cursor
        )
        begin = cursor + _CENTRAL.size
        cursor = begin + name + extra + comment
        if magic != _CENTRAL_MAGIC or disk or offset != position or cursor > end or name > _LONGEST_NAME:
            raise _malformed("the file's directory does not describe it")
        _check_extra(data[begin + name : begin + name + extra])
        room -= size
        if room < 0:
            raise _malformed("the file unpacks to too much")
        entry, position = _entry(data, position, how, (crc, packed, size), data[begin : begin + name])
        yield entry
    if position != central or cursor != end:
        raise _malformed("the file has octets that belong to no entry")


def _directory(data: bytes) -> tuple[int, int, int]:
    """Where the central directory begins and ends, and how many entries it has."""
    first = max(0, len(data) - _END.size - _LONGEST_COMMENT)
    found = (first + each.start() for each in re.finditer(re.escape(_END_MAGIC), data[first:]))
    # A comment may hold the same four octets, but then it is not for the reader to choose.
    ends = [each for each in found if each + _END.size + _number(data, each + _END.size - 2) == len(data)]
    if len(ends) != 1:
        raise _malformed("the file has no end, or several")
    _, disk, first_disk, here, count, size, offset, _ = _END.unpack_from(data, ends[0])
    if disk or first_disk or here != count or offset + size != ends[0]:
        raise _malformed("the file's directory is not where it should be")
    return offset, ends[0], count


def _number(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 2], "little")


def _entry(data: bytes, position: int, how: list[int], sums: tuple[int, int, int], name: bytes) -> tuple[Entry, int]:
    """The entry whose local header stands at `position`, and where the next one begins."""
    magic, _, *own_how, own_crc, own_packed, own_size, name_length, extra_length = _LOCAL.unpack_from(data, position)
    names = position + _LOCAL.size
    begin = names + name_length + extra_length
    _check_extra(data[names + name_length : begin])
    (crc, packed, size), (flags, method, time, date) = sums, how
    after = begin + packed
    own_sums = (own_crc, own_packed, own_size)
    if flags & _HAS_DESCRIPTOR:
        # The header was written before the sums were known.
        agree = own_sums == (0, 0, 0) and _DESCRIPTOR.unpack_from(data, after) == (_DESCRIPTOR_MAGIC, *sums)
        after += _DESCRIPTOR.size
    else:
        agree = own_sums == sums
    if not agree or magic != _LOCAL_MAGIC or own_how != how or data[names : names + name_length] != name:
        raise _malformed("an entry and the file's directory disagree")
    stream = data[begin : begin + packed]
    if flags & ~_KNOWN_FLAGS or method not in (_STORED, _DEFLATED):
        raise _malformed("an entry is packed in an unknown way")
    content = stream if method == _STORED else _inflated(stream, size)
    if len(content) != size or zlib.crc32(content) != crc:
        raise _malformed("an entry is damaged")
    return Entry(name.decode("utf-8"), content, stream, (time, date), data[begin - extra_length : begin]), after


def _check_extra(extra: bytes) -> None:
    position = 0
    while position < len(extra):
        kind, length = _EXTRA.unpack_from(extra, position)
        position += _EXTRA.size + length
        if kind not in _KNOWN_EXTRAS or position > len(extra):
            raise _malformed("an entry has an extra field that is not known here")


def _inflated(stream: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    # One octet of room more than announced, so that the end of the stream is reached and a longer one shows.
    content = inflater.decompress(stream, size + 1)
    if not inflater.eof or inflater.unused_data:
        raise _malformed("an entry does not end where it should")
    return content


def _deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


def _in_stored_blocks(content: bytes) -> bytes:
    blocks = []
    for start in range(0, max(len(content), 1), _LARGEST_BLOCK):
        block = content[start : start + _LARGEST_BLOCK]
        is_last = start + _LARGEST_BLOCK >= len(content)
        blocks.append(struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block)
    return b"".join(blocks)


def _laid_out(entries: Sequence[Entry], comment: bytes) -> bytes:
    flags = _HAS_DESCRIPTOR | _UTF_8
    parts, directory, position = [], [], 0
    for each in entries:
        name = each.name.encode()
        how = (_VERSION, flags, _DEFLATED, *each.clock)
        sums = (zlib.crc32(each.content), len(each.stream), len(each.content))
        lengths = (len(name), len(each.extra))
        written = (
            _LOCAL.pack(_LOCAL_MAGIC, *how, 0, 0, 0, *lengths)
            + name
            + each.extra
            + each.stream
            + _DESCRIPTOR.pack(_DESCRIPTOR_MAGIC, *sums)
        )
        directory.append(
            _CENTRAL.pack(_CENTRAL_MAGIC, _VERSION, *how, *sums, *lengths, 0, 0, 0, 0, position) + name + each.extra
        )
        parts.append(written)
        position += len(written)
    listed = b"".join(directory)
    counts = (len(entries), len(entries))
    end = _END.pack(_END_MAGIC, 0, 0, *counts, len(listed), position, len(comment))
    return b"".join((*parts, listed, end, comment))


def _malformed(message: str) -> Refused:
    return Refused("asic_malformed", message, 1)
