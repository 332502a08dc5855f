"""`ketnoi batch`: a list is asked about once, whatever breaks in between."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from agency_folder import AgencyFolder
from lists import HEAD, number, people, rows_of
from openpyxl import Workbook
from stand_in import Asked, Reply, StandIn, answered, plain_answer, problem, x_road_error

from ketnoi_client import batch as batches
from ketnoi_client.cli import main
from ketnoi_protocol.citizen import Citizen, Name, Place
from ketnoi_protocol.envelope import CountAnswer, ExistsAnswer, LookUpAnswer, Request

pytestmark = pytest.mark.usefixtures("no_waiting")


def asked_code(asked: Asked) -> str:
    return str(json.loads(asked.body)["MaYeuCau"])


def test_each_line_gets_its_answer(run, server: StandIn, tmp_path: Path) -> None:
    def answer(request: Request) -> LookUpAnswer:
        if request.personal_number != number(1):
            return LookUpAnswer.of(request.ma_yeu_cau, None)
        place = Place(province="19", detail='Tổ 3,\n"phường" A')
        citizen = Citizen(name=Name(given="=NGUYỄN VĂN AN"), permanent_residence=place)
        return LookUpAnswer.of(request.ma_yeu_cau, citizen)

    server.reply = answered(answer)
    status, rows, said = run("look-up", people(3))
    assert status == 0
    assert [row["MaKetQua"] for row in rows.values()] == ["01", "00", "01"]
    found = rows[3]
    assert found["HoVaTen"] == "'=NGUYỄN VĂN AN", "no spreadsheet takes it for a formula"
    assert 'detail: Tổ 3, "phường" A' in found["ThuongTru"]
    by_code = {asked_code(asked): asked for asked in server.asked}
    assert by_code[found["MaYeuCau"]].headers["x-road-id"] == found["X-Road-Id"]
    assert {asked.headers["x-road-issue"] for asked in server.asked} == {"HS-0", "HS-1", "HS-2"}
    assert "3/3" in said
    out = tmp_path / "out.csv"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert not Path(f"{out}.state").exists()


@pytest.mark.parametrize(
    ("service", "answer", "column", "value"),
    [
        ("confirm", lambda request: ExistsAnswer.of(request.ma_yeu_cau, True), "TonTai", "true"),
        ("confirm", lambda request: ExistsAnswer.of(request.ma_yeu_cau, False), "TonTai", "false"),
        ("verify", lambda request: CountAnswer.of(request.ma_yeu_cau, True), "SoLuongCongDan", "1"),
    ],
)
def test_the_other_services(run, server: StandIn, service, answer, column, value) -> None:
    server.reply = answered(answer)
    assert run(service, people(1))[1][2][column] == value


def test_a_workbook_is_a_list_too(run, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["HoVaTen", "SoDinhDanh", "NgayThangNamSinh"])
    sheet.append(["Nguyễn Văn An", number(1), "1989-04-17"])
    sheet.append([None, None, None])
    sheet.append(["Lý Thị Bình", 990089000002, 1990])
    kept = io.BytesIO()
    book.save(kept)
    status, rows, _ = run("look-up", kept.getvalue(), name="people.xlsx")
    assert status == 0
    assert list(rows) == [2, 4]


def test_a_refusal_of_one_question_stands_beside_it(run, server: StandIn) -> None:
    text = (
        HEAD
        + f"{number(0)},An,1989-04-17,\r\n12,An,1989-04-17,\r\n{number(2)},,1989,\r\n{number(3)},An,1989-04-17,\r\n"
    )
    status, rows, said = run("look-up", text)
    assert status == 3
    assert "2 lines have no answer" in said
    assert [row["MaKetQua"] for row in rows.values()] == ["01", "10", "10", "01"]
    assert "SoDinhDanh" in rows[3]["LyDo"]
    assert "12" not in rows[3]["LyDo"].split()
    assert len(server.asked) == 2


def test_what_passes_is_waited_for_with_the_same_request_code(run, server: StandIn, no_waiting: list[float]) -> None:
    honest = answered(plain_answer)
    seen: Counter[str] = Counter()

    def reply(asked: Asked) -> Reply:
        seen[asked_code(asked)] += 1
        told = {1: problem("41"), 2: Reply(close=True), 3: x_road_error("Server.ClientProxy.NetworkError")}
        if seen[asked_code(asked)] == 4:
            busy = problem("30")
            return Reply(busy.status, busy.body, {**busy.headers, "Retry-After": "17"})
        return told.get(seen[asked_code(asked)]) or honest(asked)

    server.reply = reply
    status, rows, _ = run("look-up", people(2), "--at-once", "1")
    assert status == 0
    assert [row["MaKetQua"] for row in rows.values()] == ["01", "01"]
    assert list(seen.values()) == [5, 5]
    assert len({asked.headers["x-road-id"] for asked in server.asked}) == 10
    assert no_waiting[:4] == [1.0, 2.0, 4.0, 17.0]


def told_to_wait(seconds: int) -> Reply:
    quota = problem("30")
    return Reply(quota.status, quota.body, {**quota.headers, "Retry-After": str(seconds)})


def test_who_is_told_to_wait_too_long_stops(run, server: StandIn, no_waiting: list[float]) -> None:
    server.reply = lambda asked: told_to_wait(901)
    status, rows, said = run("look-up", people(2), "--at-once", "1")
    assert (status, rows, no_waiting) == (1, {}, [])
    assert "[30]" in said


def test_what_does_not_pass_stops_the_batch_and_it_goes_on_later(run, server: StandIn, tmp_path: Path) -> None:
    honest = answered(plain_answer)
    server.reply = lambda asked: problem("22") if number(5) in asked.body.decode() else honest(asked)
    status, rows, said = run("look-up", people(9), "--at-once", "1")
    assert status == 1
    assert "[22]" in said
    assert list(rows) == [2, 3, 4, 5, 6]
    codes = [row["MaYeuCau"] for row in rows.values()]
    # Killed in the middle of a line, on top of it.
    with (tmp_path / "out.csv").open("ab") as file:
        file.write("7,0123,VDXP-TEST-x,01,,Nguyễ".encode()[:-1])
    server.reply = honest
    status, rows, said = run("look-up", people(9), "--at-once", "3")
    assert status == 0
    assert "6" in said
    assert list(rows) == list(range(2, 11))
    assert [row["MaYeuCau"] for row in rows.values()][:5] == codes
    assert len({row["MaYeuCau"].split("-")[0] for row in rows.values()}) == 1
    asked = Counter(json.loads(each.body)["SoDinhDanh"] for each in server.asked)
    assert asked.pop(number(5)) == 2
    assert set(asked.values()) == {1}


def test_patience_ends(run, server: StandIn) -> None:
    server.reply = lambda asked: Reply(close=True)
    status, rows, said = run("look-up", people(2), "--at-once", "1")
    assert (status, rows) == (1, {})
    assert len(server.asked) == batches.PATIENCE
    assert "MaYeuCau" in said


@pytest.mark.parametrize("change", ["list", "service", "officer"])
def test_another_batch_does_not_go_on_in_its_place(run, server: StandIn, change: str) -> None:
    honest = answered(plain_answer)
    server.reply = lambda asked: problem("22") if number(1) in asked.body.decode() else honest(asked)
    run("look-up", people(3), "--at-once", "1")
    before = len(server.asked)
    told = {
        "list": ("look-up", people(4)),
        "service": ("verify", people(3)),
        "officer": ("look-up", people(3), "--officer", "h55.cb02"),
    }[change]
    status, rows, said = run(*told)
    assert status == 2
    assert "--out" in said
    assert (list(rows), len(server.asked)) == ([2], before)


def test_no_results_are_written_over(run, tmp_path: Path) -> None:
    assert run("look-up", people(1))[0] == 0
    status, rows, said = run("look-up", people(2))
    assert status == 2
    assert list(rows) == [2]
    assert "already" in said


def test_a_state_that_cannot_be_read(run, tmp_path: Path) -> None:
    (tmp_path / "out.csv.state").write_bytes(b"{")
    assert run("look-up", people(1))[0] == 2


BAD_LISTS = {
    "nothing": b"",
    "only a header": HEAD.encode(),
    "an unknown column": b"SoDinhDanh,HoVaTen,GhiChu\n1,2,3\n",
    "a column twice": b"SoDinhDanh,HoVaTen,SoDinhDanh\n1,2,3\n",
    "no name": b"SoDinhDanh\n1\n",
    "no number": b"HoVaTen\nAn\n",
    "a line too long": b"SoDinhDanh,HoVaTen\n1,2,3\n",
    "another encoding": "SoDinhDanh,HoVaTen\n1,Nguyễn".encode("utf-16"),
    "old letters": b"SoDinhDanh,HoVaTen\n1,Nguy\xd4n\n",
    "a broken quotation": b'SoDinhDanh,HoVaTen\n1,"An"x"\n',
    "zeros": b"SoDinhDanh,HoVaTen\n1,\0\n",
}


@pytest.mark.parametrize("data", BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_list_that_is_none_is_refused_before_anything_is_sent(run, server: StandIn, tmp_path, data) -> None:
    status, rows, said = run("look-up", data)
    assert (status, rows, server.asked) == (2, {}, [])
    assert "people.csv" in said
    assert not (tmp_path / "out.csv.state").exists()


@pytest.mark.parametrize("data", [b"", b"PK\3\4 no workbook", HEAD.encode()])
def test_a_workbook_that_is_none(run, data) -> None:
    assert run("look-up", data, name="people.xlsx")[0] == 2


def in_another_encoding(encoding: str) -> bytes:
    """A workbook that reads well, but for its sheet's encoding, behind which a document type may stand."""
    book, changed = io.BytesIO(), io.BytesIO()
    sheet = Workbook()
    for row in (["SoDinhDanh", "HoVaTen", "NgayThangNamSinh"], ["990089000001", "An", "1989-03-02"]):
        sheet.active.append(row)
    sheet.save(book)
    with zipfile.ZipFile(book) as whole, zipfile.ZipFile(changed, "w") as made:
        for part in whole.infolist():
            data = whole.read(part)
            if part.filename.endswith("sheet1.xml"):
                data = data.decode().replace("<worksheet", "<!DOCTYPE worksheet>\n<worksheet").encode(encoding)
            made.writestr(part, data)
    return changed.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-16-le"])
