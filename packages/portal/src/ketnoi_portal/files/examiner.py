"""One PDF is examined in a process of its own, which may use only so much memory and time, and no network.

TASK takes an Order (msgpack) and gives an Examination (JSON); apart.py runs it. Whatever a file does to the reader, it
does it there.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Final

import msgspec

from ketnoi_portal.files.apart import Task

MEMORY: Final = 1536 * 1024 * 1024
SECONDS: Final = 30


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A file, the trust list (name → PEM), and the moment to judge at."""

    pdf: bytes
    issuers: dict[str, str]
    at: datetime


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature. `problems` are codes (papers.verdicts has their words); none: it holds.

    `stamped_at` is proved by a time stamp of a trusted authority; `claimed_at` is what the signing software says.
    `revocation` is `good`, `revoked` or `unknown`: nothing is asked over the network, what the file carries counts.
    """

    field: str
    signer: str = ""
    organisation: str = ""
    authority: str = ""
    claimed_at: datetime | None = None
    stamped_at: datetime | None = None
    revocation: str = "unknown"
    problems: tuple[str, ...] = ()


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: `dangers` for which the file is refused, its signatures, and the mark of a paper made here."""

    dangers: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    keywords: tuple[str, ...] = ()
    pages: int = 0


def examine(order: Order) -> Examination:
    """Look into the file; every way of being unreadable ends as the danger `unreadable`."""
    from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    from ketnoi_portal.files.pdf_dangers import dangers
    from ketnoi_portal.files.pdf_signatures import issuers_of, judge

    try:
        strict, reader = _open(PdfFileReader, order.pdf)
        found = dangers(reader)
        if found:
            return Examination(dangers=tuple(found))
        pages = int(reader.root["/Pages"]["/Count"])
        signatures = judge(reader, issuers_of(order.issuers), order.at)
        if not strict:
            # A sloppy file may be shown otherwise by another reader: what it proves is not certain.
            signatures = [msgspec.structs.replace(each, problems=("malformed",)) for each in signatures]
        return Examination(signatures=tuple(signatures), keywords=_keywords(reader), pages=pages)
    except PdfDecodeLimitError:
        return Examination(dangers=("bomb",))
    except (PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RecursionError):
        return Examination(dangers=("unreadable",))


def _open(kind: type, pdf: bytes) -> tuple[bool, object]:
    from pyhanko.pdf_utils.misc import PdfError

    try:
        reader = kind(BytesIO(pdf), strict=True)
        _ = reader.root["/Pages"]
    except PdfError:
        return False, kind(BytesIO(pdf), strict=False)
    return True, reader


def _keywords(reader: object) -> tuple[str, ...]:
    from pyhanko.pdf_utils.misc import PdfError

    try:
        told = reader.trailer["/Info"]["/Keywords"]  # type: ignore[attr-defined]
    except (PdfError, KeyError):
        return ()
    return tuple(each.strip() for each in str(told)[:500].split(","))[:10]


def _load() -> None:
    """Everything that an examination may need."""

    import ketnoi_portal.files.pdf_dangers
    import ketnoi_portal.files.pdf_signatures  # noqa: F401


def _work(order: bytes) -> bytes:
    try:
        found = examine(msgspec.msgpack.decode(order, type=Order))
    except MemoryError:
        found = Examination(dangers=("bomb",))
    return msgspec.json.encode(found)


TASK: Final = Task(MEMORY, SECONDS, _load, _work)
