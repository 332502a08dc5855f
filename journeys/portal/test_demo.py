"""The demo as `make demo ONCE=1` runs it: a look-up, then a province's way through the portal, and a revocation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

NUMBER = re.compile(r"(?<![0-9a-f-])9\d{11}(?![0-9a-f-])")


def test_both_stories_come_true_and_nothing_stays(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ketnoi_testbed.cli", "demo", "--once", "--people", "300"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "Câu trả lời đầu tiên đã được kiểm tra sau" in done.stdout
    assert "Lời gọi chính thức đầu tiên" in done.stdout
    closed = re.search(r"C06 thu hồi: sau ([0-9.]+) s", done.stdout)
    assert closed is not None
    assert float(closed[1]) < 60
    assert not NUMBER.search(done.stdout + done.stderr)
    folders = set(re.findall(r"/tmp/ketnoi-world-\w+", done.stdout))
    assert not any(Path(folder).exists() for folder in folders)
