"""The command `ketnoi`: questions by prompt or JSON, answers in words or JSON, exit status."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agency_folder import AgencyFolder
from stand_in import StandIn, answered, problem

from ketnoi_client.cli import main
from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.citizen import Citizen, Name, Place
from ketnoi_protocol.envelope import (
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    LookUpAnswer,
    MemberAnswer,
    decode_request,
)
from ketnoi_protocol.services import Service

NUMBER = "990089000123"
AN = {"SoDinhDanh": NUMBER, "HoVaTen": "Nguyễn Văn An", "NgayThangNamSinh": "1989-04-17"}
CITIZEN = Citizen(
    personal_number=NUMBER,
    name=Name(given="NGUYỄN VĂN AN"),
    birth=BirthDate(1989, 4, 17),
    permanent_residence=Place(province="19", detail="Tổ 3"),
)


@pytest.fixture
def ask(folder: AgencyFolder, server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`ask(command, question, *more)` runs one command with the question in a file: status, output, errors."""

    def run(command: str, question: object = AN, *more: str) -> tuple[int, str, str]:
        file = tmp_path / "question.json"
        file.write_text(json.dumps(question), encoding="utf-8")
        status = main([command, "--settings", str(folder.settings()), "--input", str(file), *more])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_a_look_up_shows_the_licensed_fields(ask, server: StandIn) -> None:
    server.reply = answered(lambda request: LookUpAnswer.of(request.ma_yeu_cau, CITIZEN))
    status, out, err = ask("look-up")
    assert (status, err) == (0, "")
    for text in ("NGUYỄN VĂN AN", "1989-04-17", "Tổ 3", server.asked[0].headers["x-road-id"]):
        assert text in out


def test_a_look_up_as_json(ask, server: StandIn) -> None:
    server.reply = answered(lambda request: LookUpAnswer.of(request.ma_yeu_cau, CITIZEN))
    told = json.loads(ask("look-up", AN, "--json")[1])
    assert told["citizen"] == {
        "SoDinhDanh": NUMBER,
        "HoVaTen": "NGUYỄN VĂN AN",
        "NgayThangNamSinh": "1989-04-17",
        "ThuongTru": {"province": "19", "detail": "Tổ 3", "country": "VN"},
    }
    assert (told["MaKetQua"], told["instance"]) == ("00", "VDXP-TEST")
    assert told["messageId"] == server.asked[0].headers["x-road-id"]


def test_nobody_found_is_status_1(ask) -> None:
    status, out, err = ask("look-up")
    assert (status, err) == (1, "")
    assert "NO matching citizen" in out
    assert json.loads(ask("look-up", AN, "--json")[1])["citizen"] is None


def test_confirming(ask, server: StandIn) -> None:
    question = {"SoCMND": "123456789", "SoDinhDanh": NUMBER, "HoVaTen": "Nguyễn Văn An"}
    status, out, _ = ask("confirm", question)
    assert (status, out.splitlines()[0]) == (1, "KHÔNG khớp · NO match")
    server.reply = answered(lambda request: ExistsAnswer.of(request.ma_yeu_cau, True))
    status, out, _ = ask("confirm", question)
    assert (status, out.splitlines()[0]) == (0, "CÓ, khớp · YES, they belong together")
    assert json.loads(ask("confirm", question, "--json")[1])["TonTai"] is True


def test_a_household(ask, server: StandIn) -> None:
    member = {"HoVaTen": "Trần Thị Bình", "SoCMND": "123456789", "QuanHe": "QH01"}
    yes = MemberAnswer(in_household=True, relation_confirmed=True)
    no = MemberAnswer(in_household=False, relation_confirmed=False)
    server.reply = answered(lambda request: HouseholdAnswer.of(request.ma_yeu_cau, (yes, no)))
    status, out, _ = ask("household", {**AN, "ThanhVien": [member, member]})
    assert status == 1
    assert out.splitlines()[:2] == [
        "thành viên · member 1: cùng hộ · same household, đúng quan hệ · relation confirmed",
        "thành viên · member 2: không xác nhận · not confirmed",
    ]


def test_verifying_with_claimed_attributes(ask, server: StandIn) -> None:
    server.reply = answered(lambda request: CountAnswer.of(request.ma_yeu_cau, True, {"GioiTinh": True, "Me": False}))
    status, out, _ = ask("verify", {**AN, "ThuocTinh": {"GioiTinh": "1"}})
    assert status == 0
    assert "GioiTinh: đúng · yes" in out
    assert "Me: không · no" in out


def test_options_of_a_call(ask, server: StandIn) -> None:
    ask("look-up", AN, *("--officer", "h55.cb02", "--procedure", "G18", "--unit", "H55.3"), "--request-code", "R-1")
    request = decode_request(Service.LOOK_UP_CITIZEN, server.asked[0].body)
    assert (request.ma_can_bo, request.ma_dvc, request.ma_don_vi) == ("h55.cb02", "G18", "H55.3")
    assert request.ma_yeu_cau == "R-1"


