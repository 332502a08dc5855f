"""What is installed is pinned by hash, and nothing kept here names the host of a package registry."""

import re

import pytest
from tree import ROOT, kept_files, text_of

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
REGISTRY_HOST = re.compile(
    r"pypi\.org|" + r"python" + r"hosted|npm" + r"js\.|(?<![\w.])registry\.[a-z-]+\.(?:org|com|io|net)", re.IGNORECASE
)


def test_there_are_locks() -> None:
    assert [lock.name for lock in LOCKS] == ["bootstrap.lock", "dev.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_every_distribution_by_hash_and_holds_no_address(lock: object) -> None:
    text = lock.read_text()  # type: ignore[attr-defined]
    assert "://" not in text
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_no_kept_file_names_a_registry_host() -> None:
    guilty = [str(file.relative_to(ROOT)) for file in kept_files() if REGISTRY_HOST.search(text_of(file))]
    assert [name for name in guilty if name != "rules/test_locks.py"] == []
