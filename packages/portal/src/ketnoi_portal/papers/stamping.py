"""A rehearsal's signature is seen on the paper: a field where the form has its signature block, with name and time."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Final

from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.stamp import StaticStampStyle

from ketnoi_pages.clock import HANOI
from ketnoi_portal.papers.making import Form, make_pdf

SEAT: Final = "chu-ky"
"""The name under which a form tells where its signature block is (forms/decree.typ)."""
_WIDE, _HIGH, _ASIDE, _BETWEEN = 190, 28, 23, 2
# Whoever follows a name within a file is shown a little of what is above.
_ABOVE: Final = 12
_MOST: Final = 2
"""As many as the block has room for; further signatures are there, but not to be seen."""


def place(writer: IncrementalPdfFileWriter, field: str, before: int) -> bool:
    """Add a signature field where it is seen, after `before` others; False where the paper has no room or no seat."""
    seat = _seat(writer)
    if seat is None or before >= _MOST:
        return False
    page, left, top = seat
    upper = top - _ABOVE - before * (_HIGH + _BETWEEN)
    box = (left + _ASIDE, upper - _HIGH, left + _ASIDE + _WIDE, upper)
    told = tuple(round(each) for each in box)
    append_signature_field(writer, SigFieldSpec(sig_field_name=field, on_page=page, box=told))  # type: ignore[arg-type]
    return True


def look_of(signer: str, at: datetime) -> StaticStampStyle:
    """What is seen in the field: set by the forms' own typesetter, with the letters of the forms."""
    moment = at.astimezone(HANOI).strftime("%d/%m/%Y %H:%M:%S")
    made = make_pdf(Form.STAMP, {"title": "Chữ ký", "name": signer, "moment": moment}, at)
    return StaticStampStyle(background=_Made(made), background_opacity=1, border_width=0, background_layout=_FILLING)


class _Made(PdfContent):
    """The first page of a PDF, to be drawn within another."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__(box=BoxConstraints(width=_WIDE, height=_HIGH))
        self._pdf = pdf

    def render(self) -> bytes:
        """Bring the page over as an object, and say how it is drawn."""
        self.resources.xobject["/Seen"] = self.writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        return b"/Seen Do"


_FILLING: Final = SimpleBoxLayoutRule(
    AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, Margins(0, 0, 0, 0), InnerScaling.STRETCH_TO_FIT
)


def _seat(writer: IncrementalPdfFileWriter) -> tuple[int, float, float] | None:
    """The page (from 0) and the point where the signature block of a form begins."""
    try:
        names = writer.root["/Names"]["/Dests"]["/Names"]
        where = {str(names[at]): names[at + 1] for at in range(0, len(names), 2)}[SEAT]
        target = where.raw_get(0)
        left, top = float(where[2]), float(where[3])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    for number in range(int(writer.root["/Pages"]["/Count"])):
        found, _ = writer.find_page_for_modification(number)
        if found.reference == target.reference:
            return number, left, top
    return None
