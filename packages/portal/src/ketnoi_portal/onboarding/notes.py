"""Notes that a desk keeps for itself on an application."""

from __future__ import annotations

from django import forms
from django.db import transaction
from django.http import HttpRequest

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.audit.models import record
from ketnoi_portal.onboarding.models import Application, Note
from ketnoi_portal.onboarding.uploads import say
from ketnoi_portal.process.roles import Actor


class NoteForm(forms.Form):
    """A note's text."""

    use_required_attribute = True

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        label = say(Text("Ghi chú mới (chỉ bộ phận này đọc được)", "New note (read by this desk alone)"))
        self.fields["text"] = forms.CharField(label=label, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))


def desk_slug(request: HttpRequest) -> str:
    """The desk at which this request is made; empty for an agency."""
    hat = getattr(request, "hat", None) or ""
    return hat.removeprefix("desk:") if hat.startswith("desk:") else ""


def keep_note(actor: Actor, application: Application, desk: Desk, text: str) -> Note:
    """Keep a note. Its text stays out of the audit log, which other desks read."""
    with transaction.atomic():
        note = Note.objects.create(
            application=application, desk=desk, text=text, written_at=clock.now(), written_by=actor.person
        )
        record(actor, "note", "application_note", note.pk, after={"application": str(application.pk), "desk": desk.pk})
    return note
