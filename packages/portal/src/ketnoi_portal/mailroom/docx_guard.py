"""What a DOCX may hold before anything opens it: a small ZIP of plain XML that points to nothing outside itself."""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO
from typing import Final

from ketnoi_portal.mailroom.limits import MOST_DOCX_ENTRIES, MOST_DOCX_UNPACKED, MOST_DOCX_XML
from ketnoi_portal.mailroom.submission import Refused

_ACTIVE: Final = re.compile(r"vbaproject|vbadata|/embeddings/|/activex/|oleobject|\.bin$|\.exe$|\.dll$|afchunk", re.I)
_EXTERNAL: Final = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.I)
_HYPERLINK: Final = re.compile(rb"Type\s*=\s*[\"'][^\"']*/hyperlink[\"']", re.I)
_ENCODING: Final = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)[\"']", re.I)
_FIELD: Final = re.compile(rb"\b(DDEAUTO|DDE|INCLUDETEXT|INCLUDEPICTURE)\b")
_BLOCK: Final = 64 * 1024


def is_package(data: bytes) -> bool:
    """Whether it looks like a ZIP, or like the container of an encrypted document."""
    return data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))


def check_package(data: bytes) -> None:
    """Raises Refused for a package that is anything but a plain document."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("docx_encrypted")
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            _check(package)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise Refused("docx_broken") from error


def _check(package: zipfile.ZipFile) -> None:
    entries = package.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MOST_DOCX_ENTRIES or sum(entry.file_size for entry in entries) > MOST_DOCX_UNPACKED:
        raise Refused("docx_bomb")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Refused("docx_encrypted")
    if len({name.casefold() for name in names}) != len(names) or any(_is_strange(name) for name in names):
        raise Refused("docx_bad_path")
    if not {"[Content_Types].xml", "word/document.xml"} <= set(names):
        raise Refused("docx_not_the_form")
    if any(_ACTIVE.search(f"/{name}") for name in names):
        raise Refused("docx_macro")
    left = MOST_DOCX_UNPACKED
    for entry in entries:
        is_xml = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
        # What the directory declares may be a lie: counted again while it is unpacked.
        content = _unpacked(package, entry, min(left, MOST_DOCX_XML if is_xml else left))
        left -= len(content)
        if is_xml:
            _check_xml(entry.filename, content)


def _is_strange(name: str) -> bool:
    parts = name.split("/")
    return "\\" in name or "\0" in name or ":" in name or name.startswith("/") or ".." in parts or len(name) > 200


def _unpacked(package: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    found = bytearray()
    with package.open(entry) as opened:
        while block := opened.read(_BLOCK):
            found += block
            if len(found) > most:
                raise Refused("docx_bomb")
    return bytes(found)


def _check_xml(name: str, content: bytes) -> None:
    plain = content.removeprefix(b"\xef\xbb\xbf")
    declared = _ENCODING.match(plain[:200])
    if plain[:2] in (b"\xfe\xff", b"\xff\xfe") or b"\0" in plain[:200]:
        raise Refused("docx_entities")
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        raise Refused("docx_entities")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise Refused("docx_entities")
    if name.endswith(".rels"):
        if any(not _HYPERLINK.search(each) for each in _EXTERNAL.findall(plain)):
            raise Refused("docx_external")
    elif b"altChunk" in plain:
        raise Refused("docx_macro")
    elif b"instrText" in plain and _FIELD.search(plain):
        raise Refused("docx_external")
