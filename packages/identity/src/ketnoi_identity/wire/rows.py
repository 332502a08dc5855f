"""Rows of consents as the rules read them."""

from __future__ import annotations

from typing import Final

import asyncpg

from ketnoi_protocol.services import Service

from ..consent.rules import Consent

COLUMNS: Final = (
    "id, organisation, service, fields, procedure_code, one_time, personal_number, answer_by, agreed, valid_until,"
    " revoked_at, used_up_by, used_up_at"
)
LONGEST_TEXT: Final = 255
"""Codes of organisations, units, officers, procedures and messages are no longer than that."""


def consent_of(row: asyncpg.Record) -> Consent:
    """The consent of a row that has COLUMNS."""
    return Consent(
        organisation=row["organisation"],
        service=Service(row["service"]),
        fields=tuple(row["fields"]),
        procedure_code=row["procedure_code"],
        one_time=row["one_time"],
        personal_number=row["personal_number"],
        answer_by=row["answer_by"],
        agreed=row["agreed"],
        valid_until=row["valid_until"],
        revoked_at=row["revoked_at"],
        used_up_by=row["used_up_by"],
        used_up_at=row["used_up_at"],
    )
