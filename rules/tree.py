"""The repository as the rules see it: which files are kept, and where the floors are."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = sorted(folder.name for folder in (ROOT / "packages").iterdir() if (folder / "pyproject.toml").exists())


def kept_files(*suffixes: str) -> list[Path]:
    """Every file under version control (or about to be), with one of `suffixes` when any is given."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    files = [ROOT / name for name in listed.split("\0") if name]
    return [file for file in files if file.is_file() and (not suffixes or file.suffix in suffixes)]


def text_of(file: Path) -> str:
    """The file's text; files that are not text read as empty."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def source_files(*rooms: str) -> list[Path]:
    """The Python files that the given rooms ship (all rooms when none is named)."""
    return sorted(
        file for room in rooms or ROOMS for file in (ROOT / "packages" / room / "src").rglob("*.py") if file.is_file()
    )
