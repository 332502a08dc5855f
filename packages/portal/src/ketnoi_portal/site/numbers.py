"""Whole numbers that a request sends: versions of what was seen, keys of rows."""

from __future__ import annotations

import re
from typing import Final

from django.core.exceptions import BadRequest

# The keys and counts of our tables are smaller than a thousand million; `str.isdigit` would let `²` in as well.
_WHOLE: Final = re.compile(r"[0-9]{1,9}")


def whole(text: str) -> int | None:
    """The number that 1 to 9 ASCII digits write; None for anything else."""
    return int(text) if _WHOLE.fullmatch(text) else None


def sent_number(text: str) -> int | None:
    """The number in a hidden field; None where a form has none. Raises BadRequest for what no page of ours sends."""
    found = whole(text)
    if found is None and text:
        raise BadRequest("no whole number")
    return found
