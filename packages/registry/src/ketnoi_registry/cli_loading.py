"""The commands of `ketnoi-registry` that bring files in: `load` and `set-life-status`."""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec

from ketnoi_protocol.names import LONGEST_NAME, InvalidName, key_legacy
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.database import open_pool
from ketnoi_runtime.settings import load_settings

from .loading import load_people, load_units
from .loading.csv_input import InputError, is_packed
from .loading.kinds import AddPeople, Kind, SetLife, UpdatePeople
from .loading.people_file import load_file
from .loading.progress import Progress, write_remarks
from .loading.remarks import words
from .loading.runs import Run
from .loading.taking_units import take_units
from .loading.units_file import read_units
from .settings import Settings
from .store.people import PersonRow
from .store.units import UnitRow

T = TypeVar("T")

SOME_REFUSED = 3
"""Exit status of a load that came to its end with lines that were not taken."""


def add_to(commands: Any) -> None:
    """Add the commands to the parser's."""
    load = commands.add_parser("load", help="nạp công dân hoặc đơn vị hành chính · load people or administrative units")
    load.add_argument("file", type=Path, help="CSV có dòng tiêu đề, hoặc JSON Lines · with a header; may be .gz")
    load.add_argument("--units", action="store_true", help="tệp chứa đơn vị hành chính · the file holds units")
    load.add_argument("--update", action="store_true", help="sửa người đã có, thêm người mới · change who is there")
    _of_a_csv(load)
    load.set_defaults(act=_load)
    life = commands.add_parser("set-life-status", help="ghi người chết, mất tích (CSV) · record the dead and missing")
    life.add_argument("file", type=Path, help="CSV: personal_number, life_status, life_status_since; may be .gz")
    _of_a_csv(life)
    life.set_defaults(act=lambda told: _load_csv(told, SetLife()))


def _of_a_csv(command: argparse.ArgumentParser) -> None:
    command.add_argument("--settings", type=Path, required=True, metavar="FILE")
    command.add_argument("--anew", action="store_true", help="nạp lại từ đầu · begin again, whatever was loaded before")
    command.add_argument(
        "--remarks", type=Path, metavar="FILE", help="tệp các dòng bị từ chối · lines refused (FILE.remarks.csv)"
    )


def _load(told: argparse.Namespace) -> int:
    is_csv = ".csv" in [suffix.lower() for suffix in told.file.suffixes[-2:]]
    if is_csv and not told.units:
        return _load_csv(told, UpdatePeople() if told.update else AddPeople())
    if told.update or told.anew or told.remarks:
        raise InputError(f"{told.file}: --update, --anew, --remarks chỉ dùng với CSV công dân · are for CSV of people")
    settings = load_settings(told.settings, Settings) if told.units else _of_people(told)

    async def act(pool: asyncpg.Pool) -> dict[str, Any]:
        if told.units and is_csv:
            return asdict(await take_units(pool, read_units(told.file)))
        if told.units:
            return {"loaded": await load_units(pool, _lines(told.file, UnitRow))}
        return {"loaded": await load_people(pool, _people(told.file))}

    print(json.dumps(with_pool(settings, act)))
    return 0


def _load_csv(told: argparse.Namespace, kind: Kind) -> int:
    settings, progress, began = _of_people(told), Progress(), time.monotonic()
    remarks = told.remarks or told.file.with_name(told.file.name + ".remarks.csv")

    async def act() -> tuple[dict[str, Any], Run]:
        try:
            run = await load_file(settings.database, told.file, kind, SystemClock(), progress, anew=told.anew)
        finally:
            progress.end()
        connection = await asyncpg.connect(settings.database)
        try:
            count = await write_remarks(connection, run, remarks)
        finally:
            await connection.close()
        result = {"added": run.added, "changed": run.changed, "refused": run.refused, "remarks": count}
        return {**result, "seconds": round(time.monotonic() - began, 1)}, run

    result, run = asyncio.run(act())
    if run.left_alone is not None:
        print(
            f"{told.file}: đã nạp lúc · was loaded at {run.left_alone:%Y-%m-%d %H:%M:%S} UTC; lần này không làm gì "
            "(--anew để nạp lại) · nothing was done now (--anew loads it again)",
            file=sys.stderr,
        )
    if result["remarks"]:
        print(f"{remarks}: số dòng và lý do · line numbers and reasons", file=sys.stderr)
    print(json.dumps(result))
    return SOME_REFUSED if run.refused else 0


def _of_people(told: argparse.Namespace) -> Settings:
    """The settings of a registry that keeps people. Raises InputError, SettingsError."""
    settings = load_settings(told.settings, Settings)
    if settings.upstream is not None:
        raise InputError(
            f"{told.settings}: có [upstream], công dân được hỏi ở CSDL có sẵn; không nạp gì · has [upstream], people "
            "are asked of an existing database; nothing was loaded"
        )
    return settings


def with_pool(settings: Settings, act: Any) -> Any:
    """`await act(pool)` on the registry's database, and what it returned."""

    async def inside() -> Any:
        pool = await open_pool(settings.database)
        try:
            return await act(pool)
        finally:
            await pool.close()

    return asyncio.run(inside())


def _people(file: Path) -> Iterator[PersonRow]:
    for number, row in enumerate(_lines(file, PersonRow), 1):
        if not _may_be_asked(row.full_name):
            raise InputError(f"{file}: dòng · line {number}: {' · '.join(words('name'))}")
        yield row


def _may_be_asked(name: str) -> bool:
    """Nobody could be found under a name that no question may hold."""
    try:
        key_legacy(name)
    except InvalidName:
        return False
    return len(unicodedata.normalize("NFC", name)) <= LONGEST_NAME


def _lines(file: Path, kind: type[T]) -> Iterator[T]:
    decoder = msgspec.json.Decoder(kind)
    with file.open("rb") as plain:
        lines: Iterable[bytes] = gzip.GzipFile(fileobj=plain) if is_packed(file) else plain
        for number, line in enumerate(lines, 1):
            try:
                yield decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                raise InputError(f"{file}: dòng · line {number} không đọc được · cannot be read") from None
