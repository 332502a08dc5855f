"""What services ask of a store, whatever is behind it: the own tables, or somebody else's database."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Protocol

from ketnoi_protocol.citizen import Citizen
from ketnoi_protocol.envelope import Claimed

from ..matching import Matching


@dataclass(frozen=True, slots=True)
class Asking:
    """How a question is to be answered: how to compare, on which day's map places are told, and what is needed.

    Without `head` the head of the household need not be looked up, and the citizen may come without one; without
    `household` nobody asks who lives together, and in which relation to the head.
    """

    matching: Matching
    day: datetime.date
    head: bool = False
    household: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """The one person who was found, whole; no licence has been applied yet.

    `personal_number` is the citizen's. Whoever lives together has the same `household`, which is None for whoever is
    registered in none (the dead and the missing are struck off), and `relation` is that to its head. `as_of` is the
    moment of the data where the store told one of its own. About the fields in `untold`, by their names in licences,
    the store says nothing: no claim about them can be judged.
    """

    personal_number: str
    citizen: Citizen
    household: str | None
    relation: str | None
    as_of: datetime.datetime | None = None
    untold: frozenset[str] = frozenset()


class Store(Protocol):
    """Whoever has the people. tests/test_stores.py says what every store does.

    Methods raise a Refusal with a code of the table when the store cannot answer, and quote nothing of the question.
    """

    async def find(self, claim: Claimed, asking: Asking) -> Found | None:
        """The one person with whom every part of `claim` agrees; None when there is none, or more than one.

        Whoever is found or not, the same look-ups are made, so that the time it takes does not tell a wrong name
        from an unknown number.
        """

    async def confirm(self, claim: Claimed, asking: Asking) -> str | None:
        """The personal number of the one person with whom every part of `claim` agrees, where no more is needed."""

    async def has_held(self, old_number: str, claim: Claimed, found: Found | None, asking: Asking) -> bool:
        """Whether the person `found` for `claim` ever held that old number. Asked too when nobody was found."""

    async def old_numbers(self, claim: Claimed, asking: Asking) -> tuple[str, ...]:
        """The old numbers that the holder of the personal number claimed has held, and as far as is known nobody else:
        a number that was issued twice would lead to another's affairs."""

    def health(self) -> dict[str, Any]:
        """What an operator may want to know of it; nothing about a person."""
