"""A letter's original is evidence for a time; then it goes, and what was made of it stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_portal.audit.models import record
from ketnoi_portal.files.forgetting import forget
from ketnoi_portal.mailroom.models import REFUSED, WAITING, Mail, MailDraft
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.settings import current

_AT_ONCE: Final = 200


def drop_originals() -> int:
    """Delete the originals that have been kept long enough; how many letters.

    With the original go its text, its enclosures and the form as it came. Not of a letter that waits for C06, and not
    while the draft that it opened is a draft. One that was dismissed as junk keeps nothing from that moment on [OC]: it
    is evidence of nothing, and may hold what somebody never meant for us. The audit log has the original's digest, so
    that a copy elsewhere can still be told to be the letter that came.
    """
    before = clock.now() - timedelta(days=current().mailroom.keep_originals_days)
    drafts = MailDraft.objects.filter(application__stage=Stage.DRAFT)
    old = Mail.objects.filter(~Q(original=None), Q(received_at__lt=before) | Q(state=REFUSED)).exclude(state=WAITING)
    dropped = 0
    for key in old.exclude(drafts__in=drafts).order_by("received_at").values_list("pk", flat=True)[:_AT_ONCE]:
        with transaction.atomic():
            mail = old.select_for_update(of=("self",)).filter(pk=key).first()
            if mail is not None:
                told = {"sha256": str(mail.original_id)}
                record(SYSTEM_ACTOR, "drop_mail_original", "mail", mail.pk, before=told, after={"sha256": None})
                drop(mail)
                dropped += 1
    return dropped


def drop(mail: Mail) -> None:
    """Delete what is kept of a letter but its row; of its files those that nothing else names. The caller records it.

    Runs within the caller's transaction.
    """
    files = [key for key in (mail.original_id, *mail.enclosures.values_list("file_id", flat=True)) if key]
    mail.enclosures.all().delete()
    mail.original, mail.text, mail.form, mail.dropped_at = None, "", {}, clock.now()
    mail.save(update_fields=["original", "text", "form", "dropped_at"])
    forget(files)
