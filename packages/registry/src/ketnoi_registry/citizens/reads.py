"""A citizen's own data: do these particulars belong to one person, and what does the register have about them?"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final

from ketnoi_protocol.citizen import Citizen, LifeStatus, Place
from ketnoi_protocol.citizen_shapes import C06Citizen
from ketnoi_protocol.citizens import Person, Record
from ketnoi_protocol.envelope import FOUND, NO_MATCH, Claimed
from ketnoi_protocol.errors import Refusal

from ..access_log import AccessLog, Call, Pseudonyms, Subject
from ..matching import Matching
from ..relations import RELATIONS
from ..store.interface import Asking, Found, Store
from ..store.units import Units

MATCH: Final = "citizens_match"
RECORD: Final = "citizens_record"
LOOKS: Final = "citizens_looks"
OWN: Final = (MATCH, RECORD, LOOKS)
"""Under which services the access log keeps what citizens ask about themselves."""

_ASKER: Final = "identity"
_VIETNAM: Final = timezone(timedelta(hours=7))
_EXACT: Final = Matching()


@dataclass(frozen=True, slots=True)
class OwnReads:
    """Reads for citizens, each written to the access log before it is answered.

    Names are compared at level E. Whoever is dead or missing has no account, so they match nobody [OC]; where the store
    does not tell whether somebody is alive, they are taken for living.
    """

    store: Store
    units: Units
    pseudonyms: Pseudonyms
    log: AccessLog

    async def matches(self, person: Person, at: datetime) -> bool:
        """Whether number, name and birth date are one living person's; the same work whoever is asked about."""
        found = await self._find(person, at, head=False)
        await self._note(MATCH, person, at, FOUND if found is not None else NO_MATCH)
        return found is not None

    async def record(self, person: Person, at: datetime) -> Record | None:
        """The whole record of the person; None where number, name and birth date are nobody's."""
        found = await self._find(person, at, head=True)
        if found is None:
            await self._note(RECORD, person, at, NO_MATCH)
            return None
        citizen = found.citizen
        await self._note(RECORD, person, at, FOUND, citizen.fields)
        relation = citizen.head.relation if citizen.head is not None else None
        return Record(
            citizen=C06Citizen.of(citizen),
            as_of=found.as_of or at,
            units=self.units.names_on(_day(at), _codes(citizen)),
            relations={relation: RELATIONS[relation]} if relation in RELATIONS else {},
        )

    async def note_looks(self, person: Person, at: datetime) -> None:
        """Write down that the person's looks are read. Raises AccessLogError."""
        await self._note(LOOKS, person, at, FOUND)

    async def _find(self, person: Person, at: datetime, *, head: bool) -> Found | None:
        found = await self.store.find(claim_of(person), Asking(_EXACT, _day(at), head=head, household=head))
        if found is None or found.personal_number != person.personal_number:
            return None
        life = found.citizen.life
        return found if life is None or life.status is LifeStatus.ALIVE else None

    async def _note(
        self, service: str, person: Person, at: datetime, result: str, fields: tuple[str, ...] = ()
    ) -> None:
        await self.log.record(
            Call(
                at,
                instance=_ASKER,
                consumer=_ASKER,
                service=service,
                message_id=str(uuid.uuid4()),
                result_code=result,
                released_fields=fields,
                subject_key_id=self.pseudonyms.active,
                subjects=(Subject(self.pseudonyms.of_person(person.personal_number)),),
            )
        )


def claim_of(person: Person) -> Claimed:
    """The person as stores are asked. Raises Refusal `bad_request` for what is no name or birth date."""
    try:
        return Claimed(personal_number=person.personal_number, name=person.name, birth_text=person.birth)
    except ValueError:
        raise Refusal("bad_request", "name or birth is none") from None


def _day(at: datetime) -> date:
    """The day in Vietnam, whose map of administrative units counts."""
    return at.astimezone(_VIETNAM).date()


def _codes(citizen: Citizen) -> set[str]:
    places: tuple[Place | None, ...] = (
        citizen.birth_registration, citizen.hometown, citizen.permanent_residence, citizen.current_residence,
    )  # fmt: skip
    codes = {code for place in places if place for code in (place.province, place.district, place.commune)}
    return {code for code in codes if code is not None}
