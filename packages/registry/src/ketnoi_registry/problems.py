"""Refusals as the registry writes them: problem details (RFC 9457) with a code of the one table."""

from __future__ import annotations

from typing import Final

import msgspec

from ketnoi_protocol.errors import Refusal

TYPE_PREFIX: Final = "urn:ketnoi:error:"
CONTENT_TYPE: Final = "application/problem+json"

STATUS: Final = {"unknown_service": 404, "bad_request": 400}
"""Statuses that differ from the table's, which are those of a security server."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, in Vietnamese (`title`) and English, and what to do. `detail` names a field or header, and never
    quotes a value."""

    type: str
    code: str
    status: int
    title: str
    title_en: str
    mend_vi: str
    mend_en: str
    detail: str = ""


def problem_of(refusal: Refusal, status: int | None = None) -> Problem:
    """The problem that tells a refusal; with another HTTP status than the table's where one is given."""
    row = refusal.row
    return Problem(
        type=TYPE_PREFIX + refusal.code,
        code=refusal.code,
        status=status or STATUS.get(refusal.code, row.status),
        title=row.title_vi,
        title_en=row.title_en,
        mend_vi=row.mend_vi,
        mend_en=row.mend_en,
        detail=refusal.detail,
    )
