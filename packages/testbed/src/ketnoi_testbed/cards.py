"""Cards of officers (TheCanBo): two officers of a commune's police attest somebody, the identity side vouches for them.

Through the identity side's own functions, as its pages and its OpenID endpoint do it for people and their systems.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

import psycopg

from ketnoi_identity.desk import acts, officers
from ketnoi_identity.openid import keys
from ketnoi_identity.openid import officers as openid_officers
from ketnoi_identity.openid.officers import Asked
from ketnoi_identity.openid.pseudonyms import Pseudonyms
from ketnoi_testbed.citizens import Citizen, Citizens, NotDone
from ketnoi_testbed.world import World

COMMUNE, COMMUNE_NAME = "05551", "Công an xã Kim Phượng"
YOUNGEST: Final = 1990


class Cards:
    """Makes cards for the officers of agencies in one world."""

    def __init__(self, world: World, citizens: Citizens) -> None:
        self._side, self._clock, self._people = world.identity, world.clock, world.population
        self._citizens = citizens
        self._attested: set[uuid.UUID] = set()

    def attest(self, citizen: Citizen) -> None:
        """Two officers of a commune's police see somebody: the account is at level 2 from then on."""
        if citizen.account in self._attested:
            return
        at = self._clock.now()
        with self._side.cursor() as cursor:
            officer, witness = self._police(cursor, citizen)
            act = acts.draft(officer, "attest", citizen.applicant, at, account=citizen.account)
            acts.begin(cursor, act, {"rehearsal": True})
            assert acts.note_witness(cursor, act, witness, {"rehearsal": True}, at), "nobody else acts here"
            acts.attest(cursor, act, witness, COMMUNE_NAME, at)
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

    def _police(self, cursor: psycopg.Cursor[Any], citizen: Citizen) -> list[officers.DeskOfficer]:
        at, found = self._clock.now(), []
        for row in self._people:
            if row.life_status != "alive" or row.birth_year > YOUNGEST or row is citizen.row:
                continue
            try:
                account = self._citizens.enrol(row).account
            except NotDone:  # somebody came by the pages and has keys of their own
                continue
            if account == citizen.account:
                continue
            if officers.active_officer(cursor, account, at) is None:
                officers.add(cursor, row.personal_number, COMMUNE, COMMUNE_NAME, at)
            officer = officers.active_officer(cursor, account, at)
            assert officer is not None
            found.append(officer)
            if len(found) == 2:
                return found
        raise NotDone("there are not two grown-ups to be police officers")
