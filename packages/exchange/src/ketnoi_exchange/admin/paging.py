"""Long lists in pages, as X-Road's central server cuts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from ketnoi_exchange.refusals import ChangeRefused

PAGE: Final = 25
LONGEST_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list, and in which order. `column` is one of our own, never the caller's text."""

    column: str
    descending: bool
    limit: int
    page: int

    @classmethod
    def of(cls, query: Mapping[str, str], columns: Mapping[str, str], default: str = "id") -> Paging:
        """From `sort`, `desc`, `limit` and `offset` (in pages). Raises ChangeRefused 400."""
        column = columns.get(query.get("sort", "") or default)
        if column is None:
            raise ChangeRefused("invalid_sort_properties", query["sort"])
        limit, page = _number(query, "limit", PAGE), _number(query, "offset", 0)
        if not 1 <= limit <= LONGEST_PAGE:
            raise ChangeRefused("invalid_pagination_properties", "limit")
        return cls(column, query.get("desc", "") == "true", limit, page)

    async def rows(self, pool: asyncpg.Pool, select: str, *values: object) -> tuple[Sequence[Any], dict[str, int]]:
        """The rows of this page of a SELECT with an `id`, and X-Road's `paging_metadata`."""
        order = f'ORDER BY {self.column} COLLATE "C"' if self.column != "id" else "ORDER BY id"
        direction = "DESC" if self.descending else "ASC"
        found = f"{select} {order} {direction}, id {direction} LIMIT {self.limit} OFFSET {self.limit * self.page}"
        rows = await pool.fetch(found, *values)
        total = await pool.fetchval(f"SELECT count(*) FROM ({select}) AS found", *values)  # noqa: S608 - our own text
        return rows, {"total_items": total, "items": len(rows), "limit": self.limit, "offset": self.page}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "") or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ChangeRefused("invalid_pagination_properties", name)
    return int(text)
