"""One letter becomes one row, and, where it says whose it is, one draft: in one transaction, however often it comes."""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError, transaction

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.files.examination import examine
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import DANGERS, PDF
from ketnoi_portal.mailroom import answering
from ketnoi_portal.mailroom.header import Header
from ketnoi_portal.mailroom.limits import MOST_UNCLAIMED
from ketnoi_portal.mailroom.masking import without_personal_numbers
from ketnoi_portal.mailroom.models import (
    AUTOMATIC,
    FORM,
    LETTER,
    OPENED,
    OTHER,
    REFUSED,
    SCAN,
    WAITING,
    Enclosure,
    Mail,
    MailDraft,
    plain_form,
)
from ketnoi_portal.mailroom.reading import Enclosed, Read
from ketnoi_portal.onboarding.actions import open_draft
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.settings import Mailbox, current
from ketnoi_protocol.identifiers import InvalidIdentifier
from ketnoi_protocol.services import System

MAILROOM: Final = Actor("mailroom", DeskKind.C06, "", frozenset())
"""Who opens drafts for letters: without any role, so that it can do nothing else."""
_MESSAGE: Final = "message/rfc822"


def known(mailbox: Mailbox, header: Header) -> Mail | None:
    """The row of a letter that has been registered before."""
    return Mail.objects.filter(mailbox=mailbox.address, message_id=header.message_id, digest=header.digest).first()


def register(mailbox: Mailbox, header: Header, raw: bytes, found: Read, size: int) -> Mail:
    """Keep what a letter holds, open its draft, write its answer. A letter that is known already changes nothing."""
    found = _examined(found)
    try:
        with transaction.atomic():
            return _register(mailbox, header, raw, found, size)
    except IntegrityError:
        # Somebody else registered it in the same moment.
        mail = known(mailbox, header)
        if mail is None:
            raise
        return mail


def _register(mailbox: Mailbox, header: Header, raw: bytes, found: Read, size: int) -> Mail:
    state, refusal, kind = _judged(header, found)
    taken = state == WAITING
    submission = found.submission if taken else None
    mail = Mail.objects.create(
        mailbox=mailbox.address,
        system=(submission.system if submission and submission.system else None) or mailbox.system,
        message_id=header.message_id,
        digest=header.digest,
        sender=header.sender,
        sender_name=without_personal_numbers(header.sender_name),
        subject=without_personal_numbers(header.subject),
        size=size,
        received_at=clock.now(),
        kind=kind,
        state=state,
        refusal=refusal,
        problems=list(found.problems),
        text=without_personal_numbers(found.text) if taken else "",
        form=plain_form(submission.form if submission else None),
        claimed_code=submission.claimed_code()[:40] if submission else "",
        original=Blob.keep(raw, _MESSAGE) if taken else None,
    )
    if taken:
        for each in found.enclosures:
            Enclosure.objects.create(mail=mail, name=each.name, file=Blob.keep(each.data, each.media_type))
    # An account of the letter, without a word of it.
    after = {"kind": kind, "state": state, "refusal": refusal, "mailbox": mailbox.address}
    record(MAILROOM, "register_mail", "mail", mail.pk, after=after)
    if taken:
        _open_if_known(mail, automatic=header.automatic)
    elif state == REFUSED and not (header.automatic or header.junk):
        answering.answer_refused(mail)
    return mail


def _judged(header: Header, found: Read) -> tuple[str, str, str]:
    """State, refusal and kind of a letter."""
    if header.junk:
        return REFUSED, "mail_junk", OTHER
    if header.too_large:
        return REFUSED, "mail_header_too_large", OTHER
    if found.refusal:
        return AUTOMATIC if header.automatic else REFUSED, found.refusal, OTHER
    if found.submission is not None:
        return WAITING, "", FORM
    if header.automatic:
        # Without a form in it nobody waits for what a machine has written.
        return AUTOMATIC, "", OTHER
    if found.enclosures:
        return WAITING, "", SCAN
    if len(found.text.split()) >= 3:
        return WAITING, "", LETTER
    return REFUSED, "mail_empty", OTHER


def _examined(found: Read) -> Read:
    """Without the PDFs that are dangerous inside, which are told among the problems."""
    kept: list[Enclosed] = []
    problems = list(found.problems)
    for each in found.enclosures:
        dangers = examine(each.data, {}, clock.now()).dangers if each.media_type == PDF else ()
        if dangers:
            problems += [DANGERS[danger].code for danger in dangers]
        else:
            kept.append(each)
    return Read(
        refusal=found.refusal,
        text=found.text,
        submission=found.submission,
        enclosures=tuple(kept),
        problems=tuple(dict.fromkeys(problems)),
    )


def _open_if_known(mail: Mail, *, automatic: bool) -> None:
    """Open the draft when the form says whose it is; else C06's officer finds out."""
    organisation, problem = recognised(mail.claimed_code)
    if organisation is None and problem:
        mail.problems = [*mail.problems, problem]
        mail.save(update_fields=["problems"])
    if organisation is None:
        if not automatic:
            answering.answer_waiting(mail)
        return
    draft = open_for(MAILROOM, mail, organisation)
    answering.answer_draft(mail, draft.application, automatic=automatic)


def recognised(code: str) -> tuple[Organisation | None, str]:
    """The organisation of a code as somebody wrote it; or None, and why not."""
    try:
        organisation = Organisation.find(code.strip().upper()) if code else None
    except InvalidIdentifier:
        organisation = None
    if organisation is None:
        return None, "organisation_unknown"
    if not organisation.is_open(clock.today()):
        return None, "organisation_closed"
    if CHARTS[current().chart].is_keepers(organisation.code):
        return None, "organisation_keeper"
    waiting = Application.objects.filter(organisation=organisation, claimed=False, stage=Stage.DRAFT)
    if waiting.count() >= MOST_UNCLAIMED:
        return None, "drafts_too_many"
    return organisation, ""


def open_for(actor: Actor, mail: Mail, organisation: Organisation) -> MailDraft:
    """Open a letter's draft for an organisation, within a transaction. Raises StepRefused when it may not apply."""
    application = open_draft(actor, organisation, System(mail.system), mail.registration, claimed=False)
    draft = MailDraft.objects.create(mail=mail, application=application, opened_at=clock.now(), opened_by=actor.person)
    mail.state = OPENED
    mail.save(update_fields=["state"])
    return draft
