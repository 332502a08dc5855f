"""Papers as PDF/A-2b: a form of this package, set by typst from data.

Data reach the form as one JSON value, never as source. Only the fonts named here are used, so that the same data make
the same bytes on every machine that has them.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

FORMS: Final = Path(__file__).parent / "forms"
# Liberation Serif (OFL) has the widths of Times New Roman, which the decree asks for. Without Debian's package typst
# sets Libertinus Serif, which it carries and which has every Vietnamese letter too.
_FONTS: Final = (Path("/usr/share/fonts/truetype/liberation"), Path("/usr/share/fonts/truetype/liberation2"))
LARGEST_DATA: Final = 2 * 1024 * 1024


class Form(StrEnum):
    """The forms that this package carries."""

    REGISTRATION = "registration"
    ACCOUNTS = "accounts"
    COMMITMENT_ORGANISATION = "commitment_organisation"
    COMMITMENT_PERSON = "commitment_person"
    SURVEY = "survey"
    CONFIRMATION = "confirmation"
    DECISION = "decision"
    STAMP = "stamp"


@cache
def _fonts(debian: bool) -> typst.Fonts:
    folders = [folder for folder in _FONTS if folder.is_dir()] if debian else []
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(folders))


def make_pdf(form: Form, data: dict[str, Any], at: datetime, *, debian_fonts: bool = True) -> bytes:
    """The PDF of a form with these data. `at` (aware) becomes its creation date.

    Raises ValueError when the data are larger than any paper can be.
    """
    told = unicodedata.normalize("NFC", json.dumps(data, ensure_ascii=False, sort_keys=True))
    if len(told) > LARGEST_DATA:
        raise ValueError("more data than a paper can hold")
    made = typst.compile(
        FORMS / f"{form}.typ",
        root=FORMS,
        font_paths=_fonts(debian_fonts),
        sys_inputs={"data": told},
        pdf_standards="a-2b",
        timestamp=int(at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made
