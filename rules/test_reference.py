"""The printed pages of reference are what the tables say."""

import subprocess
import sys

from tree import ROOT


def test_the_pages_are_printed_from_the_tables() -> None:
    printed = subprocess.run(
        [sys.executable, ROOT / "docs" / "reference" / "print.py", "--check"], capture_output=True, text=True
    )
    assert printed.stdout == ""
    assert printed.returncode == 0
