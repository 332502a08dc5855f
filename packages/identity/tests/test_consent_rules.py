"""The rules of consents: how one stands, what a use is refused with and in which order, how often may be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_identity.consent.rules import (
    ALLOWED,
    DAY,
    REPEAT_WITHIN,
    Asked,
    Consent,
    Used,
    may_be_answered,
    may_be_taken_back,
    seconds_to_wait,
    state,
    verdict,
    verdict_again,
)
from ketnoi_protocol.consent import ConsentState, Use
from ketnoi_protocol.services import Service

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NUMBER, ANOTHER = "990089000001", "990089000002"
CODE = "A" * 26

WAITING = Consent(
    organisation="H55",
    service=Service.LOOK_UP_CITIZEN,
    fields=("HoVaTen", "ThuongTru"),
    procedure_code="1.001",
    one_time=False,
    personal_number=NUMBER,
    answer_by=AT + 10 * SECOND,
)
AGREED = replace(WAITING, agreed=True, valid_until=AT + 60 * SECOND)
REFUSED = replace(WAITING, agreed=False)
REVOKED = replace(AGREED, revoked_at=AT)
ONCE = replace(AGREED, one_time=True)


def use(**changes):
    told = {
        "consent": CODE,
        "organisation": "H55",
        "message_id": "m1",
        "question": "q1",
        "unit": "H55.1",
        "officer": "cb.lan",
        "procedure_code": "1.001",
        "service": Service.LOOK_UP_CITIZEN,
        "fields": ("HoVaTen",),
        "personal_number": NUMBER,
    }
    return Use(**told | changes)


@pytest.mark.parametrize(
    ("consent", "after", "stands"),
    [
        (WAITING, 0 * SECOND, ConsentState.WAITING),
        (WAITING, 10 * SECOND - timedelta(microseconds=1), ConsentState.WAITING),
        (WAITING, 10 * SECOND, ConsentState.EXPIRED),
        (REFUSED, 0 * SECOND, ConsentState.REFUSED),
        (REFUSED, timedelta(days=9), ConsentState.REFUSED),
        (AGREED, 60 * SECOND - timedelta(microseconds=1), ConsentState.AGREED),
        (AGREED, 60 * SECOND, ConsentState.EXPIRED),
        (AGREED, 10 * SECOND, ConsentState.AGREED),
        (REVOKED, 0 * SECOND, ConsentState.REVOKED),
        (REVOKED, timedelta(days=9), ConsentState.REVOKED),
        (replace(AGREED, revoked_at=AT + SECOND), 0 * SECOND, ConsentState.REVOKED),
    ],
)
def test_how_it_stands(consent, after, stands):
    at = AT + after
    assert state(consent, at) is stands
    assert may_be_answered(consent, at) == (stands is ConsentState.WAITING)
    assert may_be_taken_back(consent, at) == (stands is ConsentState.AGREED)


@pytest.mark.parametrize(
    ("consent", "changes", "code"),
    [
        (AGREED, {}, "00"),
        (None, {}, "50"),
        (AGREED, {"organisation": "H99"}, "53"),
        (WAITING, {}, "51"),
        (REFUSED, {}, "52"),
        (REVOKED, {}, "57"),
        (replace(AGREED, valid_until=AT), {}, "56"),
        (replace(WAITING, answer_by=AT), {}, "56"),
        (replace(ONCE, used_up_by="q2", used_up_at=AT), {}, "58"),
        (AGREED, {"service": Service.VERIFY_CITIZEN}, "55"),
        (AGREED, {"procedure_code": "1.002"}, "55"),
        (AGREED, {"fields": ("DanToc",)}, "55"),
        (AGREED, {"personal_number": ANOTHER}, "54"),
        (AGREED, {"personal_number": None}, "54"),
        (replace(AGREED, personal_number=None), {"personal_number": None}, "54"),
    ],
)
def test_each_use_is_refused_with_a_code_of_its_own(consent, changes, code):
    told = verdict(consent, use(**changes), AT)
    assert told.code == code
    assert (told.fields == ()) == (code != ALLOWED)


# Whatever else is wrong with a use, an earlier reason is the one that is told.
REASONS = [
    ("53", AGREED, {"organisation": "H99"}),
    ("51", WAITING, {}),
    ("52", REFUSED, {}),
    ("57", REVOKED, {}),
    ("56", replace(AGREED, valid_until=AT), {}),
    ("58", replace(ONCE, used_up_by="q2", used_up_at=AT), {}),
    ("55", AGREED, {"procedure_code": "1.002"}),
]
EVERYTHING_ELSE = {"personal_number": ANOTHER, "procedure_code": "1.002", "fields": ("DanToc",)}


@pytest.mark.parametrize(("code", "consent", "changes"), REASONS)
def test_another_persons_is_told_last(code, consent, changes):
    assert verdict(consent, use(**changes, personal_number=ANOTHER), AT).code == code


@pytest.mark.parametrize(("code", "consent", "changes"), REASONS)
def test_how_it_stands_is_told_before_what_is_asked(code, consent, changes):
    assert verdict(consent, use(**EVERYTHING_ELSE | changes), AT).code == code


consents = st.builds(
    Consent,
    organisation=st.sampled_from(["H55", "H99"]),
    service=st.sampled_from(Service),
    fields=st.sets(st.sampled_from(["HoVaTen", "ThuongTru", "DanToc"])).map(tuple),
    procedure_code=st.sampled_from(["1.001", "1.002"]),
    one_time=st.booleans(),
    personal_number=st.sampled_from([NUMBER, ANOTHER, None]),
    answer_by=st.integers(-20, 20).map(lambda n: AT + n * SECOND),
    agreed=st.sampled_from([None, False, True]),
    valid_until=st.integers(-20, 20).map(lambda n: AT + n * SECOND),
    revoked_at=st.sampled_from([None, AT]),
    used_up_by=st.sampled_from(["q1", "q2"]),
    used_up_at=st.sampled_from([None, AT, AT - REPEAT_WITHIN]),
)
uses = st.builds(
    use,
    organisation=st.sampled_from(["H55", "H99"]),
    question=st.sampled_from(["q1", "q2"]),
    service=st.sampled_from(Service),
    fields=st.sets(st.sampled_from(["HoVaTen", "ThuongTru", "DanToc"])).map(tuple),
    procedure_code=st.sampled_from(["1.001", "1.002"]),
    personal_number=st.sampled_from([NUMBER, ANOTHER, None]),
)


@given(consents, uses)
def test_nothing_is_allowed_but_what_its_citizen_agreed_to(consent, asked):
    told = verdict(consent, asked, AT)
    if told.code != ALLOWED:
        assert told.fields == ()
        return
    assert consent.organisation == asked.organisation
    assert state(consent, AT) is ConsentState.AGREED
    assert consent.personal_number == asked.personal_number
    assert consent.personal_number is not None
    assert (consent.service, consent.procedure_code) == (asked.service, asked.procedure_code)
    assert set(told.fields) <= set(consent.fields) & set(asked.fields)
    assert not consent.one_time or consent.used_up_at is None or consent.used_up_by == asked.question


@given(consents, uses)
def test_an_outsider_learns_nothing_of_another_agencys_consent(consent, asked):
    outside = replace(consent, organisation="H77")
    assert verdict(outside, asked, AT).code == "53"


@given(consents, uses, st.sampled_from([NUMBER, ANOTHER, None]), st.integers(0, 40))
def test_a_request_about_nobody_is_told_from_none_that_waits(consent, asked, whose, later):
    # Whether a number and a name are one person's is what decides whether a request has a person.
    request = replace(consent, agreed=None, valid_until=None, revoked_at=None)
    at = AT + later * SECOND
    assert verdict(replace(request, personal_number=None), asked, at) == verdict(
        replace(request, personal_number=whose), asked, at
    )


@given(consents, uses, st.sampled_from([NUMBER, ANOTHER, None]))
def test_without_a_consent_in_force_nothing_is_told_of_whose_number_it_is(consent, asked, whose):
    code = verdict(consent, asked, AT).code
    if code not in (ALLOWED, "54"):
        changed = use(
            organisation=asked.organisation,
            question=asked.question,
            service=asked.service,
            fields=asked.fields,
            procedure_code=asked.procedure_code,
            personal_number=whose,
        )
        assert verdict(consent, changed, AT).code == code


def test_a_look_up_shows_what_was_agreed_to_and_leaves_out_the_rest():
    told = verdict(AGREED, use(fields=("DanToc", "ThuongTru", "HoVaTen")), AT)
    assert told == ("00", ("ThuongTru", "HoVaTen"))


def test_a_claim_that_was_not_agreed_to_is_not_left_out():
    consent = replace(AGREED, service=Service.VERIFY_CITIZEN)
    asked = use(service=Service.VERIFY_CITIZEN, fields=("HoVaTen", "DanToc"))
    assert verdict(consent, asked, AT).code == "55"
    assert verdict(consent, use(service=Service.VERIFY_CITIZEN), AT) == ("00", ("HoVaTen",))
    # Number, name and birth date alone: no claim beside them.
    assert verdict(consent, use(service=Service.VERIFY_CITIZEN, fields=()), AT) == ("00", ())


@pytest.mark.parametrize("service", [Service.CONFIRM_IDENTITY_NUMBER, Service.VERIFY_HOUSEHOLD])
def test_services_that_show_no_fields_need_none(service):
    consent = replace(AGREED, service=service, fields=())
    assert verdict(consent, use(service=service, fields=()), AT) == ("00", ())


def test_a_one_time_consent_is_for_one_question_which_may_be_repeated_for_a_while():
    used = replace(ONCE, used_up_by="q1", used_up_at=AT, valid_until=AT + 2 * REPEAT_WITHIN)
    last = AT + REPEAT_WITHIN - SECOND
    assert verdict(used, use(message_id="m2"), last).code == "00"
    assert verdict(used, use(message_id="m2"), AT + REPEAT_WITHIN).code == "58"
    assert verdict(used, use(question="q2"), AT).code == "58"
    assert verdict(replace(used, revoked_at=AT), use(), last).code == "57"


EARLIER = Used(CODE, "q1", AT, "00")


@pytest.mark.parametrize(
    ("earlier", "consent", "changes", "after", "code"),
    [
        (EARLIER, AGREED, {}, SECOND, "00"),
        (EARLIER, AGREED, {"question": "q2"}, SECOND, "12"),
        (EARLIER, AGREED, {"consent": "B" * 26}, SECOND, "12"),
        (EARLIER, REVOKED, {}, SECOND, "57"),
        (EARLIER, AGREED, {}, 60 * SECOND, "56"),
        (EARLIER, AGREED, {"personal_number": ANOTHER}, SECOND, "54"),
        (EARLIER, None, {}, SECOND, "50"),
        (replace(EARLIER, code="51"), AGREED, {}, SECOND, "51"),
        (EARLIER, replace(AGREED, valid_until=AT + 9 * DAY), {}, REPEAT_WITHIN - SECOND, "00"),
        (EARLIER, replace(AGREED, valid_until=AT + 9 * DAY), {}, REPEAT_WITHIN, "12"),
    ],
)
def test_a_message_that_is_on_record(earlier, consent, changes, after, code):
    assert verdict_again(earlier, consent, use(**changes), AT + after).code == code


@given(consents, uses, st.sampled_from(["00", "50", "51", "58"]), st.sampled_from(["q1", "q2"]))
def test_a_message_on_record_is_never_allowed_more_than_a_new_one(consent, asked, code, question):
    if verdict_again(Used(CODE, question, AT, code), consent, asked, AT).code == ALLOWED:
        assert code == ALLOWED
        assert verdict(consent, asked, AT).code == ALLOWED


def asked(ago, *, answered=False, waits=900):
    at = AT - timedelta(seconds=ago)
    return Asked(at, at + timedelta(seconds=waits), answered)


@pytest.mark.parametrize(
    ("earlier", "wait"),
    [
        ([], None),
        ([asked(10), asked(20)], None),
        ([asked(10), asked(20), asked(30)], 870),
        ([asked(10), asked(20), asked(30), asked(40)], 870),
        ([asked(10), asked(20), asked(30, answered=True)], None),
        ([asked(10), asked(20), asked(900)], None),
        ([asked(1_000 * n) for n in range(1, 5)], None),
        ([asked(1_000 * n) for n in range(1, 6)], 86_400 - 5_000),
        ([asked(1_000 * n, answered=True) for n in range(1, 6)], 86_400 - 5_000),
        ([asked(86_400 + n) for n in range(9)], None),
        ([asked(900.5), asked(899.5), asked(1), asked(2)], 1),
        ([asked(898.75), asked(1), asked(2)], 2),
    ],
)
def test_how_often_may_be_asked(earlier, wait):
    assert seconds_to_wait(earlier, AT, most_waiting=3, most_a_day=5) == wait


requests = st.lists(
    st.builds(asked, st.integers(0, 100_000), answered=st.booleans(), waits=st.integers(1, 2_000)), max_size=20
)


@given(requests, st.integers(1, 4), st.integers(1, 8))
def test_who_waits_as_long_as_told_may_ask_and_not_before(earlier, most_waiting, most_a_day):
    measures = {"most_waiting": most_waiting, "most_a_day": most_a_day}
    wait = seconds_to_wait(earlier, AT, **measures)
    if wait is not None:
        assert seconds_to_wait(earlier, AT + timedelta(seconds=wait), **measures) is None
        assert wait == 1 or seconds_to_wait(earlier, AT + timedelta(seconds=wait - 1), **measures) is not None
