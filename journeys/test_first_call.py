"""The how-to of an agency's first call, and the README's short form of it, are run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.world import World

ROOT = Path(__file__).parent.parent


def blocks(page: Path) -> list[tuple[str, str]]:
    """What a page tells to run, with its language."""
    return re.findall(r"^```(sh|python)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS = blocks(ROOT / "docs" / "how-to" / "first-call.md")


@pytest.fixture
def desk(world: World, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder to work in, with a question about somebody of this world, and the environment of the page."""
    someone = world.people.full
    asked = {"SoDinhDanh": someone.personal_number, "HoVaTen": someone.full_name, "NgayThangNamSinh": birth_of(someone)}
    (tmp_path / "question.json").write_text(json.dumps(asked), encoding="utf-8")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return tmp_path, {**os.environ, "AGENCY": str(world.agency_file("H55")), "PATH": path}


def run(kind: str, text: str, desk: tuple[Path, dict[str, str]]) -> str:
    folder, environment = desk
    command = ["bash", "-euo", "pipefail", "-c", text] if kind == "sh" else [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_has_all_its_steps() -> None:
    assert [kind for kind, _ in BLOCKS] == ["sh", "sh", "sh", "python", "sh", "sh"]


def test_the_connection_is_examined(desk: tuple[Path, dict[str, str]]) -> None:
    told = run(*BLOCKS[1], desk)
    assert "✗" not in told
    assert told.count("✓") == 16


def test_somebody_is_looked_up(desk: tuple[Path, dict[str, str]]) -> None:
    kind, text = BLOCKS[2]
    # The page asks about somebody of the demo's larger population; this world has a question of its own.
    told = run(kind, "\n".join(line for line in text.splitlines() if "ketnoi-testbed" not in line), desk)
    assert "HoVaTen" in told


def test_the_same_in_python(desk: tuple[Path, dict[str, str]]) -> None:
    assert run(*BLOCKS[3], desk).strip().endswith("found")


def test_the_same_with_curl(desk: tuple[Path, dict[str, str]]) -> None:
    run(*BLOCKS[4], desk)
    answer = json.loads((desk[0] / "answer.json").read_bytes())
    assert answer["MaKetQua"] == "00"


def test_it_is_proved(desk: tuple[Path, dict[str, str]]) -> None:
    assert run(*BLOCKS[5], desk).count("HỢP LỆ · VALID") == 2


def test_the_readme_finds_the_world(world: World) -> None:
    assert re.fullmatch(r"/tmp/ketnoi-world-\w+/agencies/H55/agency\.toml", str(world.agency_file("H55")))


@pytest.mark.parametrize("page", ["README.md", "README.vi.md"])
def test_the_readmes_first_call(desk: tuple[Path, dict[str, str]], page: str) -> None:
    (text,) = (text for _, text in blocks(ROOT / page) if "ketnoi look-up" in text)
    where, person, *calls = text.splitlines()
    assert "/tmp/ketnoi-world-*/agencies/H55/agency.toml" in where
    assert person == "ketnoi-testbed person > question.json"
    assert run("sh", "\n".join(calls), desk).count("HỢP LỆ · VALID") == 2
