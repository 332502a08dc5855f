"""Clocks are handed in: only the servers' clock and the client's ask the machine for the moment, and no SQL does."""

import ast
import re
from pathlib import Path

import pytest
from tree import ROOT, source_files

CLOCKS = {
    ROOT / "packages" / "runtime" / "src" / "ketnoi_runtime" / "clock.py",
    ROOT / "packages" / "client" / "src" / "ketnoi_client" / "clock.py",
}
ASKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
SQL_ASKS = re.compile(
    r"\b(?:now\s*\(\s*\)|current_timestamp|current_date|clock_timestamp|localtimestamp)", re.IGNORECASE
)
SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE)\b")


@pytest.mark.parametrize("file", source_files(), ids=lambda file: file.relative_to(ROOT / "packages").as_posix())
def test_no_other_file_asks_for_the_moment(file: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if (name, node.func.attr) in ASKS and file not in CLOCKS:
                found.append(f"line {node.lineno}: {name}.{node.func.attr}()")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if SQL.search(text) and SQL_ASKS.search(text):
                found.append(f"line {node.lineno}: the statement asks the database for the moment")
    assert not found


def test_no_migration_asks_the_database_for_the_moment() -> None:
    migrations = sorted((ROOT / "packages").glob("*/src/*/migrations/*.sql"))
    assert migrations
    guilty = [file.name for file in migrations if SQL_ASKS.search(re.sub(r"--.*", "", file.read_text()))]
    assert not guilty
