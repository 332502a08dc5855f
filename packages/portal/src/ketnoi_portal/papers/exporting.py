"""A whole dossier as one ZIP, with a manifest that a stranger can check (format: docs/reference/dossier.md)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

from ketnoi_portal.audit.models import Event
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.papers import exporting_origins as origins
from ketnoi_portal.papers.archive import Archive, as_json
from ketnoi_portal.papers.drafts import paper_title
from ketnoi_portal.papers.verification import FORMAT
from ketnoi_portal.staff.models import Person


def pack(application: Application, at: datetime, *, names_of: str = "", reads_letter: bool = True) -> bytes:
    """The ZIP of an application as it is now. `names_of` an organisation: only its own people are named in it.

    Unless somebody `reads_letter`, of the letter that it came by only the account is in it, with no word of it.
    """
    archive = Archive()
    archive.json("application.json", _application(application), "application")
    archive.json("papers.json", list(_papers(application, archive)), "papers with verdicts")
    archive.json("assessments.json", list(_assessments(application, archive)), "assessments of A05 and A06")
    archive.json("decisions.json", list(_decisions(application)), "decisions of leadership")
    archive.json("test-calls.json", list(_calls(application, archive)), "test calls with evidence")
    archive.json("survey.json", _survey(application, archive), "survey form")
    archive.json("certificates.json", origins.certificates(application, archive), "certificates of the servers")
    archive.json("letter.json", origins.letter(application, archive, with_words=reads_letter), "letter it came by")
    of_letter = [_told(each) for each in origins.events_of_letter(application)]
    archive.json("letter-audit.json", of_letter, "audit events of the letter")
    events = [
        _told(each) for each in Event.objects.filter(kind="application", subject=str(application.pk)).order_by("pk")
    ]
    archive.json("audit.json", events, "audit events")
    archive.json("people.json", _people([*events, *of_letter], names_of), "names of those who acted")
    manifest = {
        "format": FORMAT,
        "application": {
            "id": str(application.pk),
            "number": application.number,
            "system": application.system,
            "organisation": application.organisation_id,
            "stage": application.stage,
        },
        "exported_at": at.isoformat(),
        "audit": _ends(events),
        "letter": {"id": of_letter[0]["subject"], **_ends(of_letter)} if of_letter else None,
        "files": archive.told,
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, data in {"manifest.json": as_json(manifest), **archive.files}.items():
            entry = zipfile.ZipInfo(path, at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, data)
    return out.getvalue()


def _application(application: Application) -> dict[str, Any]:
    return {
        "number": application.number,
        "system": application.system,
        "organisation": {"code": application.organisation_id, "name": application.organisation.name},
        "level": application.level,
        "chart": application.chart,
        "profile": application.profile,
        "stage": application.stage,
        "stage_since": application.stage_since,
        "began_at": application.began_at,
        "began_by": application.began_by,
        "revision": application.revision,
        "supersedes": str(application.supersedes_id) if application.supersedes_id else None,
        "valid_from": application.valid_from,
        "valid_until": application.valid_until,
        "form": application.form,
        "registrations": list(
            application.platform_registrations.order_by("pk").values(
                "platform", "environment", "server", "subsystem", "address", "state", "decided_at", "decided_by", "note"
            )
        ),
        "accounts": list(
            application.listed_accounts.order_by("pk").values(
                "key", "full_name", "position", "unit", "email", "services", "listed_at", "removed_at"
            )
        ),
        "connection_checks": list(
            application.connection_checks.order_by("pk").values("began_at", "ended_at", "asked_by", "passed", "items")
        ),
        "questions": list(
            application.questions.order_by("pk").values(
                "assessor", "text", "asked_at", "asked_by", "answer", "answered_at", "answered_by"
            )
        ),
    }


def _papers(application: Application, archive: Archive) -> Iterator[dict[str, Any]]:
    for each in application.papers.select_related("file").order_by("pk"):
        unit = f"{each.number}/{each.unit}" if each.unit else str(each.number)
        yield {
            "paper": unit,
            "title": paper_title(unit),
            "file": archive.blob("papers", each.file, f"paper {unit}"),
            "file_name": each.file_name,
            "state": each.state,
            "current": each.current,
            "scan": each.scan,
            "verdict": each.verdict,
            "filed_at": each.filed_at,
            "filed_by": each.filed_by,
            "accepted_at": each.accepted_at,
            "accepted_by": each.accepted_by,
            "removed_for": each.removed_for,
        }


def _assessments(application: Application, archive: Archive) -> Iterator[dict[str, Any]]:
    for each in application.assessments.select_related("file").order_by("pk"):
        yield {
            "assessor": each.assessor,
            "said": each.said,
            "number": each.number,
            "dated": each.dated,
            "scope": each.scope,
            "valid_until": each.valid_until,
            "conditions": each.conditions,
            "findings": each.findings,
            "file": archive.blob("assessments", each.file, f"confirmation of {each.assessor}") if each.file else None,
            "said_at": each.said_at,
            "said_by": each.said_by,
            "current": each.current,
        }


def _decisions(application: Application) -> Iterator[dict[str, Any]]:
    names = ("level", "agreed", "number", "dated", "reason", "decided_at", "decided_by", "standing")
    yield from application.decisions.order_by("pk").values(*names)


def _calls(application: Application, archive: Archive) -> Iterator[dict[str, Any]]:
    for each in application.test_calls.select_related("request", "response").order_by("pk"):
        yield {
            "service": each.service,
            "outcome": each.outcome,
            "message_id": each.message_id,
            "code": each.code,
            "signed_at": each.signed_at,
            "counts": each.counts,
            "request": archive.blob("evidence", each.request, "evidence of a request"),
            "response": archive.blob("evidence", each.response, "evidence of an answer"),
        }


def _survey(application: Application, archive: Archive) -> dict[str, Any]:
    survey = getattr(application, "survey", None)
    if survey is None:
        return {}
    return {
        "answers": survey.answers,
        "sent_at": survey.sent_at,
        "attachments": [
            {
                "question": each.question,
                "file": archive.blob("survey", each.file, f"attachment to {each.question}"),
                "file_name": each.file_name,
            }
            for each in survey.attachments.select_related("file").order_by("pk")
        ],
    }


def _told(event: Event) -> dict[str, Any]:
    """An event exactly as its hash covers it, with its hash."""
    return {**event.told(), "hash": event.hash}


def _ends(events: list[dict[str, Any]]) -> dict[str, Any]:
    return {"events": len(events), "first": events[0]["hash"], "last": events[-1]["hash"]}


def _people(events: list[dict[str, Any]], names_of: str) -> dict[str, str]:
    keys = {int(each["person"]) for each in events if each["person"].isdigit()}
    people = Person.objects.filter(pk__in=keys)
    if names_of:
        # An agency deals with desks; their officers stay numbers to it.
        people = people.filter(assignments__organisation=names_of).distinct()
    return {str(each.pk): each.full_name for each in people.order_by("pk")}
