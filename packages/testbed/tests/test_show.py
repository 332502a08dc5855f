"""What people see: the story in the terminal, and the page."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ketnoi_client import doctor
from ketnoi_protocol.services import Service
from ketnoi_testbed import mischief
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.cli import main
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.show.board import Board
from ketnoi_testbed.show.inspector import Inspector
from ketnoi_testbed.show.story import Storyteller, StoryWentWrong
from ketnoi_testbed.show.terminal import Terminal
from ketnoi_testbed.world import World

NUMBER = re.compile(r"(?<![0-9a-f-])9\d{11}(?![0-9a-f-])")


@dataclass
class Shown:
    """A world with everything that shows it."""

    world: World
    board: Board
    inspector: Inspector

    def get(self, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        told = {"Content-Type": "application/json"} if body is not None else {}
        request = urllib.request.Request(self.inspector.url + path, data, {**told, **headers})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, **question: str) -> dict[str, Any]:
        status, told = self.get("api/ask", question)
        assert status == 200
        answer: dict[str, Any] = json.loads(told)
        return answer


@pytest.fixture(scope="module")
def shown(cluster: Postgres) -> Iterator[Shown]:
    with World(people=400, postgres=cluster) as world:
        board = Board()
        world.listen(board.told)
        inspector = Inspector(world, board)
        world.run(inspector.start())
        yield Shown(world, board, inspector)
        world.run(inspector.stop())


def storyteller(shown: Shown) -> tuple[Storyteller, io.StringIO]:
    written = io.StringIO()
    return Storyteller(shown.world, shown.board, Terminal(written), lambda: 1.0), written


def test_the_story_is_told_without_anybodys_number(shown: Shown) -> None:
    teller, written = storyteller(shown)
    teller.tell()
    text = written.getvalue()
    assert text.count("✓ HỢP LỆ") == 2
    assert text.count("ghi nhật ký, bền vững") == 2
    assert "mã 24" in text
    assert "\033" not in text, "no colours where nobody sees them"
    assert not NUMBER.search(text)
    assert teller.first_answer == teller.first_proof == 1.0
    assert not left_in_clear(shown)


def left_in_clear(shown: Shown) -> list[Path]:
    """Containers that a showing left behind; in the world's folder, but for the databases, none belongs."""
    return [
        path for path in shown.world.folder.rglob("*") if path.suffix in (".asice", ".zip") or "evidence" in path.name
    ]


def test_a_story_that_does_not_come_true_is_not_told_to_its_end(shown: Shown) -> None:
    teller, _ = storyteller(shown)
    mischief.change_officer(shown.world, "G15.CB.0003", active=True)
    with pytest.raises(StoryWentWrong, match="locked"):
        teller.tell()
    mischief.change_officer(shown.world, "G15.CB.0003", active=False)


def test_the_page_brings_everything_along(shown: Shown) -> None:
    for path, text in (("", "<!doctype html>"), ("page.css", ":root"), ("page.js", "import"), ("map.js", "export")):
        status, content = shown.get(path)
        assert status == 200
        assert text in content.decode()
        # Only this machine is ever asked for anything; the one address is SVG's own name.
        assert set(re.findall(r"https?://[^\"'\s)]+", content.decode())) <= {"http://www.w3.org/2000/svg"}
    assert shown.get("nothing")[0] == 404


def test_the_page_knows_places_servers_and_services(shown: Shown) -> None:
    world = json.loads(shown.get("api/world")[1])
    assert [each["instance"] for each in world["platforms"]] == ["VDXP-TEST", "NDXP-TEST"]
    assert len(world["servers"]) == 6
    assert [each["code"] for each in world["agencies"]] == ["G15", "H55"]
    assert {each["service"] for each in world["services"]} == set(Service)
    assert [len(steps) for steps in world["steps"].values()] == [9, 9]


@pytest.mark.parametrize("service", list(Service))
def test_officers_ask_from_the_page(shown: Shown, service: Service) -> None:
    for agency in ("G15", "H55"):
        told = shown.ask(agency=agency, service=service)
        assert told["result"] == "00"
        call = shown.board.call(told["messageId"])
        assert call is not None
        assert (call.outcome, call.service, call.shown()["agency"]) == ("ok", service, agency)
        assert [len(steps) for steps in call.steps.values()] == [9, 9]
        assert [name for name, _ in call.gates][-2:] == ["look up", "log"]


