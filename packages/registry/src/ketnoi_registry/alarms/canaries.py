"""Canaries: persons for whom nobody has a reason to ask. Whoever names one is told of; the answer is given as ever.

Only pseudonyms are kept, one under each key there is, since a kept answer may name its person under an older one.
"""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg

from ..access_log import Pseudonyms
from ..loading.csv_input import InputError

_HOLDERS = "SELECT personal_number AS number FROM old_id_number WHERE number = any($1)"
_HELD = "SELECT number FROM old_id_number WHERE personal_number = any($1)"
_NUMBER = re.compile(r"[0-9]{12}|[0-9]{9}")


def read_file(file: Path) -> list[str]:
    """The numbers of a file: one a line, a personal number or an old one; `#` begins a remark.

    Raises InputError, which names the line and not the number; OSError.
    """
    numbers = []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{file}: không phải UTF-8 · is not UTF-8") from None
    for at, line in enumerate(lines, 1):
        number = line.partition("#")[0].strip()
        if not number:
            continue
        if not _NUMBER.fullmatch(number):
            raise InputError(f"{file}: dòng · line {at}: cần 12 hoặc 9 chữ số · needs 12 or 9 digits")
        numbers.append(number)
    return numbers


async def replace(pool: asyncpg.Pool, pseudonyms: Pseudonyms, numbers: list[str]) -> int:
    """Let these be the canaries, in one step; how many numbers that are.

    Whoever is meant by one number is found by the others too: by the own tables as they are now, a holder's personal
    number and every old number that they held.
    """
    distinct = sorted({*numbers, *await _others(pool, numbers)})
    found = [
        (pseudonyms.of_person(number, key) if len(number) == 12 else pseudonyms.of_old_number(number, key), key)
        for number in distinct
        for key in pseudonyms.key_ids
    ]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM canary")
        await connection.executemany("INSERT INTO canary (pseudonym, key_id) VALUES ($1, $2)", found)
    return len(set(numbers))


async def _others(pool: asyncpg.Pool, numbers: list[str]) -> list[str]:
    holders = await pool.fetch(_HOLDERS, [number for number in numbers if len(number) == 9])
    persons = {*(row["number"] for row in holders), *(number for number in numbers if len(number) == 12)}
    held = await pool.fetch(_HELD, list(persons))
    return [*persons, *(row["number"] for row in held)]


async def known(connection: asyncpg.Connection) -> frozenset[bytes]:
    """The pseudonyms of all canaries."""
    return frozenset(row["pseudonym"] for row in await connection.fetch("SELECT pseudonym FROM canary"))
