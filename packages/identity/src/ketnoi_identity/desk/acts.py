"""Acts of a desk that two officers do: one begins, another of the same unit witnesses, and only then it counts.

Each proves who they are on their own device, over the same content. No officer acts on their own account or consent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from ketnoi_identity.accounts import changing, enrolment, guardians, records, sessions
from ketnoi_identity.accounts.records import Account, Cursor, tell
from ketnoi_identity.accounts.registering import Applicant, day_first
from ketnoi_identity.consent import ending
from ketnoi_pages.text import Text

from .officers import DeskError, DeskOfficer, active_officer
from .speakers import Speaker

Kind = Literal["attest", "recover", "consent"]
LASTS: Final = timedelta(minutes=30)
"""So long the witness may take."""

TITLES: Final = {
    "attest": Text("Xác nhận trực tiếp, nâng lên mức 2", "Attest in person, raise to level 2"),
    "recover": Text("Khôi phục tài khoản", "Recover the account"),
    "consent": Text("Quyết định về chia sẻ dữ liệu", "A decision about sharing data"),
}
OWN: Final = Text("Cán bộ không tự làm việc này cho chính mình.", "No officer does this for themselves.")


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `account` is None for the consent of somebody who has none; `speaker` spoke for a child."""

    id: UUID
    kind: Kind
    account: UUID | None
    consent: str | None
    decision: str | None
    person_name: str
    person_birth: str
    unit: str
    officer: UUID
    officer_account: UUID
    officer_name: str
    at: datetime
    until: datetime
    witness: UUID | None
    witnessed_at: datetime | None
    speaker: Speaker | None = None

    @property
    def birth_shown(self) -> str:
        """The birth date, day first."""
        return day_first(self.person_birth)

    @property
    def title(self) -> Text:
        """What is done."""
        return TITLES[self.kind]

    @property
    def about(self) -> bytes:
        """What both officers prove: this act, about this person's account or consent, and the decision."""
        told = {
            "kind": self.kind,
            "account": str(self.account or ""),
            "consent": self.consent,
            "says": self.decision,
            "name": self.person_name,
            "birth": self.person_birth,
            "speaker": None if self.speaker is None else self.speaker.jsonable(),
        }
        return json.dumps(told, sort_keys=True).encode()


_COLUMNS: Final = (
    "a.id, a.kind, a.account, a.consent, a.decision, a.person_name, a.person_birth, a.unit, a.officer, d.account,"
    " coalesce(o.full_name, ''), a.at, a.until, a.witness, a.witnessed_at, a.speaker_name, a.speaker_birth,"
    " a.speaker_relation, a.speaker_account"
)
_FROM: Final = "FROM desk_act a JOIN desk_officer d ON d.id = a.officer JOIN account o ON o.id = d.account"


def check_person(officer: DeskOfficer, account: UUID | None) -> None:
    """Raises DeskError where it is the officer's own account."""
    if account == officer.account:
        raise DeskError(OWN.both)


def check_may_attest(cursor: Cursor, account: Account, today: date) -> Text | None:
    """Why an account cannot be raised to level 2; None when it can."""
    if account.state == "closed" or account.personal_number is None:
        return Text("Tài khoản đã đóng.", "The account is closed.")
    if account.level == 2:
        return Text("Tài khoản đã ở mức 2.", "The account is at level 2 already.")
    if not guardians.may_have_level_2(cursor, account, today):
        return Text(
            "Dưới 6 tuổi chỉ có mức 1; từ 6 đến dưới 14 tuổi, người đại diện phải ở mức 2.",
            "Under 6 there is level 1 alone; from 6 to under 14 the guardian has to be at level 2.",
        )
    return None


def draft(
    officer: DeskOfficer,
    kind: Kind,
    person: Applicant,
    at: datetime,
    *,
    account: UUID | None = None,
    consent: str | None = None,
    decision: str | None = None,
    speaker: Speaker | None = None,
) -> Act:
    """An act that is not begun yet: what the officer proves."""
    return Act(
        id=uuid4(),
        kind=kind,
        account=account,
        consent=consent,
        decision=decision,
        person_name=person.name,
        person_birth=person.birth,
        unit=officer.unit,
        officer=officer.id,
        officer_account=officer.account,
        officer_name=officer.full_name,
        at=at,
        until=at + LASTS,
        witness=None,
        witnessed_at=None,
        speaker=speaker,
    )


def begin(cursor: Cursor, act: Act, proof: dict[str, Any]) -> None:
    """Keep what the officer has proved. Another act of the same kind about the same person or consent is void."""
    cursor.execute(
        "UPDATE desk_act SET until = %s WHERE kind = %s AND account IS NOT DISTINCT FROM %s"
        " AND consent IS NOT DISTINCT FROM %s AND witnessed_at IS NULL AND until > %s",
        [act.at, act.kind, _text(act.account), act.consent, act.at],
    )
    cursor.execute(
        "INSERT INTO desk_act (id, kind, account, consent, decision, person_name, person_birth, unit, officer,"
        " officer_proof, at, until, speaker_name, speaker_birth, speaker_relation, speaker_account)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s)",
        [
            str(act.id),
            act.kind,
            _text(act.account),
            act.consent,
            act.decision,
            act.person_name,
            act.person_birth,
            act.unit,
            str(act.officer),
            json.dumps(proof),
            act.at,
            act.until,
            *(_said(act.speaker) if act.speaker else (None,) * 4),
        ],
    )


