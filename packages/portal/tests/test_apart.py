"""What strangers send is read apart: by a fork for each piece, of a process that is kept and may end at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ketnoi_portal.files import examination
from ketnoi_portal.files.apart import Apart, Broken, Exhausted
from ketnoi_portal.files.examination import examine

from .pages import PDF
from .test_papers_signatures import AT
from .test_papers_uploads import bomb

EXAMINER = "ketnoi_portal.files.examiner"


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[Apart]:
    """One of the test's own, which the portal then goes by."""
    own = Apart(EXAMINER)
    monkeypatch.setattr(examination, "_APART", own)
    yield own
    own.close()


def kept(apart: Apart) -> int:
    """The process that keeps the reader."""
    assert apart._process is not None
    return apart._process.pid


def is_sound() -> bool:
    found = examine(PDF, {}, AT)
    return (found.dangers, found.pages) == ((), 1)


def test_one_process_is_kept_and_what_a_file_does_to_its_own_reaches_no_other(apart: Apart) -> None:
    assert is_sound()
    before = kept(apart)
    assert examine(bomb(2), {}, AT).dangers == ("bomb",)
    assert is_sound()
    assert kept(apart) == before


def test_several_are_read_at_once(apart: Apart) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: is_sound(), range(24)))


def test_when_the_kept_process_has_ended_another_takes_its_place(apart: Apart) -> None:
    assert is_sound()
    before = kept(apart)
    os.kill(before, signal.SIGKILL)
    assert is_sound()
    assert kept(apart) != before


def test_a_reader_that_fails_and_one_that_takes_too_long_are_told_apart(apart: Apart) -> None:
    with pytest.raises(Broken):
        apart.do(b"no order at all", 30.0)
    with pytest.raises(Exhausted):
        apart.do(b"no order at all", 0.000_001)
    assert is_sound()


def test_where_no_process_can_begin_the_file_is_not_blamed(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(OSError):
        examine(PDF, {}, AT)


def test_a_forked_portal_begins_its_own(apart: Apart) -> None:
    assert is_sound()
    child = os.fork()
    if child == 0:
        before = kept(apart)
        os._exit(0 if is_sound() and kept(apart) != before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert is_sound()


def test_it_ends_with_whoever_began_it_even_without_a_word() -> None:
    code = (
        "import os; from ketnoi_portal.files.apart import Apart, Broken\n"
        f"apart = Apart({EXAMINER!r})\n"
        "try: apart.do(b'?', 30.0)\n"
        "except Broken: print(apart._process.pid, flush=True)\n"
        "os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    process, deadline = Path("/proc") / done.stdout.strip(), time.monotonic() + 30
    while (process / "exe").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not (process / "exe").exists()
