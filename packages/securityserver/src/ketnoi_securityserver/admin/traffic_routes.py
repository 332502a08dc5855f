"""How many exchanges this server has carried as a provider: our own addition, after X-Road's operational monitoring."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.admin.routing import MONITORING, Asked, Route
from ketnoi_securityserver.serverconf.ledger import ChangeRefused
from ketnoi_securityserver.traffic import Traffic, day_of

DAYS: Final = 7
MOST_ROWS: Final = 20_000


class TrafficRoutes:
    """/traffic: counts by day (in Vietnam), subsystem, service and outcome. Nothing in them is of a message."""

    def __init__(self, traffic: Traffic, clock: Clock) -> None:
        self._traffic = traffic
        self._clock = clock

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [Route("GET", "/traffic", MONITORING, self._counts)]

    async def _counts(self, asked: Asked) -> tuple[int, Any]:
        today = day_of(self._clock.now())
        since = _day(asked.query["since"]) if "since" in asked.query else today - timedelta(days=DAYS - 1)
        rows = await self._traffic.since(since, MOST_ROWS + 1)
        items = [
            {
                "day": each.day.isoformat(),
                "client_id": each.client,
                "service_id": each.service,
                "code": each.code,
                "count": each.count,
            }
            for each in rows[:MOST_ROWS]
        ]
        return 200, {
            "since": since.isoformat(),
            "today": today.isoformat(),
            "whole": len(rows) <= MOST_ROWS,
            "items": items,
        }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ChangeRefused(400, "validation_failure", "since is a day such as 2026-01-31") from None