def test_a_document_type_is_seen_in_every_encoding(run, server: StandIn, encoding) -> None:
    assert run("look-up", in_another_encoding(encoding), name="people.xlsx")[0] == 2
    assert server.asked == []


def test_a_list_that_is_not_there(folder: AgencyFolder, tmp_path: Path) -> None:
    told = ["--input", str(tmp_path / "none.csv"), "--out", str(tmp_path / "out.csv")]
    assert main(["batch", "--settings", str(folder.settings()), "look-up", *told]) == 2


@pytest.mark.parametrize("at_once", ["0", "17", "x"])
def test_how_many_at_once(at_once: str) -> None:
    with pytest.raises(SystemExit):
        main(["batch", "look-up", "--input", "a", "--out", "b", "--at-once", at_once])


def test_the_identity_system_is_not_asked_without_consents() -> None:
    with pytest.raises(SystemExit):
        main(["batch", "look-up", "--input", "a", "--out", "b", "--system", "identity"])


def started(command: list[str]) -> subprocess.Popen[bytes]:
    """As a terminal starts it: whoever runs these tests in the background may have had SIGINT passed over."""
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_whoever_stops_it_does_not_wait_for_a_pause(folder: AgencyFolder, server: StandIn, tmp_path: Path) -> None:
    server.reply = lambda asked: told_to_wait(600)
    (tmp_path / "people.csv").write_text(people(9), encoding="utf-8")
    command = [sys.executable, "-m", "ketnoi_client.cli", "batch", "--settings", str(folder.settings()), "look-up"]
    command += ["--input", str(tmp_path / "people.csv"), "--out", str(tmp_path / "out.csv")]
    waiting = started(command)
    until = time.monotonic() + 60
    while len(server.asked) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert "run this again" in said.decode()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_gone_on_with(folder: AgencyFolder, server: StandIn, tmp_path: Path, how: signal.Signals) -> None:
    """A real process is killed while it asks; the next one repeats what was lost with the same MaYeuCau."""
    reached = threading.Event()
    honest = answered(plain_answer)

    def reply(asked: Asked) -> Reply:
        if len(server.asked) >= 20:
            reached.set()
        told = honest(asked)
        return Reply(told.status, told.body, told.headers, wait=0.05)

    server.reply = reply
    (tmp_path / "people.csv").write_text(people(60), encoding="utf-8")
    out = tmp_path / "out.csv"
    command = [sys.executable, "-m", "ketnoi_client.cli", "batch", "--settings", str(folder.settings()), "look-up"]
    command += ["--input", str(tmp_path / "people.csv"), "--out", str(out)]
    first = started(command)
    assert reached.wait(60)
    first.send_signal(how)
    _, said = first.communicate(timeout=30)
    done = len(rows_of(out))
    assert 0 < done < 60
    if how == signal.SIGINT:
        assert first.returncode == 1
        assert "run this again" in said.decode()
    time.sleep(0.1)
    asked_before = {asked_code(asked) for asked in server.asked}
    second = subprocess.run(command, capture_output=True, timeout=120, env={**os.environ, "PYTHONUTF8": "1"})
    assert second.returncode == 0, second.stderr.decode()
    rows = rows_of(out)
    assert list(rows) == list(range(2, 62))
    codes = {row["MaYeuCau"] for row in rows.values()}
    assert len(codes) == 60
    assert asked_before <= codes, "what was lost was asked under the same MaYeuCau"
