"""Objections become visible in the order of their ids, so that whoever fetches on from the last one misses none."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg

from ketnoi_identity.looks import objections
from ketnoi_protocol.citizens import Look
from ketnoi_protocol.services import Service, System

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ACCOUNT = """
INSERT INTO account (id, personal_number, full_name, birth_text, level, state, created_at, sessions_after)
VALUES (%s, %s, 'An', '1990', 2, 'active', %s, %s)
"""


def look(message: str) -> Look:
    return Look(
        at=AT,
        place="1.1",
        system=System.POPULATION,
        service=Service.LOOK_UP_CITIZEN,
        organisation="H55",
        message_id=message,
        role="subject",
        unit="H55",
        procedure="1.001",
        fields=(),
        result="00",
    )


def account(connection: psycopg.Connection[Any], number: str) -> uuid.UUID:
    made = uuid.uuid4()
    connection.execute(_ACCOUNT, [str(made), number, AT, AT])
    return made


def seen(connection: psycopg.Connection[Any], after: int) -> list[tuple[int, str]]:
    return connection.execute("SELECT id, message_id FROM objection WHERE id > %s ORDER BY id", [after]).fetchall()


def test_of_two_at_the_same_time_the_later_number_waits_for_the_earlier(
    connection: psycopg.Connection[Any], database: str
) -> None:
    first, second = account(connection, "990089000001"), account(connection, "990190000003")

    def object_to(message: str, whose: uuid.UUID) -> None:
        with psycopg.connect(database) as other, other.cursor() as cursor:
            assert objections.make(cursor, whose, look(message), "Tôi không làm thủ tục nào.", AT, AT)

    with psycopg.connect(database) as slow, slow.cursor() as cursor:
        assert objections.make(cursor, first, look("M-1"), "Tôi không làm thủ tục nào.", AT, AT)
        quick = threading.Thread(target=object_to, args=("M-2", second))
        quick.start()
        quick.join(1.0)
        fetched = seen(connection, 0)
        last = max((number for number, _ in fetched), default=0)
        slow.commit()
    quick.join()
    told = [message for _, message in fetched + seen(connection, last)]
    assert told == ["M-1", "M-2"]
