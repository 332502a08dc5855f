"""Have a PDF examined, within bounds, by a process of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from ketnoi_portal.files.apart import Apart, Broken, Exhausted
from ketnoi_portal.files.examiner import Examination, Order
from ketnoi_portal.files.uploads import DANGERS, PDF, Upload, UploadRefused
from ketnoi_portal.settings import Settings

WAIT: Final = 45.0
"""Seconds after which an examination is given up; the process bounds its own computing time before."""

_APART: Final = Apart("ketnoi_portal.files.examiner")


def trust_list(own: Settings) -> dict[str, str]:
    """The certificates (PEM) of the issuers that the settings name, by the name that people read."""
    return {name: own.path(file).read_text(encoding="utf-8") for name, file in own.signing.issuers.items()}


def examine(pdf: bytes, issuers: dict[str, str], at: datetime) -> Examination:
    """What stands in a PDF. A file that exhausts its bounds is a `bomb`, one that breaks the reader `unreadable`.

    Raises OSError when no process can be started: that is no fault of the file.
    """
    order = msgspec.msgpack.encode(Order(pdf=pdf, issuers=issuers, at=at))
    try:
        return msgspec.json.decode(_APART.do(order, WAIT), type=Examination)
    except Exhausted:
        return Examination(dangers=("bomb",))
    except Broken:
        return Examination(dangers=("unreadable",))


def examine_safe(pdf: bytes, issuers: dict[str, str], at: datetime) -> Examination:
    """What stands in a PDF that carries nothing dangerous. Raises UploadRefused with the first danger's words."""
    found = examine(pdf, issuers, at)
    if found.dangers:
        raise UploadRefused(DANGERS[found.dangers[0]])
    return found


def check_inside(upload: Upload, at: datetime) -> None:
    """For files that need no signature: raises UploadRefused for a PDF that carries what it must not."""
    if upload.media_type == PDF:
        examine_safe(upload.data, {}, at)
