"""A built wheel carries everything that its room reads at run time."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tree import ROOMS, ROOT


@pytest.mark.parametrize("room", ROOMS)
def test_a_wheel_holds_every_file_of_its_room(room: str, tmp_path: Path) -> None:
    package = ROOT / "packages" / room
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=package,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    source = package / "src"
    wanted = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*")
        if file.is_file()
        and not any(part == "__pycache__" or part.startswith(".") for part in file.relative_to(source).parts)
    }
    assert wanted <= held
