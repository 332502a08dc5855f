"""A receipt on paper: what it says in words, and its signed text in codes that any phone reads, in order."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import qrcode
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from qrcode.constants import ERROR_CORRECT_L

from ketnoi_identity.settings import current
from ketnoi_pages import clock

from . import receipts, words
from .records import Kept

VERIFY_PATH: Final = "/bien-nhan/"
_PART: Final = 900
"""So many letters stand in one code: paper shows it large enough for a cheap camera."""
_EDGE: Final = 4
"""Modules left blank around a code (ISO/IEC 18004)."""


class Code(NamedTuple):
    """One QR code as a path of an SVG picture that is `size` modules wide."""

    size: int
    path: str


def codes(receipt: str) -> list[Code]:
    """The signed text in parts, each as a QR code; read one after the other they give it again."""
    return [_code(receipt[at : at + _PART]) for at in range(0, len(receipt), _PART)]


def _code(part: str) -> Code:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, border=_EDGE)
    code.add_data(part, optimize=0)
    code.make(fit=True)
    matrix = code.get_matrix()
    dark = [(x, y) for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark]
    return Code(len(matrix), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))


def sheet(request: HttpRequest, kept: Kept, back: str, file: str) -> HttpResponse:
    """The page that is printed. `back` and `file` are addresses: whence one came, and the receipt as a file."""
    assert kept.receipt is not None
    base_url = current().base_url.rstrip("/")
    told: dict[str, Any] = {
        "each": words.shown(kept, clock.now()),
        "codes": codes(kept.receipt),
        "verify_at": base_url + VERIFY_PATH,
        "keys_at": base_url + receipts.KEYS_PATH,
        "back": back,
        "file": file,
    }
    return render(request, "consent/paper.html", told)


def as_file(kept: Kept) -> HttpResponse:
    """The receipt itself, as a file."""
    answer = HttpResponse(kept.receipt, content_type="application/jose")
    # Part of the code alone: a file's name is seen by others.
    answer["Content-Disposition"] = f'attachment; filename="bien-nhan-{kept.id[:6].lower()}.jws"'
    return answer
