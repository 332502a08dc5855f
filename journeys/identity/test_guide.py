"""What the demo invites to and the guide says, done: as the page stands, on a world that is up."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.identity.asking import Asking
from journeys.identity.conftest import PickUp
from journeys.identity.test_consent import typed
from ketnoi_identity.consent import records
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.citizens import Citizens, NotDone
from ketnoi_testbed.desk import Desk
from ketnoi_testbed.show.citizen_story import CODE, CitizenStory, shown
from ketnoi_testbed.show.terminal import Terminal
from ketnoi_testbed.world import World

GUIDE = Path(__file__).parents[2] / "docs/how-to/identity.md"
COMMANDS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def desk(country: World, police: Desk) -> Desk:
    """The police desk that the demo opens before it invites anybody."""
    country.run(country.identity.open_pages())
    return CitizenStory(country, Terminal(io.StringIO())).open_desk()


@pytest.fixture
def asked(country: World, newcomer: PersonRow, tmp_path: Path) -> tuple[str, Path]:
    """The code of a request, and the question about whom it is."""
    row = newcomer
    question = tmp_path / "question.json"
    told = {"SoDinhDanh": row.personal_number, "HoVaTen": row.full_name, "NgayThangNamSinh": birth_of(row)}
    question.write_text(json.dumps(told), encoding="utf-8")
    return Asking(country, CODE).consent(row), question


@pytest.fixture
def newcomer(country: World, desk: Desk, adults: Iterator[PersonRow]) -> PersonRow:
    """Somebody who has no account, once the desk has its officers."""
    return next(adults)


def run(*words: str, status: int = 0) -> str:
    """A command of the test bed; everything that it says."""
    done = subprocess.run(
        [str(COMMANDS / "ketnoi-testbed"), *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_guide_runs_as_it_stands(country: World, desk: Desk, tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    # Other worlds may stand on this machine: the newest is found by whoever has one alone.
    commands, found = re.subn("^AGENCY=.*$", f'AGENCY="{country.agency_file(CODE)}"', commands, flags=re.MULTILINE)
    assert found == 1
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/bin").symlink_to(COMMANDS)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", commands],
        cwd=tmp_path, env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for told in ("CHO_DONG_Y", "DONG_Y: công dân đồng ý", country.people.full.full_name.upper(), "ThuongTru"):
        assert told in done.stdout


def test_the_guides_program_runs_as_it_stands(
    country: World, desk: Desk, asked: tuple[str, Path], tmp_path: Path
) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path, env={**os.environ, "AGENCY": str(country.agency_file(CODE))}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        command = running.stdout.readline().split()
        assert command[:2] == ["ketnoi-testbed", "citizen"]
        words = [str(asked[1]) if word == "question.json" else word for word in command[1:]]
        run(*words)
        told, trouble = running.communicate(timeout=60)
    assert (running.returncode, trouble) == (0, "")
    assert "'HoVaTen', 'ThuongTru'" in told


def test_a_citizen_is_played_by_a_command(country: World, desk: Desk, asked: tuple[str, Path]) -> None:
    code, question = asked
    agency = Asking(country, CODE)
    assert "không môi trường nào" in run("citizen", "agree", "A" * 26, "--input", str(question), status=1)
    assert "là CHO_DONG_Y" in run("citizen", "take-back", code, "--input", str(question), status=1)
    assert agency.state(code) == "CHO_DONG_Y"
    run("citizen", "agree", code, "--input", str(question))
    assert agency.state(code) == "DONG_Y"
    assert "là DONG_Y" in run("citizen", "refuse", code, "--input", str(question), status=1)
    run("citizen", "take-back", code, "--input", str(question))
    assert agency.state(code) == "THU_HOI"


def test_nobody_is_played_who_was_not_asked(country: World, desk: Desk, asked: tuple[str, Path]) -> None:
    code, question = asked
    other = country.people.dead.personal_number
    question.write_text(re.sub(r"9\d{11}", other, question.read_text(encoding="utf-8")), encoding="utf-8")
    told = run("citizen", "refuse", code, "--input", str(question), status=1)
    assert "không được hỏi" in told
    assert other not in told
    question.write_text('{"SoDinhDanh": 1}')
    assert "ketnoi-testbed person" in run("citizen", "refuse", code, "--input", str(question), status=1)
    assert "không đọc được" in run("citizen", "refuse", code, "--input", str(question.parent / "none"), status=2)
    assert Asking(country, CODE).state(code) == "CHO_DONG_Y"


def test_whoever_registers_is_attested_and_sees_what_the_story_shows(
    country: World, desk: Desk, newcomer: PersonRow, pick_up_at: PickUp
) -> None:
    row = newcomer
    phone = pick_up_at(country.identity.url).register(typed(row))
    assert desk.attest_whoever_waits() >= 1
    assert desk.attest_whoever_waits() == 0
    code = Asking(country, CODE).consent(row, purpose="Đăng ký khai sinh cho con", one_time=False)
    page = " ".join(phone.go(f"/dong-y/{code}/").page.locator("main").inner_text().split())
    with country.identity.cursor() as cursor:
        (kept,) = records.of_person(cursor, row.personal_number, country.clock.now(), 10)
    lines = shown(kept, country.agencies[CODE].part.vi, country.identity.procedures)
    assert len(lines) == 9
    assert "Đăng ký khai sinh G15-TP110" in lines
    for line in lines[:-1]:
        # A label and what it says stand one below the other on the page.
        for part in line.removeprefix("• ").casefold().split(": "):
            assert part.removesuffix(":") in page.casefold()
    assert phone.page.locator("input[type=checkbox]").count() == 0


def test_nobody_agrees_below_level_2(country: World, desk: Desk, newcomer: PersonRow) -> None:
    citizen = Citizens.of(country).enrol(newcomer)
    code = Asking(country, CODE).consent(newcomer)
    with pytest.raises(NotDone, match="level 2"):
        citizen.agree(code)
    assert desk.attest(citizen.account)
    citizen.agree(code)
    assert Asking(country, CODE).state(code) == "DONG_Y"


def test_the_story_leaves_the_person_of_the_invitation_alone(country: World, desk: Desk) -> None:
    written = io.StringIO()
    story = CitizenStory(country, Terminal(written))
    story.tell()
    assert "Đăng ký khai sinh G15-TP110" in written.getvalue()
    assert "[ ]" not in written.getvalue()
    story.invite("agency.toml", "ketnoi", "ketnoi-testbed")
    told, row = written.getvalue(), country.people.full
    assert f"{country.identity.url}/dang-ky/" in told
    assert f"{row.personal_number}, {row.full_name}" in told
    made = Citizens.of(country).enrol(row)
    assert made.waiting() == []
