"""Cards of officers (TheCanBo): two officers of a commune's police attest somebody, the identity side vouches for them.

Through the identity side's own functions, as its pages and its OpenID endpoint do it for people and their systems.
"""

from __future__ import annotations

import uuid

from ketnoi_identity.openid import keys
from ketnoi_identity.openid import officers as openid_officers
from ketnoi_identity.openid.officers import Asked
from ketnoi_identity.openid.pseudonyms import Pseudonyms
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.desk import Desk
from ketnoi_testbed.world import World


class Cards:
    """Makes cards for the officers of agencies in one world."""

    def __init__(self, world: World, citizens: Citizens) -> None:
        self._side, self._clock, self._people = world.identity, world.clock, world.population
        self._citizens, self._desk = citizens, Desk(world.identity, world.clock)
        self._attested: set[uuid.UUID] = set()

    def attest(self, citizen: Citizen) -> None:
        """Two officers of a commune's police see somebody: the account is at level 2 from then on."""
        if citizen.account not in self._attested:
            self._desk.staff(self._citizens, self._people, [citizen.row])
            self._desk.attest(citizen.account)
            self._attested.add(citizen.account)

    def card(self, officer: Citizen, organisation: str, message_id: str) -> tuple[str, str]:
        """An officer's code (MaCanBo) at an organisation, and the card (TheCanBo) for one message, as the OpenID side
        gives it to the organisation's system while the officer is signed in. Raises OfficerRefusedError."""
        self.attest(officer)
        settings, at = self._side.settings, self._clock.now()
        folder = settings.path(settings.keys)
        code = Pseudonyms.of(folder).officer(organisation, officer.account)
        asked = Asked(organisation, organisation, officer.account, code, message_id)
        with self._side.cursor() as cursor:
            accepted = openid_officers.admit(cursor, asked, 2, at)
            key = keys.ring(folder, keys.OFFICERS).signing(at)
            issuer, environment = settings.base_url.rstrip("/"), settings.environment
            return code, openid_officers.issue(cursor, asked, accepted, key, issuer, environment, at)