def one(cursor: Cursor, act: UUID, unit: str, *, for_update: bool = False) -> Act | None:
    """An act of this unit."""
    lock = " FOR UPDATE OF a" if for_update else ""
    cursor.execute(f"SELECT {_COLUMNS} {_FROM} WHERE a.id = %s AND a.unit = %s{lock}", [str(act), unit])
    row = cursor.fetchone()
    return _act(row) if row else None


def waiting(cursor: Cursor, unit: str, at: datetime) -> list[Act]:
    """The acts of a unit that wait for a witness, the oldest first."""
    cursor.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE a.unit = %s AND a.witnessed_at IS NULL AND a.until > %s ORDER BY a.at",
        [unit, at],
    )
    return [_act(row) for row in cursor.fetchall()]


def may_witness(act: Act, witness: DeskOfficer, at: datetime) -> bool:
    """Whether this officer may be the second one: of the same unit, somebody else, not about themselves, in time."""
    return (
        act.witnessed_at is None
        and act.until > at
        and witness.unit == act.unit
        and witness.account not in (act.officer_account, act.account, act.speaker and act.speaker.account)
    )


def is_begun_by_officer(cursor: Cursor, act: Act, at: datetime) -> bool:
    """Whether whoever began is still an officer of that desk, whose account may be used."""
    officer = active_officer(cursor, act.officer_account, at)
    return officer is not None and officer.id == act.officer


def note_witness(cursor: Cursor, act: Act, witness: DeskOfficer, proof: dict[str, Any], at: datetime) -> bool:
    """Keep who witnessed; False when that has happened by now. What comes of the act is the caller's next step."""
    cursor.execute(
        "UPDATE desk_act SET witness = %s, witness_proof = %s::jsonb, witnessed_at = %s"
        " WHERE id = %s AND witnessed_at IS NULL AND until > %s",
        [str(witness.id), json.dumps(proof), at, str(act.id), at],
    )
    return bool(cursor.rowcount == 1)


def attest(cursor: Cursor, act: Act, witness: DeskOfficer, unit_name: str, at: datetime) -> None:
    """Raise the account to level 2, as both officers attest."""
    assert act.account is not None
    cursor.execute("UPDATE account SET level = 2 WHERE id = %s AND state <> 'closed'", [str(act.account)])
    cursor.execute(
        "INSERT INTO attestation (id, account, officer, witness, at) VALUES (%s, %s, %s, %s, %s)",
        [str(uuid4()), str(act.account), str(act.officer), str(witness.id), at],
    )
    detail = {"witness": str(witness.account), "unit_name": unit_name, "level": 2}
    tell(cursor, act.account, at, "level_raised", act.officer_account, **detail)


def recover(cursor: Cursor, act: Act, witness: DeskOfficer, unit_name: str, at: datetime) -> None:
    """Take every key out of the account and unlock it: what comes in next is what the code lets in."""
    assert act.account is not None
    changing.remove_credentials(cursor, act.account, at, act.officer_account)
    changing.unlock(cursor, act.account, at, act.officer_account)
    detail = {"witness": str(witness.account), "unit_name": unit_name}
    tell(cursor, act.account, at, "recovered", act.officer_account, **detail)


def code(cursor: Cursor, act: Act, officer: DeskOfficer, at: datetime) -> str | None:
    """The code that the citizen types on their phone, shown by the officer who began; None unless it is time for it.

    May be asked for again while the act lasts and nothing has been enrolled since: the code before is void then.
    """
    ready = act.kind == "recover" and act.witnessed_at is not None and act.until > at and act.officer == officer.id
    if not ready or act.account is None:
        return None
    holder = records.by_id(cursor, act.account, for_update=True)
    cursor.execute(
        "SELECT EXISTS (SELECT FROM passkey WHERE account = %s AND removed_at IS NULL)"
        " OR EXISTS (SELECT FROM device_key WHERE account = %s AND removed_at IS NULL)",
        [str(act.account), str(act.account)],
    )
    if holder is None or holder.state != "active" or cursor.fetchone()[0]:
        return None
    return enrolment.make(cursor, act.account, at, officer.account)


def revoke(cursor: Cursor, account: Account, officer: DeskOfficer, because: str, at: datetime) -> bool:
    """Take level 2 back, with a reason; every session ends, and so does every consent: whoever gave them may not have
    been this person. False when the account is not at level 2."""
    cursor.execute("UPDATE account SET level = 1 WHERE id = %s AND level = 2", [str(account.id)])
    if cursor.rowcount != 1:
        return False
    cursor.execute(
        "UPDATE attestation SET revoked_at = %s, revoked_by = %s, revoked_because = %s"
        " WHERE account = %s AND revoked_at IS NULL",
        [at, str(officer.id), because, str(account.id)],
    )
    sessions.end_all(cursor, account.id, at)
    if account.personal_number is not None:
        ending.take_back_all(cursor, account.personal_number, at, ending.LOWERED)
    ending.take_back_given(cursor, account.id, at, ending.LOWERED)
    tell(cursor, account.id, at, "level_lowered", officer.account, because=because, unit_name=officer.unit_name)
    return True


def _act(row: tuple[Any, ...]) -> Act:
    *told, name, birth, relation, account = row
    return Act(*told, speaker=None if name is None else Speaker(name, birth, relation, account))


def _said(speaker: Speaker) -> tuple[str | None, ...]:
    return speaker.name, speaker.birth, speaker.relation, _text(speaker.account)


def _text(account: UUID | None) -> str | None:
    return None if account is None else str(account)
