"""What C06's officers do with letters: name the organisation, or refuse; and what follows from a draft's steps."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.mailroom import answering
from ketnoi_portal.mailroom.models import OPENED, REFUSED, WAITING, Mail, MailDraft
from ketnoi_portal.mailroom.registering import open_for
from ketnoi_portal.mailroom.retention import drop
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused


def assign(actor: Actor, mail: Mail, organisation: Organisation) -> MailDraft:
    """Open the letter's draft for an organisation. Raises StepRefused, also when somebody else was faster."""
    with transaction.atomic():
        locked = _waiting(actor, mail)
        draft = open_for(actor, locked, organisation)
        locked.settled_at, locked.settled_by = clock.now(), actor.person
        locked.save(update_fields=["settled_at", "settled_by"])
        told = {"organisation": organisation.code, "application": draft.application.number}
        record(actor, "assign_mail", "mail", locked.pk, after=told)
        answering.answer_draft(locked, draft.application, automatic=False)
    return draft


def dismiss(actor: Actor, mail: Mail) -> Mail:
    """Refuse a letter as junk; its original, text and enclosures are kept no longer. Raises StepRefused."""
    with transaction.atomic():
        locked = _waiting(actor, mail)
        locked.state, locked.refusal = REFUSED, "mail_dismissed"
        locked.settled_at, locked.settled_by = clock.now(), actor.person
        locked.save(update_fields=["state", "refusal", "settled_at", "settled_by"])
        digest = locked.original_id
        record(
            actor, "dismiss_mail", "mail", locked.pk,
            before={"state": WAITING, "sha256": digest}, after={"state": REFUSED, "sha256": None},
        )  # fmt: skip
        drop(locked)
        answering.answer_refused(locked)
    return locked


def after_step(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """A draft that came by e-mail is claimed, or it is given up unclaimed, and its letter waits for C06 once more."""
    draft = MailDraft.objects.select_related("mail").filter(application=application).first()
    if draft is None:
        return
    if step_name == "claim":
        draft.claimed_at, draft.claimed_by = clock.now(), actor.person
        draft.save(update_fields=["claimed_at", "claimed_by"])
    elif application.stage == Stage.WITHDRAWN and not application.claimed and draft.mail.state == OPENED:
        draft.mail.state = WAITING
        draft.mail.save(update_fields=["state"])


def may_handle(actor: Actor | None) -> bool:
    """Whose desk the letters come to."""
    return actor is not None and actor.desk is DeskKind.C06 and Role.HANDLER in actor.roles


def _waiting(actor: Actor, mail: Mail) -> Mail:
    if not may_handle(actor):
        raise StepRefused([_NOT_YOURS])
    locked = Mail.objects.select_for_update().get(pk=mail.pk)
    if locked.state != WAITING:
        raise StepRefused([_SETTLED])
    return locked


_NOT_YOURS: Final = Reason(
    "not_your_role",
    Text("Bàn thư của cán bộ thụ lý C06", "The mail desk is for C06's handling officers"),
    Text("Chuyển cho cán bộ thụ lý C06", "Leave it to a handling officer of C06"),
)
_SETTLED: Final = Reason(
    "mail_settled",
    Text("Thư này đã được người khác xử lý", "Somebody else has settled this letter"),
    Text("Xem lại thư để biết kết quả", "Look at the letter again"),
)