def test_a_refusal_says_who_and_what_and_how_to_repeat(ask, server: StandIn) -> None:
    server.reply = lambda asked: problem("24", "MaCanBo")
    status, out, err = ask("look-up")
    assert (status, out) == (1, "")
    request = decode_request(Service.LOOK_UP_CITIZEN, server.asked[0].body)
    for text in ("[24]", "MaCanBo", "the officer", f"--request-code {request.ma_yeu_cau}", "message id: VDXP-TEST-"):
        assert text in err
    assert NUMBER not in err


@pytest.mark.parametrize(
    "question",
    [
        {},
        {**AN, "HoVaTen": 7},
        {**AN, "MatKhau": "x"},
        {**AN, "ThanhVien": [{"HoVaTen": "An"}]},
        [AN],
        "990089000123",
    ],
)
def test_a_question_of_another_form_is_status_2_and_not_quoted(question: object, ask, server: StandIn) -> None:
    status, out, err = ask("look-up", question)
    assert (status, out) == (2, "")
    assert server.asked == []
    assert NUMBER not in err


MEMBER = {"HoVaTen": "Trần Thị Bình", "SoCMND": "123456789", "QuanHe": "QH01"}
UNUSABLE = {
    "a name with digits": ("look-up", {**AN, "HoVaTen": "An 2"}, ()),
    "half a number": ("look-up", {**AN, "SoDinhDanh": NUMBER[:-1]}, ()),
    "no number": ("look-up", {"HoVaTen": "An", "NgayThangNamSinh": "1989"}, ()),
    "no birth date": ("verify", {"SoDinhDanh": NUMBER, "HoVaTen": "An"}, ()),
    "no members": ("household", AN, ()),
    "a member without a number": ("household", {**AN, "ThanhVien": [{"HoVaTen": "An", "QuanHe": "QH01"}]}, ()),
    "a member without a name": ("household", {**AN, "ThanhVien": [{**MEMBER, "HoVaTen": "1"}]}, ()),
    "a claim of no field": ("verify", {**AN, "ThuocTinh": {"x y": "1"}}, ()),
    "a number as an account": ("look-up", AN, ("--officer", NUMBER)),
    "a number as a case": ("look-up", AN, ("--issue", f"HS {NUMBER}")),
    "a code that is too long": ("look-up", AN, ("--request-code", "a" * 41)),
    "no account for that system": ("look-up", AN, ("--system", "identity")),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_question_that_nobody_would_take_is_status_2_and_not_to_be_repeated(name: str, ask, server: StandIn) -> None:
    command, question, more = UNUSABLE[name]
    status, out, err = ask(command, question, *more)
    assert (status, out) == (2, "")
    assert err
    assert server.asked == []
    assert not any(text in err for text in ("repeat the same", "message id", NUMBER[:-1]))


@pytest.mark.parametrize("name", UNUSABLE)
def test_with_json_it_is_told_as_json(name: str, ask) -> None:
    command, question, more = UNUSABLE[name]
    status, out, _ = ask(command, question, *more, "--json")
    told = json.loads(out)
    assert status == 2
    assert told["error"] in ("AgencyMustAct", "SettingsError")
    assert ("code" in told) is (told["error"] == "AgencyMustAct")
    assert "requestCode" not in told
    assert NUMBER[:-1] not in out


def test_with_json_every_failure_is_told_as_json(ask, server: StandIn, folder: AgencyFolder) -> None:
    status, out, _ = ask("look-up", {}, "--json")
    assert (status, json.loads(out)["error"]) == (2, "UnusableInput")
    server.reply = lambda asked: problem("24", "MaCanBo")
    status, out, err = ask("look-up", AN, "--json", "--request-code", "R-1")
    told = json.loads(out)
    assert (status, told["code"], told["hop"], told["requestCode"]) == (1, "24", "registry", "R-1")
    assert told["messageId"] == server.asked[0].headers["x-road-id"]
    assert "--request-code R-1" in err
    (folder.path / "account.key").unlink()
    status, out, _ = ask("look-up", AN, "--json")
    assert (status, json.loads(out)["error"]) == (2, "SettingsError")


def test_a_question_that_cannot_be_read_is_status_2(
    folder: AgencyFolder, server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text").write_bytes(b"\xff{")
    for name in ("absent", "text"):
        assert main(["look-up", "--settings", str(folder.settings()), "--input", str(tmp_path / name)]) == 2
        assert capsys.readouterr().err
    assert main(["look-up", "--settings", str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml" in capsys.readouterr().err


def test_a_number_is_not_taken_on_the_command_line(ask, capsys: pytest.CaptureFixture[str]) -> None:
    for more in ((NUMBER,), ("--personal-number", NUMBER), ("--SoDinhDanh", NUMBER)):
        with pytest.raises(SystemExit) as caught:
            ask("look-up", AN, *more)
        assert caught.value.code == 2


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ketnoi_client.cli", *arguments]


def test_a_question_comes_through_standard_input(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = answered(lambda request: ExistsAnswer.of(request.ma_yeu_cau, True))
    settings = ("--settings", str(folder.settings()))
    asked = subprocess.run(command("confirm", *settings, "--input", "-"), input=json.dumps(AN), text=True, timeout=30)
    assert asked.returncode == 0
    without = subprocess.run(
        command("confirm", *settings), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
    )
    assert without.returncode == 2
    assert "--input" in without.stderr


def at_a_terminal(arguments: list[str], answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run a command at a real terminal; each answer is typed when its prompt stands there."""
    controller, terminal = pty.openpty()
    running = subprocess.Popen(arguments, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    shown, deadline = io.BytesIO(), time.monotonic() + 30
    try:
        for prompt, answer in answers:
            seen = len(shown.getvalue())
            while prompt not in shown.getvalue()[seen:].decode("utf-8", "ignore"):
                assert time.monotonic() < deadline, shown.getvalue().decode("utf-8", "ignore")
                shown.write(os.read(controller, 4096))
            time.sleep(0.1)  # the prompt is written before the echo is switched off
            os.write(controller, answer.encode() + b"\n")
        while True:
            try:
                shown.write(os.read(controller, 4096))
            except OSError:
                break
    finally:
        os.close(controller)
    return running.wait(30), shown.getvalue().decode()


def test_at_a_terminal_numbers_are_asked_for_and_not_shown(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = answered(
        lambda request: HouseholdAnswer.of(
            request.ma_yeu_cau, tuple(MemberAnswer(in_household=True, relation_confirmed=True) for _ in request.members)
        )
    )
    status, shown = at_a_terminal(
        command("household", "--settings", str(folder.settings())),
        [
            ("personal number:", NUMBER),
            ("full name:", "Nguyễn Văn An"),
            ("birth date:", "1989-04-17"),
            ("empty to end:", "QH01"),
            ("full name:", "Trần Thị Bình"),
            ("personal number:", ""),
            ("old ID number:", "123456789"),
            ("empty to end:", ""),
        ],
    )
    assert status == 0, shown
    assert "member 1" in shown
    assert NUMBER not in shown
    assert "123456789" not in shown
    request = decode_request(Service.VERIFY_HOUSEHOLD, server.asked[0].body)
    assert request.personal_number == NUMBER
    assert [each.old_number for each in request.members] == ["123456789"]


@pytest.mark.parametrize("arguments", [["doctor"], ["evidence", "fetch", "VDXP-TEST-1"]])
def test_settings_without_a_platform_are_status_2(
    arguments: list[str], folder: AgencyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = folder.settings()
    settings.write_text(settings.read_text().partition("[platforms.VDXP]")[0] + "[platforms]\n")
    assert main([*arguments, "--settings", str(settings)]) == 2
    told = capsys.readouterr()
    assert (told.out, "[platforms" in told.err) == ("", True)


def test_evidence_of_a_platform_that_the_settings_do_not_have_is_status_2(
    folder: AgencyFolder, server: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = folder.settings()
    settings.write_text(settings.read_text().partition("[platforms.NDXP]")[0])
    assert main(["evidence", "fetch", "M-1", "--platform", "NDXP", "--settings", str(settings)]) == 2
    assert "[platforms.NDXP]" in capsys.readouterr().err
    assert server.asked == []


def test_services_are_listed_with_their_codes(
    folder: AgencyFolder, server: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["services", "--settings", str(folder.settings())]) == 0
    out = capsys.readouterr().out
    assert out.count("✓") == 4
    assert "TraCuuThongTinCongDan · MaTichHop 037" in out
    assert "VDXP-TEST" in out
    assert "VDXP ·" not in out
    assert "· Xin" in out
    assert "DinhDanh-XinDongY" in out
    assert server.asked == []


def test_services_are_listed_without_settings_too(
    folder: AgencyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["services"]) == 0
    out = capsys.readouterr().out
    assert "no settings file" in out
    assert (out.count("test:"), out.count("production:")) == (10, 10)
    assert "DinhDanh-TraTrangThaiDongY" in out
    # A file that is named has to be there; one that lies here is taken.
    assert main(["services", "--settings", "none.toml"]) == 2
    monkeypatch.chdir(folder.settings().parent)
    assert main(["services"]) == 0
    assert "✓" in capsys.readouterr().out
