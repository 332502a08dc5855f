"""The police desk of a world: two officers who attest whoever comes, and write down what somebody says there.

Through the identity side's own functions. Who stands before an invented desk needs no papers, and its officers prove
nothing: their acts are marked as a rehearsal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

import psycopg

from ketnoi_identity.accounts import presence
from ketnoi_identity.accounts import records as accounts
from ketnoi_identity.accounts.registering import Applicant
from ketnoi_identity.consent import receipts, records, rules
from ketnoi_identity.consent.content import Decision
from ketnoi_identity.desk import acts, consents, officers
from ketnoi_pages.clock import HANOI
from ketnoi_registry.store.people import PersonRow
from ketnoi_runtime.clock import Clock
from ketnoi_testbed.citizens import Citizens, NotDone
from ketnoi_testbed.parts.identity import IdentityFolder

COMMUNE, COMMUNE_NAME = "05551", "Công an xã Kim Phượng"
YOUNGEST: Final = 1990
_PROOF: Final = {"rehearsal": True}
_NEEDED: Final = 3
"""Two act together, and one of them may be whom it is about."""


class Desk:
    """One desk; its officers are in the identity side's database, so that any process may speak for them."""

    def __init__(self, side: IdentityFolder, clock: Clock) -> None:
        self._side, self._clock = side, clock

    def staff(self, citizens: Citizens, people: Iterable[PersonRow], but: Iterable[PersonRow] = ()) -> None:
        """Make sure that there are officers: grown-ups of `people`, with accounts, but none of `but`.

        Raises NotDone where there are too few.
        """
        others, at = {each.personal_number for each in but}, self._clock.now()
        with self._side.cursor() as cursor:
            wanting = _NEEDED - len(self._officers(cursor))
            for row in people:
                if wanting <= 0:
                    return
                if row.life_status != "alive" or row.birth_year > YOUNGEST or row.personal_number in others:
                    continue
                try:
                    account = citizens.enrol(row).account
                except NotDone:  # somebody came by the pages and has keys of their own
                    continue
                if officers.active_officer(cursor, account, at) is None:
                    code = presence.show(cursor, account, at)
                    officers.add(cursor, row.personal_number, code, COMMUNE, COMMUNE_NAME, at)
                    wanting -= 1
            if wanting > 0:
                raise NotDone("there are too few grown-ups to be police officers")

    def attest(self, account: uuid.UUID) -> bool:
        """Two officers see somebody: the account is at level 2 from then on. False where it cannot be.

        Raises NotDone where there are no two officers.
        """
        at = self._clock.now()
        with self._side.cursor() as cursor:
            holder = accounts.by_id(cursor, account, for_update=True)
            if holder is None or acts.check_may_attest(cursor, holder, at.astimezone(HANOI).date()) is not None:
                return False
            assert holder.personal_number is not None, "a closed account cannot be attested"
            person = Applicant(holder.personal_number, holder.full_name or "", holder.birth_text or "")
            officer, witness = self._two(cursor, account)
            act = acts.draft(officer, "attest", person, at, account=account)
            self._together(cursor, act, witness)
            acts.attest(cursor, act, witness, COMMUNE_NAME, at)
        return True

    def attest_whoever_waits(self) -> int:
        """Attest every account at level 1 that can be; how many were."""
        with self._side.cursor() as cursor:
            cursor.execute("SELECT id FROM account WHERE level = 1 AND state = 'active' ORDER BY created_at")
            waiting = [row[0] for row in cursor.fetchall()]
        return sum(self.attest(account) for account in waiting)

    def write_down(self, consent: str, person: Applicant, decision: Decision) -> None:
        """Record what somebody says about a consent, as the desk does for people without a smartphone.

        Raises NotDone where that person cannot decide so.
        """
        at = self._clock.now()
        with self._side.cursor() as cursor:
            kept = records.one(cursor, consent, person.personal_number, for_update=True)
            if kept is None:
                raise NotDone("người này không được hỏi dưới mã đó · this person was not asked under that code")
            takes_back = decision is Decision.TAKE_BACK
            if not (rules.may_be_taken_back(kept, at) if takes_back else rules.may_be_answered(kept, at)):
                stands = records.state(kept, at).value
                raise NotDone(f"không còn làm được, đang là {stands} · cannot be done any more: it is {stands}")
            account = accounts.by_number(cursor, person.personal_number)
            officer, witness = self._two(cursor, account.id if account else None)
            act = acts.draft(officer, "consent", person, at, consent=kept.id, decision=decision.value)
            self._together(cursor, act, witness)
            names = receipts.Names(kept.organisation, kept.service.value, {})
            if not consents.decide(cursor, self._side.settings, act, witness, _PROOF, names, at):
                raise NotDone("người dưới 14 tuổi cần người đại diện · somebody under 14 needs a representative")

    def _together(self, cursor: psycopg.Cursor[Any], act: acts.Act, witness: officers.DeskOfficer) -> None:
        acts.begin(cursor, act, _PROOF)
        assert acts.note_witness(cursor, act, witness, _PROOF, self._clock.now()), "nobody else acts here"

    def _two(self, cursor: psycopg.Cursor[Any], about: uuid.UUID | None) -> list[officers.DeskOfficer]:
        """Two officers who are not whom it is about. Raises NotDone."""
        found = [each for each in self._officers(cursor) if each.account != about][:2]
        if len(found) < 2:
            raise NotDone("bàn tiếp dân chưa có hai cán bộ · the desk has no two officers yet")
        return found

    def _officers(self, cursor: psycopg.Cursor[Any]) -> list[officers.DeskOfficer]:
        cursor.execute(
            "SELECT account FROM desk_officer WHERE unit = %s GROUP BY account ORDER BY min(since)", [COMMUNE]
        )
        at = self._clock.now()
        found = [officers.active_officer(cursor, row[0], at) for row in cursor.fetchall()]
        return [each for each in found if each is not None]
