"""Consents as rows of the database, as their citizen sees and decides them; over a cursor (DB-API, `%s`).

Whose consent it is stands in every statement: nobody decides about another person's, whatever code is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ketnoi_protocol.consent import ConsentState
from ketnoi_protocol.services import Service

from ..accounts.records import Cursor
from . import rules
from .content import Decision, shown


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Kept(rules.Consent):
    """One consent. `decided_by` and `revoked_by` say whose account or which desk officer did it; `uses` counts the
    questions that it allowed, however often each was repeated under its MaYeuCau. `called` is there while somebody
    decides: what its codes are called where it is read (`words.Shown.as_read`). `repr` shows no personal number and no
    code."""

    id: str
    unit: str
    officer: str
    message_id: str
    purpose: str
    lasts_seconds: int
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    proof: dict[str, Any] | None
    receipt: str | None
    revoked_by: str | None
    uses: int
    last_used_at: datetime | None
    called: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Kept({self.organisation}, {self.service.value}, agreed: {self.agreed})"


@dataclass(frozen=True, slots=True)
class UseKept:
    """One use of a consent: who asked what of it, and with which code it was answered (`00`: it was allowed).

    `again`: it was allowed as a repetition of a question before it, which is the same use.
    """

    at: datetime
    organisation: str
    unit: str
    officer: str
    message_id: str
    service: Service
    fields: tuple[str, ...]
    procedure_code: str
    code: str
    again: bool


_COLUMNS: Final = (
    "c.id, c.organisation, c.unit, c.officer, c.message_id, c.service, c.fields, c.procedure_code, c.purpose,"
    " c.one_time, c.lasts_seconds, c.personal_number, c.asked_at, c.answer_by, c.decided_at, c.agreed, c.decided_by,"
    " c.proof::text, c.receipt, c.valid_until, c.revoked_at, c.revoked_by, c.used_up_by, c.used_up_at"
)
_NAMES: Final = tuple(column.removeprefix("c.").partition("::")[0] for column in _COLUMNS.split(", "))
_USED: Final = (
    "LEFT JOIN LATERAL (SELECT count(DISTINCT question) AS uses, max(at) AS last_used_at FROM consent_use"
    " WHERE consent = c.id AND code = '00') AS used ON true"
)
_WHILE_IT_WAITS: Final = "WHERE id = %s AND personal_number = %s AND agreed IS NULL AND answer_by > %s"
_AGREE: Final = (
    "UPDATE consent SET decided_at = %s, agreed = true, decided_by = %s, proof = %s::jsonb, receipt = %s,"  # noqa: S608
    f" valid_until = %s {_WHILE_IT_WAITS}"
)
_REFUSE: Final = (
    "UPDATE consent SET decided_at = %s, agreed = false, decided_by = %s, proof = %s::jsonb"  # noqa: S608
    f" {_WHILE_IT_WAITS}"
)
_ALL: Final = f"SELECT {_COLUMNS}, used.uses, used.last_used_at FROM consent c {_USED}"  # noqa: S608


def of_person(cursor: Cursor, personal_number: str, at: datetime, limit: int, offset: int = 0) -> list[Kept]:
    """A person's consents: those that wait first, then the newest. One query."""
    cursor.execute(
        f"{_ALL} WHERE c.personal_number = %s ORDER BY (c.agreed IS NULL AND c.answer_by > %s) DESC, c.asked_at DESC,"
        " c.id LIMIT %s OFFSET %s",
        [personal_number, at, limit, offset],
    )
    return [_kept(row) for row in cursor.fetchall()]


def open_of_person(cursor: Cursor, personal_number: str, at: datetime, limit: int, offset: int = 0) -> list[Kept]:
    """Of a person's consents those about which there is something to decide: waiting first, then those in force (they
    can be taken back), the newest first. One query."""
    cursor.execute(
        f"{_ALL} WHERE c.personal_number = %s AND ((c.agreed IS NULL AND c.answer_by > %s)"
        " OR (c.agreed AND c.revoked_at IS NULL AND c.valid_until > %s))"
        " ORDER BY c.agreed IS NULL DESC, c.asked_at DESC, c.id LIMIT %s OFFSET %s",
        [personal_number, at, at, limit, offset],
    )
    return [_kept(row) for row in cursor.fetchall()]


def how_many(cursor: Cursor, personal_number: str, at: datetime) -> tuple[int, int]:
    """How many consents a person has, and how many of them wait."""
    cursor.execute(
        "SELECT count(*), count(*) FILTER (WHERE agreed IS NULL AND answer_by > %s) FROM consent"
        " WHERE personal_number = %s",
        [at, personal_number],
    )
    every, waiting = cursor.fetchone()
    return every, waiting


