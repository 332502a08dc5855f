"""Refusals as the wire writes them: problem details (RFC 9457) with a code of the one table."""

from __future__ import annotations

from typing import Final

import msgspec

from ketnoi_protocol.errors import Refusal

CONTENT_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:ketnoi:error:"
_STATUS: Final = {"unknown_service": 404, "bad_request": 400, "message_too_large": 413, "12": 409}
"""Statuses that differ from the table's, which are those of a security server."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, in Vietnamese (`title`) and English. `detail` names a field, and never quotes a value."""

    type: str
    code: str
    status: int
    title: str
    title_en: str
    detail: str = ""


def problem_of(refusal: Refusal) -> Problem:
    """The problem that tells a refusal."""
    row = refusal.row
    return Problem(
        type=_TYPE_PREFIX + refusal.code,
        code=refusal.code,
        status=_STATUS.get(refusal.code, row.status),
        title=row.title_vi,
        title_en=row.title_en,
        detail=refusal.detail,
    )
