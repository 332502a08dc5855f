"""A results file has one writer at a time, and tells by line numbers what is done."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from agency_folder import AgencyFolder
from lists import number, people, rows_of
from stand_in import Asked, Reply, StandIn, answered, plain_answer, problem

from ketnoi_client.cli import main


@pytest.fixture
def command(folder: AgencyFolder, server: StandIn, tmp_path: Path) -> list[str]:
    """The arguments of a batch of forty."""
    (tmp_path / "people.csv").write_text(people(40), encoding="utf-8")
    told = ["batch", "--settings", str(folder.settings()), "look-up", "--at-once", "1"]
    return [*told, "--input", str(tmp_path / "people.csv"), "--out", str(tmp_path / "out.csv")]


def test_a_second_run_at_the_same_time_is_refused_and_writes_nothing(
    command: list[str], server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    honest = answered(plain_answer)

    def reply(asked: Asked) -> Reply:
        if len(server.asked) == 10:
            reached.set()
            go_on.wait(60)
        return honest(asked)

    server.reply = reply
    first = subprocess.Popen(
        [sys.executable, "-m", "ketnoi_client.cli", *command],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert reached.wait(60)
    before = (tmp_path / "out.csv").read_bytes()
    assert main(command) == 2
    assert "another run" in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_bytes() == before
    go_on.set()
    _, said = first.communicate(timeout=60)
    assert first.returncode == 0, said.decode()
    assert list(rows_of(tmp_path / "out.csv")) == list(range(2, 42))
    assert len(server.asked) == 40


def stopped_at(line: int, command: list[str], server: StandIn) -> None:
    honest = answered(plain_answer)
    server.reply = lambda asked: problem("22") if number(line - 2) in asked.body.decode() else honest(asked)
    assert main(command) == 1
    server.reply = honest
    server.asked.clear()


def test_lines_without_a_row_are_asked_wherever_they_are(command: list[str], server: StandIn, tmp_path: Path) -> None:
    stopped_at(30, command, server)
    out = tmp_path / "out.csv"
    lines = out.read_bytes().split(b"\r\n")
    # As two runs at once once left it: two lines are there twice, three are missing.
    out.write_bytes(b"\r\n".join([*lines[:9], *lines[12:-1], *lines[20:22], b""]))
    assert main(command) == 0
    written = Counter(row.partition(b",")[0] for row in out.read_bytes().split(b"\r\n")[1:-1])
    assert set(map(int, written)) == set(range(2, 42))
    assert len(server.asked) == 3 + 12, "what is there is not asked again"


@pytest.mark.parametrize(
    "spoil", [lambda data: data.replace(b"\r\n", b"\n"), lambda data: data.replace(b"\r\n7,", b"\r\n7;")]
)
def test_a_file_that_another_program_saved_is_not_gone_on_with(
    command: list[str], server: StandIn, tmp_path: Path, spoil, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_at(30, command, server)
    out = tmp_path / "out.csv"
    spoilt = spoil(out.read_bytes())
    out.write_bytes(spoilt)
    assert main(command) == 2
    assert "changed by another program" in capsys.readouterr().err
    assert (out.read_bytes(), server.asked) == (spoilt, [])