def one(cursor: Cursor, consent: str, personal_number: str, *, for_update: bool = False) -> Kept | None:
    """A person's consent; None for another person's as for one that is not there. `for_update` holds it."""
    lock = " FOR NO KEY UPDATE OF c" if for_update else ""
    cursor.execute(f"{_ALL} WHERE c.id = %s AND c.personal_number = %s{lock}", [consent, personal_number])
    row = cursor.fetchone()
    return None if row is None else _kept(row)


def uses(cursor: Cursor, kept: Kept, limit: int, offset: int = 0) -> list[UseKept]:
    """The uses of a consent and the attempts at it, newest first."""
    cursor.execute(
        "SELECT at, organisation, unit, officer, message_id, service, fields, procedure_code, code, code = '00' AND"
        " row_number() OVER (PARTITION BY question, code ORDER BY at, organisation, message_id) > 1"
        " FROM consent_use WHERE consent = %s ORDER BY at DESC, organisation, message_id LIMIT %s OFFSET %s",
        [kept.id, limit, offset],
    )
    return [
        UseKept(at, organisation, unit, officer, message, Service(service), tuple(fields), procedure, code, again)
        for at, organisation, unit, officer, message, service, fields, procedure, code, again in cursor.fetchall()
    ]


def repeated(cursor: Cursor, messages: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these messages (organisation, message id) that repeated a question which their consent had allowed."""
    if not messages:
        return set()
    cursor.execute(
        "SELECT u.organisation, u.message_id FROM consent_use u WHERE (u.organisation, u.message_id) IN"
        " (SELECT * FROM unnest(%s::text[], %s::text[])) AND u.code = '00' AND EXISTS (SELECT FROM consent_use e"
        " WHERE e.consent = u.consent AND e.question = u.question AND e.code = '00'"
        " AND (e.at, e.organisation, e.message_id) < (u.at, u.organisation, u.message_id))",
        [list(each) for each in zip(*messages, strict=True)],
    )
    return {(organisation, message) for organisation, message in cursor.fetchall()}


def as_agreed(kept: Kept, by: str, at: datetime) -> Kept:
    """How it stands once it is agreed to at this moment: for the receipt."""
    until = at + timedelta(seconds=kept.lasts_seconds)
    return replace(kept, decided_at=at, agreed=True, decided_by=by, valid_until=until)


def agree(cursor: Cursor, kept: Kept, by: str, proof: dict[str, Any], receipt: str, at: datetime) -> bool:
    """The citizen agrees. False where it does not wait any more: nothing is written then.

    `by` is the account's id or `desk:` and the officer's; `proof` is how it was proved, without any secret. What was
    shown is kept beside it.
    """
    agreed = as_agreed(kept, by, at)
    cursor.execute(
        _AGREE,
        [at, by, _proved(kept, Decision.AGREE, proof), receipt, agreed.valid_until, kept.id, kept.personal_number, at],
    )
    return cursor.rowcount == 1


def refuse(cursor: Cursor, kept: Kept, by: str, proof: dict[str, Any], at: datetime) -> bool:
    """The citizen refuses. False where it does not wait any more: nothing is written then."""
    cursor.execute(
        _REFUSE,
        [at, by, _proved(kept, Decision.REFUSE, proof), kept.id, kept.personal_number, at],
    )
    return cursor.rowcount == 1


def take_back(cursor: Cursor, kept: Kept, by: str, at: datetime) -> bool:
    """The citizen takes back what was agreed to: no use that begins after the commit is allowed. False where there is
    nothing to take back any more."""
    cursor.execute(
        "UPDATE consent SET revoked_at = %s, revoked_by = %s WHERE id = %s AND personal_number = %s AND agreed"
        " AND revoked_at IS NULL AND valid_until > %s",
        [at, by, kept.id, kept.personal_number, at],
    )
    return cursor.rowcount == 1


def state(kept: Kept, at: datetime) -> ConsentState:
    """How it stands."""
    return rules.state(kept, at)


def _proved(kept: Kept, decision: Decision, proof: dict[str, Any]) -> str:
    return json.dumps({"shown": shown(kept, decision), "proof": proof}, ensure_ascii=False)


def _kept(row: tuple[Any, ...]) -> Kept:
    told = dict(zip((*_NAMES, "uses", "last_used_at"), row, strict=True))
    proof = told["proof"]
    return Kept(
        **told
        | {
            "service": Service(told["service"]),
            "fields": tuple(told["fields"]),
            "proof": None if proof is None else json.loads(proof),
        }
    )
