"""Where an exported dossier came from, and what its servers proved themselves with: letter and certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ketnoi_portal.audit.models import Event
from ketnoi_portal.mailroom.models import Mail, MailDraft
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.papers.archive import Archive

_SPAN = ("platform", "environment", "server", "sha256", "not_after", "began_at", "ended_at", "removed")
_CHECK = ("began_at", "ended_at", "asked_by", "passed", "items")


def letter(application: Application, archive: Archive, *, with_words: bool) -> dict[str, Any]:
    """The letter that it came by, as it was and as it was read; empty where it came by none.

    `original` is None once the letter has been kept long enough, and for whoever may not read letters (`withheld`).
    """
    draft = _draft(application)
    if draft is None:
        return {}
    mail = draft.mail
    told = {
        "id": mail.pk,
        "mailbox": mail.mailbox,
        "kind": mail.kind,
        "state": mail.state,
        "size": mail.size,
        "received_at": mail.received_at,
        "problems": mail.problems,
        "dropped_at": mail.dropped_at,
        "opened_at": draft.opened_at,
        "opened_by": draft.opened_by,
        "claimed_at": draft.claimed_at,
        "claimed_by": draft.claimed_by,
        "withheld": not with_words,
        "original": None,
        "enclosures": [],
    }
    return {**told, **_words(mail, archive)} if with_words else told


def _words(mail: Mail, archive: Archive) -> dict[str, Any]:
    original = mail.original
    return {
        "message_id": mail.message_id,
        "sender": mail.sender,
        "subject": mail.subject,
        "claimed_code": mail.claimed_code,
        "form": mail.form,
        "original": archive.blob("letter", original, "letter as it came") if original is not None else None,
        "enclosures": [
            {"name": each.name, "file": archive.blob("letter", each.file, "enclosed in the letter")}
            for each in mail.enclosures.select_related("file").order_by("pk")
        ],
    }


def events_of_letter(application: Application) -> list[Event]:
    """Everything that was recorded of the letter, oldest first: a chain of its own."""
    draft = _draft(application)
    if draft is None:
        return []
    return list(Event.objects.filter(kind="mail", subject=str(draft.mail_id)).order_by("pk"))


def certificates(application: Application, archive: Archive) -> dict[str, Any]:
    """What is registered now, every other certificate that was handed in with its checks, and what has been when."""
    return {
        "registered": list(_registered(application, archive)),
        "next": list(_next(application, archive)),
        "history": list(application.certificate_spans.order_by("pk").values(*_SPAN)),
    }


def _registered(application: Application, archive: Archive) -> Iterator[dict[str, Any]]:
    for each in application.platform_registrations.order_by("pk"):
        yield {
            "platform": each.platform,
            "environment": each.environment,
            "server": each.server,
            "state": each.state,
            "file": _file(archive, each.certificate),
        }


def _next(application: Application, archive: Archive) -> Iterator[dict[str, Any]]:
    for each in application.next_certificates.order_by("pk"):
        yield {
            "platform": each.platform,
            "environment": each.environment,
            "state": each.state,
            "file": _file(archive, each.certificate),
            "replaces": _file(archive, each.replaces),
            "compromised": each.compromised,
            "offered_at": each.offered_at,
            "offered_by": each.offered_by,
            "registered_at": each.registered_at,
            "checked_at": each.checked_at,
            "ended_at": each.ended_at,
            "note": each.note,
            "checks": list(each.checks.order_by("pk").values(*_CHECK)),
        }


def _file(archive: Archive, certificate: bytes) -> str | None:
    return archive.certificate(bytes(certificate), "certificate of a server") if certificate else None


def _draft(application: Application) -> MailDraft | None:
    return MailDraft.objects.select_related("mail__original").filter(application=application).first()
