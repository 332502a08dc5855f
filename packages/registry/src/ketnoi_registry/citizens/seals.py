"""Lawful secrecy: some looks are kept from the person they were about until a given day.

No public text says how the secrecy that the law allows is recorded here [NF]; this is our choice [OC]. A seal names its
legal basis and who ordered it, has an end that lies `LONGEST` away at most (longer secrecy needs a new order), and is
never removed: what is called off early ends, and both acts stand in an insert-only table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

LONGEST: Final = timedelta(days=5 * 366)


class SealError(Exception):
    """The seal cannot be made or called off; the text says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """All looks of an organisation for one procedure, from one moment on and before another."""

    procedure: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """Who ordered it, on which legal basis, and which account of the machine typed it in."""

    ordered_by: str
    legal_basis: str
    typed_by: str


_SEAL = """
INSERT INTO seal (organisation, message_id, procedure_code, looked_from, looked_until, sealed_until, legal_basis,
    ordered_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
"""
_NOTE = "INSERT INTO seal_audit (at, act, seal, legal_basis, ordered_by, typed_by) VALUES ($1, $2, $3, $4, $5, $6)"


async def seal(
    pool: asyncpg.Pool, organisation: str, what: str | Span, until: datetime, order: Order, at: datetime
) -> int:
    """Seal the look of a message id, or a span of looks, of an organisation and the units beneath it; the seal's id.

    Raises SealError where it would not end in time, or the span ends before it begins.
    """
    if not at < until <= at + LONGEST:
        raise SealError("niêm phong kết thúc sau lúc này, chậm nhất năm năm · a seal ends within five years from now")
    span = what if isinstance(what, Span) else None
    if span is not None and span.end <= span.begin:
        raise SealError("khoảng thời gian kết thúc trước khi bắt đầu · the span ends before it begins")
    message_id = what if isinstance(what, str) else None
    spanned = (span.procedure, span.begin, span.end) if span is not None else (None, None, None)
    async with pool.acquire() as connection, connection.transaction():
        number: int = await connection.fetchval(
            _SEAL, organisation, message_id, *spanned, until, order.legal_basis, order.ordered_by, at
        )
        await connection.execute(_NOTE, at, "seal", number, order.legal_basis, order.ordered_by, order.typed_by)
    return number


async def unseal(pool: asyncpg.Pool, number: int, order: Order, at: datetime) -> None:
    """End a seal now. Raises SealError where there is none that still holds."""
    async with pool.acquire() as connection, connection.transaction():
        ended = await connection.fetchval(
            "UPDATE seal SET lifted_at = $2 WHERE id = $1 AND lifted_at IS NULL AND sealed_until > $2 RETURNING id",
            number,
            at,
        )
        if ended is None:
            raise SealError("không có niêm phong nào còn hiệu lực mang số này · no seal of that number holds")
        await connection.execute(_NOTE, at, "unseal", number, order.legal_basis, order.ordered_by, order.typed_by)


async def holding(pool: asyncpg.Pool, at: datetime) -> list[dict[str, Any]]:
    """The seals that hold at that moment, oldest first."""
    rows = await pool.fetch(
        "SELECT id, organisation, message_id, procedure_code, looked_from, looked_until, sealed_until, legal_basis,"
        " ordered_by, made_at FROM seal WHERE least(sealed_until, lifted_at) > $1 ORDER BY id",
        at,
    )
    return [{name: value for name, value in dict(row).items() if value is not None} for row in rows]
