"""Refusals are typed by who must act, and say in two languages what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stand_in import Asked, Reply, StandIn, answered, plain_answer, problem, x_road_error

from ketnoi_client.agency import Agency, Person
from ketnoi_client.problems import (
    AgencyMustAct,
    C06MustAct,
    KetnoiError,
    OfficerMustAct,
    PlatformMustAct,
    ProviderMustAct,
    Refused,
    UnusableAnswer,
)
from ketnoi_protocol.envelope import ExistsAnswer
from ketnoi_protocol.errors import TABLE, Row
from ketnoi_protocol.services import Service

AN = Person("990089000123", name="Nguyễn Văn An", birth="1989-04-17")

WHO = {
    "agency": AgencyMustAct,
    "officer": OfficerMustAct,
    "provider": ProviderMustAct,
    "platform": PlatformMustAct,
    "c06": C06MustAct,
}


def failed(agency: Agency, person: Person = AN, **call: str) -> KetnoiError:
    with pytest.raises(KetnoiError) as caught:
        agency.look_up_citizen(person, **call)
    return caught.value


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.code)
def test_every_row_of_the_table_becomes_who_must_act(row: Row, agency: Agency, server: StandIn) -> None:
    told = problem(row.code, "MaDVC") if row.code.isdigit() else x_road_error(f"server.serverproxy.{row.code}")
    server.reply = lambda asked: told
    error = failed(agency)
    assert type(error) is WHO[row.who]
    assert isinstance(error, Refused)
    assert error.code == row.code
    for text in (f"[{row.code}]", row.title_vi, row.title_en, row.mend_vi, row.mend_en):
        assert text in str(error)
    assert str(error).index(row.title_vi) < str(error).index(row.title_en)


@pytest.mark.parametrize(
    ("fault", "code", "hop"),
    [
        ("server.clientproxy.network_error", "network_error", "own security server"),
        ("Server.ClientProxy.NetworkError", "network_error", "own security server"),
        ("server.serverproxy.access_denied", "access_denied", "provider's security server"),
        ("Server.ServerProxy.AccessDenied", "access_denied", "provider's security server"),
        ("server.serverproxy.service_failed.network_error", "service_failed", "provider's security server"),
        ("client.bad_request", "bad_request", "own security server"),
        ("Client.BadRequest", "bad_request", "own security server"),
        ("server.serverproxy.what_is_this", "peer_refused", "provider's security server"),
    ],
)
def test_a_fault_of_x_road_is_told_with_where_it_arose(
    fault: str, code: str, hop: str, agency: Agency, server: StandIn
) -> None:
    server.reply = lambda asked: x_road_error(fault)
    error = failed(agency)
    assert isinstance(error, Refused)
    assert (error.code, error.problem.hop, error.problem.type) == (code, hop, fault)
    assert "log-id" in str(error)


def test_a_fault_without_a_readable_body_is_told_too(agency: Agency, server: StandIn) -> None:
    for body in (b"", b"<error/>", b"[]", b'{"message":7}', b"\xff"):
        server.reply = lambda asked, body=body: Reply(500, body, {"X-Road-Error": "server.clientproxy.unknown_member"})
        error = failed(agency)
        assert isinstance(error, PlatformMustAct)
        assert error.problem.detail == ""


def test_a_refusal_of_the_registry_names_the_field(agency: Agency, server: StandIn) -> None:
    server.reply = lambda asked: problem("23", "MaDVC")
    error = failed(agency)
    assert isinstance(error, Refused)
    assert (error.problem.hop, error.problem.detail) == ("registry", "MaDVC")
    assert "MaDVC" in str(error)


@pytest.mark.parametrize(
    "told",
    [
        Reply(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
        Reply(500, b'{"type":"about:blank"}', {"Content-Type": "application/problem+json"}),
        Reply(200, b'{"type":"urn:ketnoi:error:98"}', {"Content-Type": "application/problem+json"}),
        Reply(302, b"", {"Location": "https://127.0.0.1:1/"}),
        Reply(204, b""),
        Reply(200, b""),
        Reply(200, b'{"MaYeuCau":"x","MaKetQua":"00","TonTai":true}'),
    ],
)
def test_an_answer_of_no_known_form_is_not_taken_for_one(told: Reply, agency: Agency, server: StandIn) -> None:
    server.reply = lambda asked: told
    assert type(failed(agency)) is UnusableAnswer
    assert len(server.asked) == 1


def other_code(asked: Asked) -> Reply:
    return answered(lambda request: type(plain_answer(request)).of("another", None))(asked)


def other_message(asked: Asked) -> Reply:
    honest = answered()(asked)
    return Reply(honest.status, honest.body, {**honest.headers, "x-road-id": "another"})


@pytest.mark.parametrize("reply", [other_code, other_message])
def test_an_answer_to_another_question_is_not_taken(
    reply: Callable[[Asked], Reply], agency: Agency, server: StandIn
) -> None:
    server.reply = reply
    error = failed(agency)
    assert type(error) is UnusableAnswer
    assert "another question" in str(error)


def test_a_failure_tells_what_the_question_is_repeated_by(agency: Agency, server: StandIn) -> None:
    server.reply = lambda asked: problem("41")
    error = failed(agency)
    assert error.message_id == server.asked[0].headers["x-road-id"]
    server.reply = answered()
    assert agency.look_up_citizen(AN, request_code=error.request_code).request_code == error.request_code
    assert server.asked[0].body == server.asked[1].body


@pytest.mark.parametrize(
    ("person", "call", "code"),
    [
        (Person("990089000123", name="An"), {}, "10"),
        (Person("99008900012", name="An", birth="1989"), {}, "10"),
        (Person("990089000123", name="A1", birth="1989"), {}, "10"),
        (Person("990089000123", name="An", birth="1989-02-30"), {}, "10"),
        (Person(name="An", birth="1989"), {}, "11"),
        (AN, {"officer": "990089000124"}, "10"),
        (AN, {"officer": "-".join(("001", "089", "000123"))}, "10"),
        (AN, {"unit": "x"}, "10"),
        (AN, {"request_code": "a" * 41}, "10"),
        (AN, {"issue": "hồ sơ"}, "bad_request"),
        (AN, {"issue": "1\r\nX-Road-UserId: other"}, "bad_request"),
        (AN, {"message_id": "a\nb"}, "bad_request"),
        (AN, {"issue": "HS-990089000123"}, "personal_number_in_header"),
        (AN, {"issue": "HS/" + "-".join(("001", "089", "000123"))}, "personal_number_in_header"),
        (AN, {"message_id": "VDXP-" + ".".join(("001", "089", "000123"))}, "personal_number_in_header"),
    ],
)
def test_what_would_be_refused_for_its_form_is_not_sent(
    person: Person, call: dict[str, str], code: str, agency: Agency, server: StandIn
) -> None:
    error = failed(agency, person, **call)
    assert isinstance(error, AgencyMustAct)
    assert (error.code, error.problem.hop) == (code, "own software")
    assert server.asked == []
    assert "99008900012" not in str(error)


def test_what_another_server_wrote_cannot_steer_a_terminal(agency: Agency, server: StandIn) -> None:
    server.reply = lambda asked: x_road_error("server.clientproxy.io_error", "\\u001b[2J\\u202e\\nhello", "\\u0007")
    text = str(failed(agency))
    assert "hello" in text
    assert not any(each in text for each in "\x1b\u202e\x07")


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 200_000, b"\xff", b"9" * 5_000])
def test_what_nobody_can_read_is_a_refusal_all_the_same(agency: Agency, server: StandIn, body: bytes) -> None:
    server.reply = lambda asked: Reply(500, body, {"X-Road-Error": "server.clientproxy.io_error"})
    assert isinstance(failed(agency), Refused)
    server.reply = lambda asked: Reply(500, body, {"Content-Type": "application/problem+json"})
    assert isinstance(failed(agency), UnusableAnswer)
    server.reply = lambda asked: Reply(200, body)
    assert isinstance(failed(agency), UnusableAnswer)


def test_an_answer_of_another_kind_is_not_taken(agency: Agency, server: StandIn) -> None:
    body = b'{"MaYeuCau":"x","MaKetQua":"01","CongdanCollection":{"SoCongDan":0}}'
    server.reply = lambda asked: Reply(200, body)
    with pytest.raises(UnusableAnswer):
        agency.ask(ExistsAnswer, Service.CONFIRM_IDENTITY_NUMBER, AN)
