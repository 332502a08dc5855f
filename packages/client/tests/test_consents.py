"""A citizen's consent: what is sent to ask for it and after it, and how it stands in a question."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agency_folder import AgencyFolder
from msgspec.structs import replace
from stand_in import Asked, Reply, StandIn, answered, problem

from ketnoi_client import consents
from ketnoi_client.agency import Agency, Person
from ketnoi_client.cli import main
from ketnoi_client.problems import Refused, UnusableAnswer, UnusableInput
from ketnoi_protocol.citizen import ATTRIBUTES
from ketnoi_protocol.consent import ConsentState
from ketnoi_protocol.consent_messages import (
    ASKED,
    TOLD,
    AskConsent,
    ConsentAnswer,
    ConsentBegun,
    ConsentMessage,
    ConsentStanding,
    RequestConsent,
    decode_message,
    encode_consent_answer,
)
from ketnoi_protocol.envelope import LookUpAnswer, decode_request
from ketnoi_protocol.services import Catalogue, Service, System

AN = Person("990089000123", name="Nguyễn Văn An", birth="1989-04-17")
CODE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOMENT = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
CARD = "aaa.bbb.ccc"


def told(answer: Callable[[ConsentMessage], ConsentAnswer]) -> Callable[[Asked], Reply]:
    """What C06 would answer to a message about a consent."""

    def reply(asked: Asked) -> Reply:
        instance, service_code = asked.target.split("/")[2], asked.target.split("/")[6]
        entry = Catalogue.load().consent_by_code(instance, service_code)
        assert entry is not None
        message = decode_message(entry.operation, asked.body)
        assert message.ma_tich_hop == entry.ma_tich_hop
        headers = {"Content-Type": "application/json", "x-road-id": asked.headers["x-road-id"]}
        return Reply(200, encode_consent_answer(answer(message)), headers)

    return reply


def begun(message: ConsentMessage) -> ConsentAnswer:
    return ConsentBegun(
        ma_yeu_cau=message.ma_yeu_cau, ma_ket_qua=ASKED, consent=CODE, state=ConsentState.WAITING, answer_by=MOMENT
    )


def standing(state: ConsentState) -> Callable[[ConsentMessage], ConsentAnswer]:
    def answer(message: ConsentMessage) -> ConsentAnswer:
        return ConsentStanding(
            ma_yeu_cau=message.ma_yeu_cau, ma_ket_qua=TOLD, consent=CODE, state=state, service=message.service,
            fields=("HoVaTen", "ThuongTru"), one_time=True, valid_until=MOMENT,
        )  # fmt: skip

    return answer


@pytest.fixture
def settings(folder: AgencyFolder, server: StandIn) -> Path:
    """Those of an agency that has an account for the identity system."""
    file = folder.settings()
    file.write_text(file.read_text() + '\n[accounts.identity]\nid = "h55-dinhdanh"\nkey = "account.key"\n')
    return file


@pytest.fixture
def connected(settings: Path) -> Iterator[Agency]:
    with Agency.open(settings) as agency:
        yield agency


def test_a_request_tells_everything_that_the_citizen_is_shown(connected: Agency, server: StandIn) -> None:
    server.reply = told(begun)
    sent = consents.request(
        connected, AN, Service.LOOK_UP_CITIZEN, purpose="Đăng ký thường trú", fields=["HoVaTen"], lasts=3600
    )
    assert (sent.answer.consent, sent.answer.state, sent.answer.answer_by) == (CODE, ConsentState.WAITING, MOMENT)
    (asked,) = server.asked
    assert asked.target == "/r1/NDXP-TEST/GOV/G01.C06/DANCU/DinhDanh-XinDongY"
    assert 'keyid="h55-dinhdanh"' in asked.headers["signature-input"]
    message = decode_message(RequestConsent.OPERATION, asked.body)
    assert isinstance(message, RequestConsent)
    assert (message.service, message.fields, message.purpose) == (
        Service.LOOK_UP_CITIZEN, ("HoVaTen",), "Đăng ký thường trú",
    )  # fmt: skip
    assert (message.one_time, message.lasts, message.personal_number) == (True, 3600, AN.personal_number)
    assert (message.ma_yeu_cau, message.ma_can_bo) == (sent.request_code, "h55.cb01")


def test_what_cannot_be_asked_is_refused_before_it_is_sent(connected: Agency, server: StandIn) -> None:
    for fields, purpose in (([], "Đăng ký"), (["HoVaTen"], " "), (["HoVaTen"], "của 990089000123")):
        with pytest.raises(Refused) as refused:
            consents.request(connected, AN, Service.LOOK_UP_CITIZEN, purpose=purpose, fields=fields)
        assert refused.value.problem.row.code == "10"
    assert server.asked == []


def test_a_name_that_is_no_field_is_told_with_those_that_are_before_it_is_sent(
    connected: Agency, server: StandIn
) -> None:
    for service, wrong, right in (
        (Service.LOOK_UP_CITIZEN, "HoTen", "HoVaTen"),
        (Service.VERIFY_CITIZEN, "HoVaTen", "ThuongTru"),
    ):
        with pytest.raises(UnusableInput) as unusable:
            consents.request(connected, AN, service, purpose="Đăng ký", fields=[right, wrong])
        assert f"has no field {wrong};" in str(unusable.value)
        assert right in str(unusable.value).partition("there are:")[2]
    assert server.asked == []


def test_how_it_stands_is_told_for_the_service_that_it_is_for(connected: Agency, server: StandIn) -> None:
    server.reply = told(standing(ConsentState.AGREED))
    answer = consents.state(connected, CODE, Service.LOOK_UP_CITIZEN).answer
    assert (answer.state, answer.fields, answer.valid_until) == (
        ConsentState.AGREED, ("HoVaTen", "ThuongTru"), MOMENT,
    )  # fmt: skip
    message = decode_message(AskConsent.OPERATION, server.asked[0].body)
    assert isinstance(message, AskConsent)
    assert (message.consent, message.service) == (CODE, Service.LOOK_UP_CITIZEN)


def test_an_answer_that_is_another_question_s_or_none_is_unusable(connected: Agency, server: StandIn) -> None:
    for answer in (
        b"{}",
        encode_consent_answer(ConsentBegun(ma_yeu_cau="x", ma_ket_qua=ASKED, consent=CODE, state=ConsentState.WAITING)),
    ):
        server.reply = lambda asked, answer=answer: Reply(
            200, answer, {"Content-Type": "application/json", "x-road-id": asked.headers["x-road-id"]}
        )
        with pytest.raises(UnusableAnswer):
            consents.request(connected, AN, Service.VERIFY_CITIZEN, purpose="Đăng ký")


def test_a_question_carries_the_consent_and_the_officers_card(connected: Agency, server: StandIn) -> None:
    asked_for: list[str] = []

    def card(message_id: str) -> str:
        asked_for.append(message_id)
        return CARD

    server.reply = answered(lambda request: LookUpAnswer.of(request.ma_yeu_cau, None))
    sent = connected.look_up_citizen(AN, system=System.IDENTITY, consent=CODE, officer="A" * 20, officer_token=card)
    request = decode_request(Service.LOOK_UP_CITIZEN, server.asked[0].body)
    assert (request.consent, request.officer_token, request.ma_can_bo) == (CODE, CARD, "A" * 20)
    assert asked_for == [sent.message_id] == [server.asked[0].headers["x-road-id"]]
    connected.look_up_citizen(AN, system=System.IDENTITY, consent=CODE, officer_token=CARD, message_id="m-1")
    request = decode_request(Service.LOOK_UP_CITIZEN, server.asked[1].body)
    assert (request.officer_token, server.asked[1].headers["x-road-id"]) == (CARD, "m-1")


@pytest.mark.parametrize("code", ["50", "51", "52", "53", "54", "55", "56", "57", "58", "27", "44"])
def test_every_want_of_a_consent_says_what_to_do(connected: Agency, server: StandIn, code: str) -> None:
    server.reply = lambda asked: problem(code)
    with pytest.raises(Refused) as refused:
        connected.look_up_citizen(AN, system=System.IDENTITY, consent=CODE)
    assert refused.value.problem.row.code == code
    assert refused.value.problem.row.mend_vi in str(refused.value)


# The command


@pytest.fixture
def ketnoi(settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`ketnoi("consent", …)`: status and what was printed."""
    question = {"SoDinhDanh": AN.personal_number, "HoVaTen": AN.name, "NgayThangNamSinh": AN.birth}
    (tmp_path / "question.json").write_text(json.dumps(question), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        told = [each.replace("QUESTION", str(tmp_path / "question.json")) for each in arguments]
        status = main([*told, "--settings", str(settings)])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


def test_the_command_asks_and_shows_the_transaction(ketnoi, server: StandIn) -> None:
    server.reply = told(begun)
    words = ("consent", "ask", "--input", "QUESTION", "--service", "look_up_citizen", "--fields", "HoVaTen")
    status, printed = ketnoi(*words, "--purpose", "Đăng ký thường trú", "--lasting", "--seconds", "60")
    assert status == 0
    for text in ("CHO_DONG_Y: chờ công dân trả lời", CODE, "mã thông điệp"):
        assert text in printed
    message = decode_message(RequestConsent.OPERATION, server.asked[0].body)
    assert isinstance(message, RequestConsent)
    assert (message.one_time, message.lasts) == (False, 60)
    assert AN.personal_number not in printed


@pytest.mark.parametrize("state", ConsentState)
def test_the_commands_status_says_whether_it_is_agreed_to(ketnoi, server: StandIn, state: ConsentState) -> None:
    server.reply = told(standing(state))
    status, printed = ketnoi("consent", "state", CODE, "--service", "look_up_citizen")
    assert status == (0 if state is ConsentState.AGREED else 1)
    assert state.value in printed
    assert "HoVaTen, ThuongTru" in printed
    status, printed = ketnoi("consent", "state", CODE, "--service", "look_up_citizen", "--json")
    assert json.loads(printed)["TrangThai"] == state.value


@pytest.mark.parametrize(("used", "status"), [(None, 0), (False, 0), (True, 1)])
def test_the_command_tells_that_a_one_time_consent_is_used_up(ketnoi, server: StandIn, used, status: int) -> None:
    def answer(message: ConsentMessage) -> ConsentAnswer:
        agreed = standing(ConsentState.AGREED)(message)
        assert isinstance(agreed, ConsentStanding)
        return replace(agreed, used=used)

    server.reply = told(answer)
    found, printed = ketnoi("consent", "state", CODE, "--service", "look_up_citizen")
    assert found == status
    assert ("câu hỏi mới cần sự đồng ý mới (58)" in printed) is bool(used)
    assert ("DaDung" in printed) is (used is not None)
    found, printed = ketnoi("consent", "state", CODE, "--service", "look_up_citizen", "--json")
    assert (found, json.loads(printed).get("DaDung")) == (status, used)


def test_the_command_says_how_long_to_wait_for_the_citizen(ketnoi, server: StandIn) -> None:
    server.reply = told(begun)
    for words in (ASK, (*ASK, "--wait", "259200")):
        assert ketnoi(*words, "--purpose", "Đăng ký thường trú")[0] == 0
    messages = [decode_message(RequestConsent.OPERATION, asked.body) for asked in server.asked]
    assert [each.waits for each in messages if isinstance(each, RequestConsent)] == [None, 259_200]


def test_the_command_takes_a_consent_and_a_card(ketnoi, server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "card").write_text(CARD + "\n")
    card = ("--officer", "A" * 20, "--officer-token", str(tmp_path / "card"), "--message-id", "m-1")
    look_up = ("look-up", "--input", "QUESTION", "--system", "identity", "--consent", CODE)
    assert ketnoi(*look_up, *card)[0] == 1, "nobody was found"
    request = decode_request(Service.LOOK_UP_CITIZEN, server.asked[0].body)
    assert (request.consent, request.officer_token) == (CODE, CARD)
    assert server.asked[0].headers["x-road-id"] == "m-1"
    status, printed = ketnoi(*look_up, "--officer-token", str(tmp_path / "none"))
    assert (status, "cannot be read" in printed) == (2, True)
    assert "--officer-token" in printed
    assert "No such file" in printed


ASK = ("consent", "ask", "--input", "QUESTION", "--service", "look_up_citizen", "--fields", "HoVaTen")
WRONG = {
    "ThoiHan": ((*ASK, "--purpose", "x", "--seconds", "99999999"), "--seconds (ThoiHan): số giây, 1 tới 31536000"),
    "MucDich": ((*ASK, "--purpose", "x" * 301), "--purpose (MucDich): 1 tới 300 ký tự"),
    "a number": ((*ASK, "--purpose", f"của {AN.personal_number}"), "--purpose (MucDich): 1 tới 300 ký tự"),
    "ChoTraLoi": ((*ASK, "--purpose", "x", "--wait", "59"), "--wait (ChoTraLoi): số giây, 60 tới 604800"),
    "an address": ((*ASK, "--purpose", "Xem https://evil.example/"), "địa chỉ mạng hay thẻ"),
    "a tag": ((*ASK, "--purpose", "<b>x</b>"), "MucDich holds a tag"),
    "TheCanBo": ((*ASK, "--purpose", "x", "--officer-token", "QUESTION"), "--officer-token (TheCanBo): tệp chứa thẻ"),
    "CacTruong": ((*ASK, "HoVaTen", "--purpose", "x"), "--fields (CacTruong): mỗi trường một lần"),
    "code": (("consent", "state", "abc", "--service", "look_up_citizen"), "(MaGiaoDichDongY): 26 chữ"),
    "unit": ((*ASK, "--purpose", "x", "--unit", "?"), "--unit (MaDonVi): mã đơn vị"),
    "issue": ((*ASK, "--purpose", "x", "--issue", "Hồ sơ"), "--issue (X-Road-Issue): ký tự ASCII"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_by_the_option_vietnamese_first(name: str, ketnoi, server: StandIn) -> None:
    words, told = WRONG[name]
    status, printed = ketnoi(*words)
    assert status == 2
    assert told in printed
    assert AN.personal_number not in printed
    assert server.asked == []


def test_help_names_limits_defaults_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["consent", "ask", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for told in ("300", "31536000 (365 ngày)", "86400 (một ngày)", *ATTRIBUTES):
        assert told in printed


def test_it_says_when_to_ask_again(ketnoi, server: StandIn) -> None:
    refusal = problem("30")
    server.reply = lambda asked: Reply(refusal.status, refusal.body, {**refusal.headers, "Retry-After": "840"})
    status, printed = ketnoi(*ASK, "--purpose", "x")
    assert status == 1
    assert "thử lại sau · retry after: 840 giây" in printed
    assert "--request-code" in printed
    status, printed = ketnoi(*ASK, "--purpose", "x", "--json")
    assert '"retryAfter": 840' in printed


@pytest.mark.parametrize("code", ["12", "50", "52", "53", "54", "55", "56", "57", "58"])
def test_a_final_refusal_is_not_told_to_be_repeated(ketnoi, server: StandIn, code: str) -> None:
    server.reply = lambda asked: problem(code)
    status, printed = ketnoi("look-up", "--input", "QUESTION", "--system", "identity", "--consent", CODE)
    assert status == 1
    assert "--request-code" not in printed


def test_an_answer_shows_the_consent_that_it_was_given_under(ketnoi, server: StandIn) -> None:
    server.reply = answered(lambda request: replace(LookUpAnswer.of(request.ma_yeu_cau, None), consent=request.consent))
    printed = ketnoi("look-up", "--input", "QUESTION", "--system", "identity", "--consent", CODE)[1]
    assert f"MaGiaoDichDongY: {CODE}" in printed
