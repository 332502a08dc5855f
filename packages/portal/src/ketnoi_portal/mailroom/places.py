"""Where the mailroom stands on other rooms' pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from ketnoi_pages.text import Text
from ketnoi_portal.day import panels
from ketnoi_portal.mailroom.models import WAITING, BoxHealth, Mail, MailDraft
from ketnoi_portal.mailroom.seeing import reads, sees_desk, sees_unclaimed, unclaimed
from ketnoi_portal.onboarding import sections


def install() -> None:
    """Register panels and sections."""
    panels.register(
        panels.Panel(
            "mail-desk",
            Text("Bàn thư", "Mail desk"),
            "mailroom/panel_desk.html",
            _desk,
            lambda r: sees_desk(_actor(r)),
            40,
        )
    )
    panels.register(
        panels.Panel(
            "unclaimed",
            Text("Gửi qua thư, chưa ai nhận", "Came by e-mail, not claimed"),
            "mailroom/panel_unclaimed.html",
            _unclaimed,
            lambda r: sees_unclaimed(_actor(r)),
            10,
        )
    )
    sections.register(
        sections.Section(
            "letter",
            Text("Thư gốc", "The letter"),
            "mailroom/section.html",
            _letter,
            lambda page: MailDraft.objects.filter(application=page.application).exists(),
            12,
        )
    )
    sections.words_for("assign_mail", Text("Xác định cơ quan của thư", "Named the letter's organisation"))


def _actor(request: HttpRequest) -> Any:
    return getattr(request, "actor", None)


def _desk(request: HttpRequest) -> Mapping[str, Any]:
    return {
        "waiting": Mail.objects.filter(state=WAITING).count(),
        "troubled": list(BoxHealth.objects.exclude(trouble="")),
    }


def _unclaimed(request: HttpRequest) -> Mapping[str, Any]:
    return {"drafts": list(unclaimed(_actor(request))[:10])}


def _letter(page: sections.Page) -> Mapping[str, Any]:
    draft = MailDraft.objects.select_related("mail").get(application=page.application)
    enclosures = list(draft.mail.enclosures.select_related("file"))
    return {"mail": draft.mail, "draft": draft, "enclosures": enclosures, "reads": reads(page.actor, draft.mail)}