def test_what_never_reaches_the_registry_is_called_by_its_name_too(shown: Shown) -> None:
    assert all(finding.passed for finding in doctor.examine(shown.world.agency("H55")))
    known = json.loads(shown.get("api/world")[1])["metaservices"]
    asked = {call.service_code for call in shown.board.latest() if not call.gates}
    assert asked & {each["serviceCode"] for each in known} == {"allowedMethods"}


def test_refusals_are_told_with_their_code(shown: Shown) -> None:
    assert shown.ask(agency="G15", service="look_up_citizen", how="wrong_birth")["result"] == "01"
    locked = shown.ask(agency="G15", service="look_up_citizen", how="locked_officer")
    assert locked["refused"]["code"] == "24"
    procedure = shown.ask(agency="H55", service="verify_citizen", how="wrong_procedure")
    assert procedure["refused"]["code"] == "23"
    call = shown.board.call(procedure["messageId"])
    assert call is not None
    assert call.outcome == "23"


def test_what_was_kept_is_shown_and_verified(shown: Shown) -> None:
    told = shown.ask(agency="H55", service="look_up_citizen")
    status, content = shown.get(f"api/calls/{told['messageId']}/kept")
    kept = json.loads(content)
    assert status == 200
    assert len(kept["log"]) == 4
    assert all(row["body_is_encrypted"] for row in kept["log"])
    assert sorted(proof["kind"] for proof in kept["proofs"]) == ["request", "response"]
    assert kept["looked"][0]["officer"] == "H55.CB.0001"
    assert not left_in_clear(shown)
    assert not NUMBER.search(content.decode())
    assert shown.get("api/calls/nothing/kept")[0] == 404


def test_calls_are_streamed_as_they_go(shown: Shown) -> None:
    told = shown.ask(agency="G15", service="look_up_citizen")
    with urllib.request.urlopen(shown.inspector.url + "api/events", timeout=10) as events:
        first = next_event(events)
        assert told["messageId"] in {each["id"] for each in first}
        late = shown.ask(agency="G15", service="look_up_citizen")
        seen: list[dict[str, Any]] = []
        while not any(each["id"] == late["messageId"] and each["outcome"] for each in seen):
            seen += next_event(events)
    assert not NUMBER.search(json.dumps(first + seen))


def next_event(events: Any) -> list[dict[str, Any]]:
    while not (line := events.readline()).startswith(b"data: "):
        assert line, "the stream ended"
    calls: list[dict[str, Any]] = json.loads(line[6:])
    return calls


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "elsewhere.example"}, 403),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_no_other_page_can_ask(shown: Shown, headers: dict[str, str], status: int) -> None:
    before = len(shown.board.latest())
    assert shown.get("api/ask", {"agency": "G15", "service": "look_up_citizen"}, **headers)[0] == status
    assert len(shown.board.latest()) == before


@pytest.mark.parametrize("question", [{}, {"agency": "G99", "service": "look_up_citizen"}, {"agency": "G15"}, []])
def test_a_question_that_is_none_is_refused(shown: Shown, question: Any) -> None:
    assert shown.get("api/ask", question)[0] == 400


def test_a_call_refused_at_the_first_server_is_seen_too(shown: Shown) -> None:
    provider = shown.world.provider("VDXP")
    with mischief.deregistered(shown.world, provider):
        told = shown.ask(agency="G15", service="look_up_citizen")
    call = shown.board.call(told["messageId"])
    assert call is not None
    assert call.outcome not in ("", "ok")
    assert call.provider == ""


def test_everybody_asked_about_is_somebody_of_the_population(shown: Shown) -> None:
    # The person that the command `person` gives is found in a world of the same seed and size.
    assert shown.world.agency("G15").look_up_citizen(person_of(shown.world.people.full)).answer.ma_ket_qua == "00"


def test_the_demo_tells_its_story_and_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ketnoi_testbed.cli", "demo", "--once", "--people", "300",
         "--world", "two_platforms"],
        capture_output=True, text=True, timeout=180, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "Câu trả lời đầu tiên đã được kiểm tra sau" in done.stdout
    assert not NUMBER.search(done.stdout + done.stderr)
    folders = set(re.findall(r"/tmp/ketnoi-world-\w+", done.stdout))
    assert folders
    assert not any(Path(folder).exists() for folder in folders)


def test_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worlds"]) == 0
    assert "two_platforms" in capsys.readouterr().out
    assert main(["person", "--people", "400"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"SoDinhDanh", "HoVaTen", "NgayThangNamSinh"}
    assert main(["demo", "--world", "nowhere"]) == 2
    assert "known are" in capsys.readouterr().err
