"""The decision of a citizen without a smartphone, as an officer and a witness of a police desk attest it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from ketnoi_identity.accounts import records as accounts
from ketnoi_identity.accounts.records import Cursor
from ketnoi_identity.consent import receipts, records, representing
from ketnoi_identity.consent.content import Decision
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.openid.pseudonyms import Pseudonyms
from ketnoi_identity.settings import Settings

from .acts import Act
from .officers import DeskError, DeskOfficer


def of_act(cursor: Cursor, act: Act, *, for_update: bool = False) -> Kept | None:
    """The consent that an act is about."""
    cursor.execute("SELECT personal_number FROM consent WHERE id = %s", [act.consent])
    row = cursor.fetchone()
    if row is None or row[0] is None or act.consent is None:
        return None
    return records.one(cursor, act.consent, row[0], for_update=for_update)


def check_not_own(cursor: Cursor, kept: Kept, officer: DeskOfficer) -> None:
    """Raises DeskError where it is the officer's own consent."""
    own = accounts.by_id(cursor, officer.account)
    if own is None or own.personal_number == kept.personal_number:
        raise DeskError("own consent")


def decide(
    cursor: Cursor,
    own: Settings,
    act: Act,
    witness: DeskOfficer,
    proofs: dict[str, Any],
    names: receipts.Names,
    at: datetime,
    called: dict[str, Any] | None = None,
) -> bool:
    """Record what the citizen decided; False where there is nothing to decide any more: nothing is written then.

    `called` are the words that both officers' pages had for the codes (see `words.Shown.as_read`).
    """
    kept = of_act(cursor, act, for_update=True)
    if kept is None:
        return False
    kept = replace(kept, called=called)
    check_not_own(cursor, kept, witness)
    if act.decision == Decision.AGREE and act.speaker is None and representing.is_needed(act.person_birth, at):
        return False
    if act.speaker is not None:
        proofs = proofs | {"representative": act.speaker.jsonable()}
    by = f"desk:{act.officer}"
    if act.decision == Decision.TAKE_BACK:
        return records.take_back(cursor, kept, by, at)
    if act.decision == Decision.REFUSE:
        return records.refuse(cursor, kept, by, proofs, at)
    agreed = records.as_agreed(kept, by, at)
    folder = own.path(own.keys)
    subject = Pseudonyms.of(folder).subject(kept.organisation, _subject(cursor, kept))
    key, spoke = receipts.signing_key(folder, at), act.speaker.relation if act.speaker else None
    receipt = receipts.write(agreed, subject, names, own.base_url.rstrip("/"), at, key, representative=spoke)
    return records.agree(cursor, kept, by, proofs, receipt, at)


def _subject(cursor: Cursor, kept: Kept) -> UUID:
    """Whom the agency's pseudonym is made of: the account, or this consent alone for somebody who has none."""
    account = accounts.by_number(cursor, kept.personal_number) if kept.personal_number else None
    return account.id if account else uuid5(NAMESPACE_URL, kept.id)
