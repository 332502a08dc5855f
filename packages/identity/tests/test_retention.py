"""What is kept for a time only: consents with their uses, requests, objections, rows of cards; and what stays."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest

from ketnoi_identity.consent import ending, receipts, records
from ketnoi_identity.openid import keys
from ketnoi_identity.retention import _STILL, Dropped, drop
from ketnoi_identity.settings import Retention
from ketnoi_registry.access_log import Pseudonyms

from .register import PEOPLE
from .site import Site
from .test_consent_records import BY, PROOF, ask, kept
from .test_receipts import NAMES, PRINCIPAL
from .wires import NUMBER

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
PERIODS = Retention(consents_days=100, requests_days=50, objections_days=70, cards_days=30)
DAYS = timedelta(days=1)
NOTHING = Dropped(0, 0, 0, 0, 0)


@pytest.fixture
def cursor(connection):
    with connection.cursor() as cursor:
        yield cursor


def agreed(cursor: Any, **changes: Any) -> str:
    """One that lasts an hour from AT on."""
    code = ask(cursor, AT, **{"message_id": str(uuid4()), "lasts_seconds": 3600} | changes)
    assert records.agree(cursor, kept(cursor, code), BY, PROOF, "receipt", AT)
    return code


def used(cursor: Any, consent: str, at: datetime = AT, code: str = "00") -> str:
    """A use; its message."""
    message = str(uuid4())
    cursor.execute(
        "INSERT INTO consent_use (organisation, message_id, question, consent, at, unit, officer, service, fields,"
        " procedure_code, code)"
        " VALUES ('H55', %s, 'q', %s, %s, 'H55.1', 'cb.lan', 'look_up_citizen', '{}', '1.001', %s)",
        [message, consent, at, code],
    )
    return message


def account(cursor: Any) -> str:
    name = str(uuid4())
    cursor.execute(
        "INSERT INTO account (id, personal_number, full_name, birth_text, level, state, sessions_after, created_at)"
        " VALUES (%s, %s, 'Nguyễn Văn An', '1989', 2, 'active', %s, %s)",
        [name, NUMBER, AT, AT],
    )
    return name


def objected(cursor: Any, whose: str, message: str, **answers: datetime) -> int:
    """An objection to the look with this message; `answers` say who answered when."""
    cursor.execute(
        "INSERT INTO objection (account, organisation, message_id, system, service, looked_at, reason, made_at, due_at)"
        " VALUES (%s, 'H55', %s, 'identity', 'look_up_citizen', %s, 'vì sao', %s, %s) RETURNING id",
        [whose, message, AT, AT, AT],
    )
    number: int = cursor.fetchone()[0]
    for by, at in answers.items():
        cursor.execute("INSERT INTO objection_answer VALUES (%s, %s, 'trả lời', %s)", [number, by, at])
    return number


def codes(cursor: Any) -> set[str]:
    return {code for (code,) in cursor.execute("SELECT id FROM consent").fetchall()}


def count(cursor: Any, table: str) -> int:
    number: int = cursor.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return number


def test_a_consent_and_its_uses_go_together_when_their_period_is_over(connection, cursor):
    code = agreed(cursor)
    used(cursor, code)
    used(cursor, code, AT + HOUR / 2)
    end = AT + HOUR + 100 * DAYS
    assert drop(connection, PERIODS, end) == NOTHING
    assert (codes(cursor), count(cursor, "consent_use")) == ({code}, 2)
    assert drop(connection, PERIODS, end + SECOND) == Dropped(1, 0, 2, 0, 0)
    assert (codes(cursor), count(cursor, "consent_use")) == (set(), 0)
    assert drop(connection, PERIODS, end + SECOND) == NOTHING


def test_what_was_taken_back_is_counted_from_then(connection, cursor):
    code = agreed(cursor, lasts_seconds=80 * 86_400)
    assert records.take_back(cursor, kept(cursor, code), BY, AT + HOUR)
    assert drop(connection, PERIODS, AT + HOUR + 100 * DAYS) == NOTHING
    assert drop(connection, PERIODS, AT + HOUR + 100 * DAYS + SECOND).consents == 1


def test_what_is_in_force_or_waits_stays_however_old(connection, cursor):
    lasting = agreed(cursor, lasts_seconds=365 * 86_400)
    single = agreed(cursor, lasts_seconds=365 * 86_400, one_time=True)
    used(cursor, lasting)
    cursor.execute("UPDATE consent SET used_up_by = 'q', used_up_at = %s WHERE id = %s", [AT, single])
    late = AT + 364 * DAYS
    waiting = ask(cursor, late, message_id="waiting")
    shortest = Retention(consents_days=1, requests_days=1, objections_days=1, cards_days=1)
    assert drop(connection, shortest, late) == NOTHING
    assert codes(cursor) == {lasting, single, waiting}


def test_requests_that_nobody_agreed_to_have_a_period_of_their_own(connection, cursor):
    refused = ask(cursor, AT, message_id="refused")
    assert records.refuse(cursor, kept(cursor, refused), BY, PROOF, AT)
    ask(cursor, AT, message_id="nobodys", personal_number=None)
    ended = ask(cursor, AT, message_id="ended")
    ending.end_all(cursor, NUMBER, AT + timedelta(minutes=5))
    used(cursor, refused, code="52")
    agreed_to = agreed(cursor)
    assert drop(connection, PERIODS, AT + 50 * DAYS) == NOTHING
    assert drop(connection, PERIODS, AT + 50 * DAYS + SECOND) == Dropped(0, 1, 1, 0, 0)
    assert ended in codes(cursor)
    # The one about nobody waited for a quarter of an hour before it ended.
    assert drop(connection, PERIODS, AT + 50 * DAYS + HOUR) == Dropped(0, 2, 0, 0, 0)
    assert codes(cursor) == {agreed_to}


def test_an_attempt_within_its_period_keeps_the_whole(connection, cursor):
    code = agreed(cursor)
    used(cursor, code)
    used(cursor, code, AT + 90 * DAYS, "56")
    assert drop(connection, PERIODS, AT + 190 * DAYS) == NOTHING
    assert drop(connection, PERIODS, AT + 190 * DAYS + SECOND) == Dropped(1, 0, 2, 0, 0)


def test_attempts_without_a_consent_go_by_themselves(connection, cursor):
    used(cursor, "", code="50")
    used(cursor, "B" * 26, code="50")
    objected_to = used(cursor, "", code="50")
    objected(cursor, account(cursor), objected_to)
    code = agreed(cursor)
    # Not of a consent that is kept, whatever it was answered with.
    used(cursor, code, code="50")
    assert drop(connection, PERIODS, AT + 50 * DAYS) == NOTHING
    assert drop(connection, PERIODS, AT + 51 * DAYS) == Dropped(0, 0, 2, 0, 0)
    assert count(cursor, "consent_use") == 2


def test_a_look_that_is_objected_to_keeps_its_consent_until_the_objection_has_gone(connection, cursor):
    code, whose = agreed(cursor), account(cursor)
    number = objected(cursor, whose, used(cursor, code))
    years = AT + 4000 * DAYS
    assert drop(connection, PERIODS, years) == NOTHING
    cursor.execute("INSERT INTO objection_answer VALUES (%s, 'c06', 'trả lời', %s)", [number, AT])
    assert drop(connection, PERIODS, years) == NOTHING
    cursor.execute("INSERT INTO objection_answer VALUES (%s, 'agency', 'trả lời', %s)", [number, years])
    assert drop(connection, PERIODS, years + 70 * DAYS) == NOTHING
    assert codes(cursor) == {code}
    assert drop(connection, PERIODS, years + 70 * DAYS + SECOND) == Dropped(1, 0, 1, 1, 0)
    assert (count(cursor, "objection"), count(cursor, "objection_answer"), codes(cursor)) == (0, 0, set())


def test_the_request_that_is_objected_to_stays(connection, cursor):
    code = ask(cursor, AT, message_id="asked")
    objected(cursor, account(cursor), "asked", c06=AT)
    assert drop(connection, PERIODS, AT + 4000 * DAYS) == NOTHING
    assert codes(cursor) == {code}


def test_what_a_desk_wrote_down_about_a_consent_goes_with_it(connection, cursor):
    whose, officers = account(cursor), [str(uuid4()), str(uuid4())]
    for officer in officers:
        cursor.execute("INSERT INTO desk_officer VALUES (%s, %s, '19.001', 'Công an phường', %s)", [officer, whose, AT])
    code = agreed(cursor)
    for kind, consent, decision in (("consent", code, "agree"), ("attest", None, None)):
        cursor.execute(
            "INSERT INTO desk_act (id, kind, account, consent, decision, person_name, person_birth, unit, officer,"
            " officer_proof, at, until) VALUES (%s, %s, %s, %s, %s, 'A', '1989', '19.001', %s, '{}', %s, %s)",
            [str(uuid4()), kind, whose, consent, decision, officers[0], AT, AT],
        )
    assert drop(connection, PERIODS, AT + 101 * DAYS).consents == 1
    assert cursor.execute("SELECT kind FROM desk_act").fetchall() == [("attest",)]


def test_rows_of_cards_go_by_their_own_period(connection, cursor):
    whose = account(cursor)
    cursor.execute("INSERT INTO officer VALUES ('H55', 'CODE', %s, %s)", [whose, AT])
    for name, at in (("old", AT - SECOND), ("new", AT)):
        cursor.execute("INSERT INTO officer_token VALUES (%s, 'H55', 'CODE', 'client', 'm', '2026', %s)", [name, at])
    assert drop(connection, PERIODS, AT + 30 * DAYS) == Dropped(0, 0, 0, 0, 1)
    assert cursor.execute("SELECT jti FROM officer_token").fetchall() == [("new",)]


def test_batches_go_on_until_nothing_is_left_and_what_is_held_is_left_for_later(connection, cursor, database):
    every = [agreed(cursor) for _ in range(7)]
    for code in every:
        used(cursor, code)
    with psycopg.connect(database) as other:
        other.execute("SELECT FROM consent WHERE id = %s FOR SHARE", [every[3]])
        assert drop(connection, PERIODS, AT + 200 * DAYS, at_once=2) == Dropped(6, 0, 6, 0, 0)
        assert codes(cursor) == {every[3]}
    assert drop(connection, PERIODS, AT + 200 * DAYS, at_once=2) == Dropped(1, 0, 1, 0, 0)


def test_a_use_written_between_finding_and_holding_a_consent_keeps_it(connection, cursor, database):
    used_now, _ = agreed(cursor), agreed(cursor)
    late = AT + 200 * DAYS

    class Late(psycopg.Cursor):
        """One before whose second look somebody else commits a use."""

        def execute(self, query, *values, **options):
            if query == _STILL and not count(cursor, "consent_use"):
                used(cursor, used_now, late, "56")
            return super().execute(query, *values, **options)

    with psycopg.connect(database, autocommit=True, cursor_factory=Late) as slow:
        assert drop(slow, PERIODS, late) == Dropped(1, 0, 0, 0, 0)
    assert codes(cursor) == {used_now}


def test_several_at_once_drop_each_row_once(connection, cursor, race):
    for _ in range(40):
        used(cursor, agreed(cursor))
    gone = race(lambda own: drop(own, PERIODS, AT + 200 * DAYS, at_once=3), 4)
    assert sum(each.consents for each in gone) == 40
    assert sum(each.uses for each in gone) == 40
    assert (codes(cursor), count(cursor, "consent_use")) == (set(), 0)


@pytest.mark.parametrize("table", ["consent_use", "officer_token"])
def test_nothing_else_deletes_or_changes_what_is_insert_only(connection, cursor, table):
    used(cursor, agreed(cursor))
    cursor.execute("INSERT INTO officer VALUES ('H55', 'CODE', %s, %s)", [account(cursor), AT])
    cursor.execute("INSERT INTO officer_token VALUES ('t', 'H55', 'CODE', 'client', 'm', '2026', %s)", [AT])
    drop(connection, PERIODS, AT)
    with pytest.raises(psycopg.errors.RaiseException, match="insert-only"):
        cursor.execute(f"DELETE FROM {table}")
    with pytest.raises(psycopg.errors.RaiseException, match="insert-only"), connection.transaction():
        cursor.execute("SELECT set_config('ketnoi_identity.retention', 'on', true)")
        cursor.execute(f"UPDATE {table} SET officer = 'x'")
    assert count(cursor, table) == 1


def test_a_receipt_that_the_citizen_keeps_is_verified_after_everything_has_gone(connection, cursor, tmp_path):
    ring = keys.ring(tmp_path, keys.RECEIPTS)
    ring.begin(AT)
    code = ask(cursor, AT, lasts_seconds=3600)
    before = kept(cursor, code)
    signing = receipts.signing_key(tmp_path, AT)
    receipt = receipts.write(
        records.as_agreed(before, BY, AT), PRINCIPAL, NAMES, "https://dinhdanh.example", AT, signing
    )
    assert records.agree(cursor, before, BY, PROOF, receipt, AT)
    for year in range(1, 13):
        ring.turn(AT + year * 365 * DAYS)
    late = AT + 12 * 365 * DAYS
    assert drop(connection, Retention(), late).consents == 1
    told = receipts.verify(receipt, receipts.public_receipt_keys(tmp_path, late))
    assert told["record"]["header"]["record_id"] == code


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_periods_are_days_and_never_none(days):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"consents_days": days}, Retention)


def test_the_command_drops_by_its_settings_and_says_how_many(cluster, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("tidy"), cluster.create_database(), retention={"consents_days": 5000})
    site.say("init")
    with site.connect() as connection, connection.cursor() as cursor:
        now = datetime.now(UTC)
        old, younger = agreed(cursor), agreed(cursor)
        used(cursor, old, now - 5002 * DAYS)
        for code, days in ((old, 5001), (younger, 4999)):
            cursor.execute("UPDATE consent SET valid_until = %s WHERE id = %s", [now - days * DAYS, code])
        said = site.say("tidy").splitlines()
        assert codes(cursor) == {younger}
    assert [line.rpartition(": ")[2] for line in said] == ["0", "1", "0", "1", "0", "0"]
    assert all(re.fullmatch(r"Đã xóa [^·]+ · dropped [^:]+: \d+", line) for line in said)
    assert NUMBER not in "\n".join(said)


def test_who_looked_shows_a_look_whose_consent_has_gone(near, browser):
    person, code = PEOPLE["giang"], ""
    visitor = browser(person)
    pseudonym = Pseudonyms.read(near.world.folder / "keys.json").of_person(person.number)
    with near.site.connect() as connection, connection.cursor() as cursor:
        code = ask(cursor, AT, personal_number=person.number)
        assert records.agree(cursor, records.one(cursor, code, person.number), BY, PROOF, "receipt", AT)
        near.do(
            near.world.pool.execute(
                "INSERT INTO access_log (logged_at, node_id, subject_key_id, subject_pseudonym, subject_role, instance,"
                " consumer, unit, procedure_code, system, service, message_id, result_code, released_fields, consent)"
                " VALUES ($1, 'n1', 'k1', $2, 'asked', 'NDXP-TEST', 'NDXP-TEST/GOV/H55/MOTCUA', 'H55', '1.001',"
                " 'identity', 'look_up_citizen', 'under-a-consent', '00', '{HoVaTen}', $3)",
                near.world.clock.now(), pseudonym, code,
            )
        )  # fmt: skip
        visitor.go("/luot-xem/").sees(200, "Đã trả lời", f'href="/dong-y/{code}/"')
        visitor.go(f"/dong-y/{code}/").sees(200)
        assert drop(connection, PERIODS, AT + 2000 * DAYS).consents == 1
    visitor.go("/luot-xem/").sees(200, "Đã trả lời", "Phản ánh")
    assert "/dong-y/" + code not in visitor.text
    for page in ("", "lan-dung", "bien-nhan"):
        visitor.go(f"/dong-y/{code}/{page}").sees(404)
    visitor.go("/dong-y/").sees(200)
