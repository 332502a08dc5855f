"""Consents that wait, as the wire would have written them."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def ask(connection: psycopg.Connection[Any], personal_number: str, *, organisation: str = "H55") -> str:
    """A consent that waits for this person for a quarter of an hour; its code."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(26))
    at = datetime.now(UTC)
    connection.execute(
        "INSERT INTO consent (id, organisation, unit, officer, message_id, service, fields, procedure_code, purpose,"
        " one_time, lasts_seconds, personal_number, asked_at, answer_by) VALUES (%s, %s, %s, 'cb.lan', %s,"
        " 'look_up_citizen', %s, '1.001', 'Đăng ký khai sinh cho con', false, 2592000, %s, %s, %s)",
        [code, organisation, organisation, str(uuid.uuid4()), ["HoVaTen", "ThuongTru", "DanToc"], personal_number, at,
         at + timedelta(minutes=15)],
    )  # fmt: skip
    return code
