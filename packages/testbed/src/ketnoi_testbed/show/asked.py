"""Officers who ask on request, about people chosen by chance."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any, Final, Literal

from ketnoi_client.agency import Sent
from ketnoi_protocol.services import Service
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.asking import member_of, person_of
from ketnoi_testbed.world import World

How = Literal["right", "wrong_birth", "locked_officer", "wrong_procedure"]

# Out of how many people of the population one is chosen.
CHOSEN_FROM: Final = 1_000
NO_SUCH_PROCEDURE: Final = "G15-KHONG-PHEP"


class Asker:
    """Asks in the name of any agency of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._households: dict[str, list[PersonRow]] = {}
        for row in islice(world.population, CHOSEN_FROM):
            if row.household_id is not None:
                self._households.setdefault(row.household_id, []).append(row)

    def ask(self, code: str, service: Service, how: How = "right") -> Sent[Any]:
        """One question of an agency's officer; blocks. Raises LookupError, and what the client raises."""
        world = self._world
        if code not in world.agencies:
            raise LookupError(f"there is no agency {code}")
        agency, part = world.agency(code), world.agencies[code].part
        household = random.choice(list(self._households.values()))  # noqa: S311 - no secret hangs on it
        row = household[0]
        other: dict[str, str | None] = {"birth": f"{row.birth_year - 1:04}-01-02"} if how == "wrong_birth" else {}
        call: dict[str, Any] = {}
        if how == "locked_officer":
            call["officer"] = next((each.code for each in part.officers if not each.active), f"{code}.CB.9999")
        if how == "wrong_procedure":
            call["procedure"] = NO_SUCH_PROCEDURE
        person = person_of(row, **other)
        if service is Service.VERIFY_HOUSEHOLD:
            return agency.verify_household(person, [member_of(each) for each in household], **call)
        if service is Service.CONFIRM_IDENTITY_NUMBER:
            return agency.confirm_identity_number(person, **call)
        if service is Service.VERIFY_CITIZEN:
            return agency.verify_citizen(person, **call)
        return agency.look_up_citizen(person, **call)
