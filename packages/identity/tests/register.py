"""A real registry with a handful of people, which the pages ask over mutual TLS; on a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from ketnoi_registry.loading import load_people
from ketnoi_registry.settings import CitizensPage
from ketnoi_registry.store.people import PersonRow, Relative
from packages.registry.tests.certificates import self_signed
from packages.registry.tests.population import AN, BINH, NEIGHBOUR
from packages.registry.tests.worlds import World

from .people import Person

# From 6 to under 14, and under 6; their mother is Bình.
_MOTHER = Relative("Lê Thị Bình", BINH.personal_number)
SCHOOLCHILD = PersonRow(
    personal_number="990217000010", family_name="Nguyễn", given_name="Bé", birth_year=2017, birth_month=5, birth_day=4,
    mother=_MOTHER,
)  # fmt: skip
INFANT = PersonRow(
    personal_number="990323000011", family_name="Nguyễn", given_name="Út", birth_year=2023, birth_month=5, birth_day=4,
    mother=_MOTHER,
)  # fmt: skip
# Two officers, and whoever tests need.
OTHERS = [
    PersonRow(personal_number=f"9900850001{number:02}", family_name=family, given_name=given, birth_year=1985)
    for number, (family, given) in enumerate(
        [("Hoàng", "Cường"), ("Phan", "Dũng"), ("Đào", "Giang"), ("Bùi", "Hà"), ("Lý", "Khoa"), ("Mai", "Long")]
    )
]


def person(row: PersonRow) -> Person:
    """A row as somebody who would type it."""
    parts = (row.family_name, row.middle_name, row.given_name)
    birth = [f"{part:02}" for part in (row.birth_day, row.birth_month, row.birth_year) if part]
    return Person(row.personal_number, " ".join(each for each in parts if each), "/".join(birth))


PEOPLE = {
    "an": person(AN),
    "binh": person(BINH),
    "xom": person(NEIGHBOUR),
    "be": person(SCHOOLCHILD),
    "ut": person(INFANT),
    **{name: person(row) for name, row in zip(["cuong", "dung", "giang", "ha", "khoa", "long"], OTHERS, strict=True)},
}


class Register:
    """A context manager: inside, `settings` is what the identity side has to be told."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.world = folder, World(folder, database)
        self._loop, self._stack = asyncio.new_event_loop(), AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self_signed(self.folder, "identity")
        self._thread.start()
        self.do(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def settings(self) -> dict[str, str]:
        """The table `register` of the settings of an identity side."""
        at = {name: str(self.folder / name) for name in ("registry.crt", "identity.crt", "identity.key")}
        return {
            "url": self.world.url,
            "certificate": at["registry.crt"],
            "client_certificate": at["identity.crt"],
            "client_key": at["identity.key"],
        }

    def do(self, act: Any) -> Any:
        """Await something on the registry's loop, and what it returned."""
        return asyncio.run_coroutine_threadsafe(act, self._loop).result(60)

    async def _start(self) -> None:
        await self.world.start(self._stack, poll_seconds=3600.0, citizens=(CitizensPage("identity.crt"),))
        await load_people(self.world.pool, [SCHOOLCHILD, INFANT, *OTHERS])

    async def _stop(self) -> None:
        await self._stack.aclose()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
