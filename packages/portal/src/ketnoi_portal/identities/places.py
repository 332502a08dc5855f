"""Where this room stands on other rooms' pages: the day, and an identity application in the place of paper 4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.day import panels
from ketnoi_portal.identities.actions import sees_objections
from ketnoi_portal.identities.models import AcceptedTerms, IdentitySource
from ketnoi_portal.identities.views import waiting_for
from ketnoi_portal.onboarding.sections import Page, Section, register, words_for
from ketnoi_portal.onboarding.words import ENVIRONMENTS
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.settings import current
from ketnoi_protocol.services import System


def install() -> None:
    """Register the panel, the section and the words."""
    title = Text("Phản ánh của công dân", "Citizens' objections")
    panels.register(
        panels.Panel(
            "objections",
            title,
            "identities/panel.html",
            _waiting,
            lambda request: sees_objections(getattr(request, "actor", None)),
            6,
        )
    )
    register(
        Section(
            "terms",
            Text("Cam kết của cá nhân, trong điều khoản tài khoản", "Personal commitments, in the terms of accounts"),
            "identities/terms.html",
            _terms,
            lambda page: page.application.system == System.IDENTITY and bool(current().identities),
            order=62,
        )
    )
    words_for("answer_objection", Text("Trả lời phản ánh", "Answer an objection"))
    words_for("drop_objection", Text("Xóa phản ánh hết hạn lưu giữ", "Delete an objection that is kept no longer"))


def _waiting(request: HttpRequest) -> Mapping[str, Any]:
    """In one query at most: everybody loads this page often."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not current().identities:
        return {}
    late = Count("pk", filter=Q(due_at__lt=clock.now()))
    if actor.desk is not DeskKind.C06:
        return waiting_for(actor).order_by().aggregate(waiting=Count("pk"), late=late)
    of = waiting_for(actor).filter(source=OuterRef("pk")).order_by().values("source")
    sources = list(
        IdentitySource.objects.annotate(
            waiting=Subquery(of.annotate(n=Count("pk")).values("n")), late=Subquery(of.annotate(n=late).values("n"))
        )
    )
    return {
        "waiting": sum(each.waiting or 0 for each in sources),
        "late": sum(each.late or 0 for each in sources),
        "troubled": [each for each in sources if each.troubles],
    }


def _terms(page: Page) -> Mapping[str, Any]:
    known = {each.source: each for each in AcceptedTerms.objects.filter(organisation=page.application.organisation_id)}
    rows = []
    for told in current().identities:
        kept = known.get(told.name)
        accepted = [
            {
                **each,
                "at": datetime.fromisoformat(each["accepted_at"]),
                "current": _is_current(each, kept),
                "closed": datetime.fromisoformat(each["closed_at"]) if each.get("closed_at") else None,
            }
            for each in (kept.acceptances if kept else ())
        ]
        rows.append((ENVIRONMENTS[told.environment], kept, accepted))
    return {"standings": rows}


def _is_current(acceptance: Mapping[str, str], kept: AcceptedTerms | None) -> bool:
    """Of those very words: the version's name alone would not do."""
    return kept is not None and (acceptance["version"], acceptance["sha256"]) == (kept.version, kept.sha256)
