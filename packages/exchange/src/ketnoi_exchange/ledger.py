"""The one kind of transaction in which a platform may change: the change, its history row and the new version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from ketnoi_exchange.observer import CHANGED, ExchangeEvent, Observer
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_runtime.clock import Clock

Shown = dict[str, Any]


@dataclass(slots=True)
class Change:
    """A change under way: where to make it, when it counts from, and what history will say.

    `before` and `after` are what stood and what stands there, None where there was or is nothing.
    """

    connection: Any = field(repr=False)
    at: datetime
    instance: str
    rehearsal: bool
    subject: str
    before: Shown | None = None
    after: Shown | None = None


class Ledger:
    """Opens changes. `changed` is called with the new version once a change is durable."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        *,
        changed: Callable[[int], None] = lambda version: None,
        observer: Observer | None = None,
    ) -> None:
        self.pool = pool
        self.clock = clock
        self._changed = changed
        self._observer = observer

    @asynccontextmanager
    async def act(self, actor: str, action: str, subject: str = "") -> AsyncIterator[Change]:
        """`actor` does `action` to `subject`.

        When the block ends well, the change and its history row are durable; when it raises, nothing has happened.
        Raises ChangeRefused `not_initialized`.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            # Taking this row first also puts changes in a row, whichever node makes them.
            row = await connection.fetchrow(
                "UPDATE platform SET version = version + 1 RETURNING version, instance, rehearsal"
            )
            if row is None:
                raise ChangeRefused("not_initialized")
            change = Change(connection, self.clock.now(), row["instance"], row["rehearsal"], subject)
            yield change
            await write_history(connection, row["version"], change, actor, action)
        self._changed(row["version"])
        if self._observer is not None:
            text = f"{actor}: {action} {change.subject}".rstrip()
            self._observer(ExchangeEvent(CHANGED, change.instance, row["version"], change.at, text))


async def write_history(connection: Any, version: int, change: Change, actor: str, action: str) -> None:
    """The row of a change, in its own transaction."""
    await connection.execute(
        "INSERT INTO history (version, at, actor, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        version,
        change.at,
        actor,
        action,
        change.subject,
        _json(change.before),
        _json(change.after),
    )


def _json(shown: Shown | None) -> str | None:
    return None if shown is None else msgspec.json.encode(shown).decode()


def one_done(done: str) -> bool:
    """Whether a statement touched anything, by PostgreSQL's own word for what it did."""
    return not done.endswith(" 0")
