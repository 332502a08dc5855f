"""Lists of people for batches, and the rows of their results."""

from __future__ import annotations

import csv
import io
from pathlib import Path

HEAD = "SoDinhDanh,HoVaTen,NgayThangNamSinh,MaHoSo\r\n"


def number(of: int) -> str:
    return f"990089{of:06}"


def people(count: int) -> str:
    return HEAD + "".join(f"{number(each)},Nguyễn Văn An,1989-04-17,HS-{each}\r\n" for each in range(count))


def rows_of(out: Path) -> dict[int, dict[str, str]]:
    if not out.exists():
        return {}
    rows = list(csv.DictReader(io.StringIO(out.read_bytes().decode("utf-8-sig"), newline="")))
    assert [int(row["Dong"]) for row in rows] == sorted(int(row["Dong"]) for row in rows)
    return {int(row["Dong"]): row for row in rows}
