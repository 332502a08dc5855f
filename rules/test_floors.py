"""The house's floors are what pyproject.toml says they are, in the imports and in the packaging."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tree import ROOMS, ROOT, source_files

BELOW = {
    "protocol": set(),
    "trust": {"protocol"},
    "runtime": {"protocol"},
    "exchange": {"protocol", "trust", "runtime"},
    "securityserver": {"protocol", "trust", "runtime"},
    "registry": {"protocol", "trust", "runtime"},
    "client": {"protocol", "trust"},
    "pages": {"protocol", "runtime"},
    "identity": {"protocol", "trust", "runtime", "pages"},
    "portal": {"protocol", "trust", "runtime", "pages"},
    "testbed": set(ROOMS) - {"testbed"},
}


def test_every_room_has_its_floor() -> None:
    assert set(BELOW) == set(ROOMS)


def test_imports_keep_to_the_floors() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_requires_only_the_rooms_below_it(room: str) -> None:
    project = tomllib.loads((ROOT / "packages" / room / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {}).values()
    required = [*project["dependencies"], *(name for extra in extras for name in extra)]
    ours = {found[1] for name in required if (found := re.match(r"ketnoi-([a-z]+)", name))}
    assert ours <= BELOW[room]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_that_it_requires(room: str) -> None:
    imported = set()
    for file in source_files(room):
        imported |= set(re.findall(r"^\s*(?:from|import) ketnoi_([a-z]+)", file.read_text(), re.MULTILINE))
    assert imported - {room} <= BELOW[room]
