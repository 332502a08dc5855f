"""A platform for each test, on a database and addresses of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from .platforms import Authority


@pytest.fixture(scope="session")
def unsafe() -> Authority:
    """An authority that a rehearsal may approve."""
    return Authority()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a node's keys and publications lie."""
    return tmp_path
