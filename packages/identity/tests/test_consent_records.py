"""A citizen's consents as rows: listed, decided once, taken back at once."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ketnoi_identity.consent import ending, records
from ketnoi_identity.consent.codes import new_code
from ketnoi_identity.consent.content import Decision, canonical, challenge_of, shown
from ketnoi_protocol.consent import ConsentState
from ketnoi_runtime.database import migrate, open_pool

from .wires import ANOTHER, NUMBER, begin

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BY = "account"
PROOF = {"method": "passkey"}


@pytest.fixture
def connection(database):
    async def make():
        pool = await open_pool(database)
        await migrate(pool, "ketnoi_identity")
        await pool.close()

    asyncio.run(make())
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cursor(connection):
    with connection.cursor() as cursor:
        yield cursor


def ask(cursor, at=AT, **changes):
    """A request as the wire keeps it; its code."""
    told = begin(**changes)
    code = new_code()
    cursor.execute(
        "INSERT INTO consent (id, organisation, unit, officer, message_id, service, fields, procedure_code, purpose,"
        " one_time, lasts_seconds, personal_number, asked_at, answer_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [code, told["organisation"], told["unit"], told["officer"], told["message_id"], told["service"],
         told["fields"], told["procedure_code"], told["purpose"], told["one_time"], told["lasts_seconds"],
         told["personal_number"], at, at + timedelta(minutes=15)],
    )  # fmt: skip
    return code


def kept(cursor, code):
    return records.one(cursor, code, NUMBER)


def agreed(cursor, at=AT, **changes):
    code = ask(cursor, at, **changes)
    assert records.agree(cursor, kept(cursor, code), BY, PROOF, "receipt", at)
    return code


def test_what_waits_comes_first_then_the_newest(cursor):
    old = agreed(cursor, AT - timedelta(days=3))
    waiting = ask(cursor, AT - timedelta(minutes=5))
    new = agreed(cursor, AT - timedelta(minutes=1))
    overdue = ask(cursor, AT - timedelta(days=1))
    ask(cursor, personal_number=ANOTHER)
    ask(cursor, personal_number=None)
    assert [each.id for each in records.of_person(cursor, NUMBER, AT, 10)] == [waiting, new, overdue, old]
    assert [each.id for each in records.of_person(cursor, NUMBER, AT, 2, 1)] == [new, overdue]
    assert records.how_many(cursor, NUMBER, AT) == (4, 1)


def test_another_persons_consent_is_as_one_that_is_not_there(cursor):
    code = ask(cursor, personal_number=ANOTHER)
    assert records.one(cursor, code, NUMBER) is None
    assert records.one(cursor, new_code(), NUMBER) is None
    assert records.one(cursor, code, ANOTHER).id == code


def test_agreeing_keeps_what_was_shown_how_it_was_proved_and_until_when_it_holds(cursor):
    code = ask(cursor, lasts_seconds=600)
    before = kept(cursor, code)
    at = AT + timedelta(minutes=2)
    assert records.agree(cursor, before, BY, PROOF, "the receipt", at)
    after = kept(cursor, code)
    assert (after.agreed, after.decided_at, after.decided_by, after.receipt) == (True, at, BY, "the receipt")
    assert after.valid_until == at + timedelta(seconds=600)
    assert after.proof == {"shown": shown(before, Decision.AGREE), "proof": PROOF}
    assert records.state(after, at) is ConsentState.AGREED
    assert records.as_agreed(before, BY, at).valid_until == after.valid_until


def test_refusing_gives_nothing_that_lasts(cursor):
    code = ask(cursor)
    assert records.refuse(cursor, kept(cursor, code), BY, PROOF, AT)
    after = kept(cursor, code)
    assert (after.agreed, after.valid_until, after.receipt) == (False, None, None)
    assert after.proof["shown"]["decision"] == "refuse"
    assert records.state(after, AT) is ConsentState.REFUSED


def test_it_is_decided_once_and_in_time(cursor):
    code = ask(cursor)
    waiting = kept(cursor, code)
    late = AT + timedelta(minutes=15)
    assert not records.agree(cursor, waiting, BY, PROOF, "r", late)
    assert not records.refuse(cursor, waiting, BY, PROOF, late)
    assert records.refuse(cursor, waiting, BY, PROOF, late - timedelta(microseconds=1))
    assert not records.agree(cursor, waiting, BY, PROOF, "r", AT)
    assert kept(cursor, code).agreed is False


def test_of_two_decisions_at_once_one_counts(database, connection, cursor):
    code = ask(cursor)
    waiting = kept(cursor, code)
    together, done = threading.Barrier(2), []

    def decide(act):
        with psycopg.connect(database) as mine, mine.cursor() as own:
            together.wait()
            done.append(act(own))

    acts = (
        lambda own: records.agree(own, waiting, BY, PROOF, "r", AT),
        lambda own: records.refuse(own, waiting, BY, PROOF, AT),
    )
    threads = [threading.Thread(target=decide, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, True]


def test_what_is_agreed_to_while_the_account_is_closed_does_not_last(database, connection, cursor):
    code = ask(cursor)
    waiting = kept(cursor, code)
    closing = threading.Thread(target=lambda: end_in_a_connection_of_its_own(database))
    with psycopg.connect(database) as mine, mine.cursor() as own:
        assert records.agree(own, waiting, BY, PROOF, "r", AT)
        closing.start()
        # It waits for the row that is held here.
        closing.join(0.7)
        assert closing.is_alive()
    closing.join(10)
    after = kept(cursor, code)
    assert (after.agreed, after.revoked_by) == (True, ending.CLOSED)


def test_closing_leaves_nothing_that_lasts_or_waits(cursor):
    waiting, lasting, over = ask(cursor), agreed(cursor), agreed(cursor, AT - timedelta(days=1), lasts_seconds=60)
    others = ask(cursor, personal_number=ANOTHER)
    ending.end_all(cursor, NUMBER, AT)
    assert records.state(kept(cursor, waiting), AT) is ConsentState.REFUSED
    assert records.state(kept(cursor, lasting), AT) is ConsentState.REVOKED
    assert kept(cursor, over).revoked_at is None
    assert records.one(cursor, others, ANOTHER).agreed is None


def end_in_a_connection_of_its_own(database):
    with psycopg.connect(database) as mine, mine.cursor() as own:
        ending.end_all(own, NUMBER, AT)


def test_another_person_cannot_decide(cursor):
    code = ask(cursor, personal_number=ANOTHER)
    waiting = records.one(cursor, code, ANOTHER)
    pretended = replace(waiting, personal_number=NUMBER)
    assert not records.agree(cursor, pretended, BY, PROOF, "r", AT)
    assert not records.refuse(cursor, pretended, BY, PROOF, AT)
    assert records.agree(cursor, waiting, BY, PROOF, "r", AT)
    assert not records.take_back(cursor, pretended, BY, AT)


def test_what_was_agreed_to_is_taken_back_once(cursor):
    code = agreed(cursor)
    at = AT + timedelta(minutes=1)
    assert records.take_back(cursor, kept(cursor, code), BY, at)
    after = kept(cursor, code)
    assert (after.revoked_at, after.revoked_by) == (at, BY)
    assert records.state(after, at) is ConsentState.REVOKED
    assert not records.take_back(cursor, after, BY, at + timedelta(minutes=1))
    assert kept(cursor, code).revoked_at == at


def test_nothing_is_taken_back_that_does_not_hold(cursor):
    waiting = kept(cursor, ask(cursor))
    over = kept(cursor, agreed(cursor, lasts_seconds=60))
    assert not records.take_back(cursor, waiting, BY, AT)
    assert not records.take_back(cursor, over, BY, AT + timedelta(seconds=60))


def test_uses_are_told_newest_first_with_attempts_and_counted_without(cursor):
    code = agreed(cursor)
    for number, (told, question) in enumerate((("00", "q"), ("55", "q"), ("00", "r"), ("00", "q"))):
        cursor.execute(
            "INSERT INTO consent_use (organisation, message_id, question, consent, at, unit, officer, service, fields,"
            " procedure_code, code) VALUES ('H55', %s, %s, %s, %s, 'H55.1', 'cb.lan', 'look_up_citizen',"
            " '{HoVaTen}', '1.001', %s)",
            [f"m{number}", question, code, AT + timedelta(minutes=number), told],
        )
    found = kept(cursor, code)
    told = records.uses(cursor, found, 10)
    assert [each.message_id for each in told] == ["m3", "m2", "m1", "m0"]
    assert (told[2].code, told[2].fields, told[2].service.value) == ("55", ("HoVaTen",), "look_up_citizen")
    assert [each.message_id for each in records.uses(cursor, found, 1, 2)] == ["m1"]
    # A question that is repeated under its MaYeuCau is the same use (docs/reference/consent.md), on whichever page.
    assert [each.again for each in told] == [True, False, False, False]
    assert [each.again for each in records.uses(cursor, found, 1)] == [True]
    assert records.repeated(cursor, [("H55", each.message_id) for each in told]) == {("H55", "m3")}
    assert records.repeated(cursor, []) == set()
    assert (found.uses, found.last_used_at) == (2, AT + timedelta(minutes=3))


def test_a_consent_shows_no_number_where_it_is_printed(cursor):
    found = kept(cursor, ask(cursor))
    assert NUMBER not in repr(found)
    assert found.id not in repr(found)


CHANGES = {
    "fields": ["HoVaTen"],
    "purpose": "Việc khác",
    "procedure_code": "1.002",
    "service": "verify_citizen",
    "organisation": "H99",
    "unit": "H55.2",
    "one_time": True,
    "lasts_seconds": 3_601,
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_challenge_binds_everything_that_is_shown(cursor, name):
    first = kept(cursor, ask(cursor, message_id="m1"))
    other = kept(cursor, ask(cursor, message_id="m2", **{name: CHANGES[name]}))
    same = replace(other, id=first.id)
    assert challenge_of(first, Decision.AGREE) != challenge_of(same, Decision.AGREE)
    assert challenge_of(first, Decision.AGREE) == challenge_of(replace(first, uses=7), Decision.AGREE)


def test_the_challenge_binds_what_the_codes_were_called(cursor):
    found = kept(cursor, ask(cursor))
    read = replace(found, called={"organisation": "Sở Tư pháp"})
    assert len({challenge_of(each, Decision.AGREE) for each in (found, read, replace(read, called={}))}) == 3
    assert records.agree(cursor, read, BY, PROOF, "receipt", AT)
    assert kept(cursor, found.id).proof["shown"]["called"] == {"organisation": "Sở Tư pháp"}


def test_a_signature_under_a_refusal_agrees_to_nothing(cursor):
    found = kept(cursor, ask(cursor))
    assert len({challenge_of(found, each) for each in Decision}) == len(Decision)
    assert all(len(challenge_of(found, each)) == 32 for each in Decision)


def test_nobodys_number_is_in_what_is_signed(cursor):
    found = kept(cursor, ask(cursor))
    assert NUMBER not in json.dumps(shown(found, Decision.AGREE))


def test_there_is_one_form_of_what_is_signed():
    assert canonical({"b": ["ả", 1, True, None], "a": '\u0007\n"\\/€'}) == (
        '{"a":"\\u0007\\n\\"\\\\/€","b":["ả",1,true,null]}'.encode()
    )


@pytest.mark.parametrize("odd", [1.5, {"ả": 1}, 2**53, {"a": [b"x"]}, {1: "a"}])
def test_what_has_no_one_form_is_not_signed(odd):
    with pytest.raises(ValueError):
        canonical(odd)
