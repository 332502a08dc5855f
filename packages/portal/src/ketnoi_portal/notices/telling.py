"""Tells offices: a notice in the portal, and a letter that says only what happened and where to read on."""

from __future__ import annotations

from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.day.models import Waiting
from ketnoi_portal.notices.addresses import is_refused
from ketnoi_portal.notices.models import Letter, Notice
from ketnoi_portal.notices.table import TOLD
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.sections import own_page
from ketnoi_portal.process.roles import PLATFORM_OF, Actor, DeskKind
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.settings import current
from ketnoi_protocol.services import Platform

_KINDS = {
    "turn": Text("Đến lượt xử lý", "Waiting for you"),
    "soon": Text("Sắp đến hạn", "Due soon"),
    "late": Text("Quá hạn", "Late"),
    "ends": Text("Chứng thư máy chủ hết hạn", "A server's certificate ends"),
}


def words_of(act: str) -> Text:
    """What a notice or letter says happened."""
    kind, _, step = act.rpartition(":")
    title = STEP[step].title
    if not kind:
        return title
    kind, _, days = kind.partition(":")
    told = _KINDS[kind]
    if days:
        told = Text(f"{told.vi} trong {days} ngày", f"{told.en} within {days} days")
    return Text(f"{told.vi}: {title.vi}", f"{told.en}: {title.en}")


def after_step(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """The hook of every step: whoever stands in its row is told, but not the office that acted."""
    for kind in TOLD[step_name]:
        if kind is actor.desk and actor.person != "system":
            continue
        if kind in PLATFORM_OF and not _asked_of(application, PLATFORM_OF[kind]):
            continue
        office = office_of(kind, application)
        if office:
            tell(office, application, step_name, unit)


def after_turn(waiting: Waiting, actor: Actor | None) -> None:
    """An office's turn begins; whoever began it themselves knows."""
    own = actor is not None and actor.desk is DeskKind.AGENCY and waiting.office == f"agency:{actor.organisation}"
    if waiting.office and not own:
        # Of a registration that came by e-mail the mailroom's own answer tells.
        tell(
            waiting.office,
            waiting.application,
            f"turn:{waiting.step}",
            waiting.unit,
            letter=waiting.application.claimed,
        )


def tell(office: str, application: Application, act: str, unit: str = "", *, letter: bool = True) -> None:
    """A notice to an office, and (unless not `letter`) a letter to its address if it has one."""
    Notice.objects.create(office=office, application=application, act=act, unit=unit, at=clock.now())
    address = address_of(office, application) if letter else ""
    if address and not is_refused(address, current().mail.allowed_domains):
        # One event, one letter: whoever hears of a step and of their turn after it reads the rest in the portal.
        event = f"{application.pk}:{application.revision}:"
        if act.startswith("turn:") and Letter.objects.filter(address=address, key__startswith=event).exists():
            return
        write(address, application, act, key=f"{event}{act}:{unit}:{office}"[:200])


def write(address: str, application: Application, act: str, *, key: str) -> None:
    """Put a letter about an application into the outbox: its number, what happened, a link; nothing else."""
    told = words_of(act)
    link = current().public(page_of(application, act))
    body = (
        f"Hồ sơ {application.number}: {told.vi}.\n"
        f"Đăng nhập cổng đăng ký kết nối để xem và xử lý:\n{link}\n\n"
        f"Application {application.number}: {told.en}.\n"
        f"Sign in to the connection portal to read on: the address above.\n\n"
        "Thư này không kèm dữ liệu. Không trả lời thư này.\n"
        "This letter carries no data. Please do not answer it.\n"
    )
    Letter.write(address, f"[{application.number}] {told.vi}", body, key=key)


def page_of(application: Application, act: str) -> str:
    """Where one reads on: the act's own page where a certificate ends, else the application's."""
    kind, _, step = act.rpartition(":")
    own = own_page(step) if kind.startswith("ends:") else None
    return reverse(own or "onboarding:application", args=[application.pk])


def office_of(kind: DeskKind, application: Application) -> str:
    """The office of a kind that is in charge of an application; empty when there is none."""
    if kind is DeskKind.AGENCY:
        return f"agency:{application.organisation_id}"
    desk = Desk.responsible(kind, application.organisation_id)
    return f"desk:{desk.pk}" if desk is not None else ""


def address_of(office: str, application: Application) -> str:
    """Where an office gets its letters: a desk's address; an agency's from the form, else its own; or none."""
    kind, _, key = office.partition(":")
    if kind == "desk":
        return Desk.objects.filter(pk=key).values_list("email", flat=True).first() or ""
    # Whoever wrote an unclaimed form has proved nothing: its address is not written to.
    told = str(application.form.get("notify", "")).strip() if application.claimed else ""
    return told if "@" in told else application.organisation.email


def _asked_of(application: Application, platform: Platform) -> bool:
    return application.platform_registrations.filter(platform=platform, state=PlatformRegistration.REGISTERED).exists()
