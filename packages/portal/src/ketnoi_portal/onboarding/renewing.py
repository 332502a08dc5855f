"""Renewing, extending or changing what is live: by a new application, shown as a difference to the live one."""

from __future__ import annotations

from django.db import transaction

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import OVER, Stage
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.process.step import RUNNING
from ketnoi_protocol.services import System

_NOT_RUNNING = Reason(
    "not_in_production",
    Text("Chỉ gia hạn, thay đổi đăng ký đang chạy chính thức", "Only what is in production is renewed or changed"),
    Text("Lập đăng ký mới", "Begin a new application"),
)
_BEGUN_ALREADY = Reason(
    "renewal_under_way",
    Text("Đã có một đăng ký gia hạn, thay đổi đang xử lý", "A renewal is under way already"),
    Text("Tiếp tục đăng ký đó, hoặc rút nó trước", "Go on with that one, or withdraw it first"),
)


def under_way(live: Application) -> Application | None:
    """The application that is to take this one's place, if there is one that has not ended."""
    return live.superseded_by.exclude(stage__in=OVER).first()


def renew(actor: Actor, live: Application) -> Application:
    """Begin an application that takes the place of a live one, with its form to start from. Raises StepRefused."""
    with transaction.atomic():
        locked = Application.objects.select_for_update().select_related("organisation").get(pk=live.pk)
        if locked.stage not in RUNNING:
            raise StepRefused([_NOT_RUNNING])
        if under_way(locked) is not None:
            raise StepRefused([_BEGUN_ALREADY])
        return actions.begin(actor, locked.organisation, System(locked.system), supersedes=locked)


def replace_what_was_live(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """Once the newer application goes live, the one that it was begun for ends."""
    before = application.supersedes
    if step_name == "go_live" and before is not None and Stage(before.stage) in RUNNING:
        actions.take(SYSTEM_ACTOR, before, "supersede")
