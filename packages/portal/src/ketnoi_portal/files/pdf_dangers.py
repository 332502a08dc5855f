"""What a PDF must not carry: programs, other files, a password, or more data than it seems to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

MOST_OBJECTS: Final = 100_000
MOST_REVISIONS: Final = 60
DEEPEST: Final = 60

_KEYS: Final = {
    "/JS": "javascript",
    "/JavaScript": "javascript",
    "/EmbeddedFiles": "embedded_file",
    "/EF": "embedded_file",
    "/RichMediaContent": "media",
    "/XFA": "javascript",
}
_ACTIONS: Final = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/SubmitForm": "launch",
    "/ImportData": "launch",
    "/GoToE": "launch",
    "/GoToR": "launch",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
}
_SUBTYPES: Final = {
    "/FileAttachment": "embedded_file",
    "/RichMedia": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/Screen": "media",
    "/3D": "media",
}


def dangers(reader: PdfFileReader) -> list[str]:
    """Codes of everything that is not allowed in it, over all of its revisions; empty when there is nothing."""
    if reader.encrypted:
        return ["encrypted"]
    if reader.total_revisions > MOST_REVISIONS:
        return ["too_complex"]
    found: dict[str, None] = {}
    seen = 0
    for revision in range(reader.total_revisions):
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            seen += 1
            if seen > MOST_OBJECTS:
                return [*found, "too_complex"]
            try:
                thing = reader.get_object(reference, revision=revision)
            except PdfDecodeLimitError:
                return [*found, "bomb"]
            except PdfError:
                continue  # named in the table, but not there: nothing that a reader could open
            for code in _in(thing, 0):
                found[code] = None
            if isinstance(thing, generic.StreamObject) and _is_a_bomb(thing):
                return [*found, "bomb"]
    return list(found)


def _in(thing: Any, depth: int) -> Iterator[str]:
    """What one object holds directly; what it refers to is looked at by itself."""
    if depth > DEEPEST:
        yield "too_complex"
    elif isinstance(thing, generic.DictionaryObject):
        if code := _ACTIONS.get(str(_direct(thing, "/S"))):
            yield code
        if str(_direct(thing, "/Type")) == "/EmbeddedFile":
            yield "embedded_file"
        if str(_direct(thing, "/Type")) == "/Annot" and (code := _SUBTYPES.get(str(_direct(thing, "/Subtype")))):
            yield code
        for key in thing:
            if code := _KEYS.get(key):
                yield code
            yield from _in(thing.raw_get(key), depth + 1)
    elif isinstance(thing, generic.ArrayObject):
        for at in range(len(thing)):
            yield from _in(thing.raw_get(at), depth + 1)


def _direct(thing: generic.DictionaryObject, key: str) -> Any:
    """A value, wherever it stands; None when it cannot be read."""
    try:
        return thing.get(key)
    except PdfError:
        return None


def _is_a_bomb(stream: generic.StreamObject) -> bool:
    try:
        _ = stream.data
    except PdfDecodeLimitError:
        return True
    except (PdfError, NotImplementedError, ValueError, OSError):
        # A filter of pictures, or broken data: what a reader shows of it is bounded by the page.
        return False
    return False
