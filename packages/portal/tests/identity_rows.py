"""What citizens and officers leave in an identity system's own database."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import psycopg

from ketnoi_pages import clock


def objection(
    there: psycopg.Connection[Any], organisation: str = "H55", reason: str = "Tôi không làm thủ tục này"
) -> int:
    """As a citizen makes one; its id."""
    account, at = uuid.uuid4(), clock.now()
    there.execute(
        "INSERT INTO account (id, level, state, sessions_after, created_at, closed_at)"
        " VALUES (%s, 2, 'closed', %s, %s, %s)",
        [account, at, at, at],
    )
    row = there.execute(
        "INSERT INTO objection (account, organisation, unit, message_id, system, service, procedure_code, looked_at,"
        " reason, made_at, due_at) VALUES (%s, %s, 'H55.02', %s, 'population', 'look_up_citizen', '1.001', %s, %s, %s,"
        " %s) RETURNING id",
        [account, organisation, str(uuid.uuid4()), at, reason, at, at + timedelta(days=2)],
    ).fetchone()
    assert row is not None
    return int(row[0])


def officer(there: psycopg.Connection[Any], code: str, at: datetime, *, version: str = "", digest: bytes = b"") -> None:
    account = uuid.uuid4()
    number = "9" + f"{uuid.uuid4().int % 10**11:011d}"
    there.execute(
        "INSERT INTO account (id, personal_number, level, state, sessions_after, created_at)"
        " VALUES (%s, %s, 2, 'active', %s, %s)",
        [account, number, at, at],
    )
    there.execute("INSERT INTO officer VALUES ('H55', %s, %s, %s)", [code, account, at])
    if version:
        there.execute("INSERT INTO terms VALUES (%s, %s, %s)", [version, digest, at - timedelta(days=4000)])
        there.execute("INSERT INTO terms_acceptance VALUES (%s, %s, %s, %s)", [account, version, digest, at])
    else:
        there.execute(
            "INSERT INTO terms_acceptance SELECT %s, version, sha256, %s FROM terms WHERE valid_from <= %s"
            " ORDER BY valid_from DESC LIMIT 1",
            [account, at, at],
        )
