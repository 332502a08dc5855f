"""Everything that changes an application. Each act is judged by the rules, written, checked against them, audited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.onboarding.asking import ask_operator, put_server
from ketnoi_portal.onboarding.certificate_history import was_removed
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.reasons import CERTIFICATE_REMOVED, NO_SERVER_HERE, NOT_THE_AGENCY
from ketnoi_portal.onboarding.registration import Registration, ServerEntry, defects
from ketnoi_portal.onboarding.writing import WRITES, Given, issue_production_account
from ketnoi_portal.process.case import Case, Stage
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.deadlines import DAYS
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import KEEPERS_REQUEST, Reason, StepRefused, apply, check_step
from ketnoi_portal.process.step import BEFORE_PRODUCTION
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.settings import current
from ketnoi_protocol.services import System

After = Callable[[Application, str, str, Actor], None]
_AFTER: list[After] = []
_BEGUN: list[Callable[[Application], None]] = []
_PREPARERS = {Role.REPRESENTATIVE, Role.CLERK}
_NUMBERS = 8_202_612


def after_every_step(call: After) -> After:
    """Have `call(application, step name, unit, actor)` run in the transaction of every step that is taken."""
    _AFTER.append(call)
    return call


def after_begin(call: Callable[[Application], None]) -> Callable[[Application], None]:
    """Have `call(application)` run in the transaction in which a draft is begun, or names another server."""
    _BEGUN.append(call)
    return call


class Changed(Exception):  # noqa: N818
    """Somebody else was faster: the application is no longer as it was when the page was loaded."""


def begin(
    actor: Actor, organisation: Organisation, system: System, *, supersedes: Application | None = None
) -> Application:
    """A new draft. Raises StepRefused unless the actor prepares for this organisation, and it is open."""
    if actor.desk is not DeskKind.AGENCY or not actor.roles & _PREPARERS:
        raise StepRefused([_NOT_FOR_AN_AGENCY])
    if actor.organisation != organisation.code:
        raise StepRefused([_NOT_YOURS])
    return open_draft(actor, organisation, system, Registration(), supersedes=supersedes)


def open_draft(
    actor: Actor,
    organisation: Organisation,
    system: System,
    form: Registration,
    *,
    supersedes: Application | None = None,
    claimed: bool = True,
) -> Application:
    """A draft for an organisation, whoever brings it in (the mailroom does: not `claimed` by anybody yet).

    Raises StepRefused when the organisation has closed, or keeps the registers itself.
    """
    own = current()
    if not organisation.is_open(clock.today()):
        raise StepRefused([_CLOSED])
    if CHARTS[own.chart].is_keepers(organisation.code):
        raise StepRefused([KEEPERS_REQUEST])
    with transaction.atomic():
        at = clock.now()
        application = Application.objects.create(
            number=next_numbers(at.year, 1)[0],
            system=system,
            organisation=organisation,
            level=organisation.level,
            chart=own.chart,
            profile=own.profile,
            stage=Stage.DRAFT,
            stage_since=at,
            began_at=at,
            began_by=actor.person,
            form=_plain(form if supersedes is None else supersedes.registration),
            supersedes=supersedes,
            claimed=claimed,
        )
        record(actor, "begin", "application", application.pk, after={"number": application.number, "system": system})
        for call in _BEGUN:
            call(application)
    return application


def save_form(
    actor: Actor, application: Application, form: Registration, *, revision: int | None = None
) -> Application:
    """Write the form of a draft; what came by e-mail C06's handling officer completes until it is claimed.

    Raises StepRefused, and Changed when `revision`, which the actor saw, is past.
    """
    with transaction.atomic():
        locked = _locked(application)
        if revision is not None and revision != locked.revision:
            raise Changed(locked.number)
        _check_writer(actor, locked)
        before, locked.form = locked.form, _plain(form)
        changed = sorted(name for name in locked.form if locked.form[name] != before.get(name))
        _save(locked)
        record(actor, "save_form", "application", locked.pk, after={"changed": changed})
    return locked


def name_server(actor: Actor, application: Application, server: ServerEntry) -> Application:
    """Name a security server after the form was sent, and ask its operator. Raises StepRefused with every defect.

    For a platform and environment that the services need and where nothing is registered yet: the production server
    often comes while the test goes on.
    """
    with transaction.atomic():
        locked = _locked(application)
        if actor.organisation != locked.organisation_id or not actor.roles & _PREPARERS:
            raise StepRefused([NOT_THE_AGENCY])
        place, rows = (server.platform, server.environment), locked.platform_registrations
        registered = rows.filter(platform=place[0], environment=place[1], state=PlatformRegistration.REGISTERED)
        if locked.stage not in BEFORE_PRODUCTION or server.platform not in locked.platforms or registered.exists():
            raise StepRefused([NO_SERVER_HERE])
        put_server(locked, server)
        system, at = System(locked.system), f"servers.{place[0]}.{place[1]}"
        found = defects(
            locked.registration,
            system,
            locked.organisation_id,
            locked.profile,
            clock.now(),
            rehearsal=current().rehearsal,
        )
        wrong = [each for each in found if each.field.startswith(at)]
        if wrong:
            raise StepRefused(Reason(each.field, each.rule, each.mend) for each in wrong)
        ask_operator(locked, server)
        asked = rows.get(platform=place[0], environment=place[1])
        if asked.certificate and was_removed(asked, asked.certificate):
            raise StepRefused([CERTIFICATE_REMOVED])
        _save(locked)
        record(actor, "name_server", "application", locked.pk, after={"place": f"{place[0]}/{place[1]}"})
        for call in _BEGUN:
            call(locked)
    return locked


def may_write(actor: Actor, application: Application) -> bool:
    """Whether `save_form` would let this actor write the form now."""
    try:
        _check_writer(actor, application)
    except StepRefused:
        return False
    return True


def _check_writer(actor: Actor, application: Application) -> None:
    if actor.desk is DeskKind.C06 and Role.HANDLER in actor.roles and not application.claimed:
        if application.stage != Stage.DRAFT:
            raise StepRefused([_NO_DRAFT])
        return
    if actor.organisation != application.organisation_id or actor.desk is not DeskKind.AGENCY:
        raise StepRefused([_NOT_YOURS])
    if not actor.roles & _PREPARERS:
        raise StepRefused([_NOT_FOR_AN_AGENCY])
    if Stage(application.stage) not in (Stage.DRAFT, Stage.RETURNED):
        raise StepRefused([_NO_DRAFT])
    if not application.claimed:
        raise StepRefused([_UNCLAIMED])


def take(
    actor: Actor,
    application: Application,
    step_name: str,
    unit: str = "",
    given: Given | None = None,
    *,
    revision: int | None = None,
) -> Application:
    """Take one step of the process; the application as it is afterwards.

    `revision` is the one that the actor saw. Raises StepRefused with every reason, Changed when somebody was faster.
    """
    step, what = STEP[step_name], given or Given()
    with transaction.atomic():
        locked = _locked(application)
        if revision is not None and revision != locked.revision:
            raise Changed(locked.number)
        before = locked.case()
        check_step(step, before, unit, actor)
        if step.needs_reason and not what.reason.strip():
            raise StepRefused([_REASON])
        WRITES.get(step_name, _nothing)(locked, unit, actor, what)
        after = apply(step, before, unit)
        if after.stage is not before.stage:
            _move(locked, after)
        _save(locked)
        _agree(locked, after)
        record(
            actor,
            step_name,
            "application",
            locked.pk,
            before={"stage": before.stage},
            after={"stage": after.stage, "unit": unit},
            note=what.reason,
        )
        for call in _AFTER:
            call(locked, step_name, unit, actor)
    return locked


def _nothing(application: Application, unit: str, actor: Actor, given: Given) -> None:
    """Many steps only move the application."""


def _locked(application: Application) -> Application:
    """The application, and what it is to replace, locked before the audit log's one chain is: always in this order."""
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if locked.supersedes_id is not None:
        locked.supersedes = Application.objects.select_for_update().get(pk=locked.supersedes_id)
    return locked


def _move(application: Application, after: Case) -> None:
    application.stage = after.stage
    application.stage_since = clock.now()
    days = DAYS.get(after.stage)
    application.due_at = None if days is None else clock.now() + timedelta(days=days)
    if after.stage is Stage.APPROVED:
        issue_production_account(application)


def _save(application: Application) -> None:
    application.revision += 1
    application.save()


def _agree(application: Application, expected: Case) -> None:
    """What was written is what the process says, or nothing is written at all."""
    found = application.case()
    if found != expected:
        different = [name for name in Case.__struct_fields__ if getattr(found, name) != getattr(expected, name)]
        raise RuntimeError(f"what was written disagrees with the process in {', '.join(different)}")


def next_numbers(year: int, count: int) -> list[str]:
    """So many new numbers (KN-2026-000123), within the transaction that uses them all.

    They are given one after another, so that none is given twice.
    """
    with connection.cursor() as cursor:
        # A lock of the last row would not show whoever waited the row that came after it.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
    last = (
        Application.objects.filter(number__startswith=f"KN-{year}-")
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    before = int(last[8:]) if last else 0
    return [f"KN-{year}-{before + number:06d}" for number in range(1, count + 1)]


def _plain(form: Registration) -> dict[str, Any]:
    plain = msgspec.to_builtins(form)
    assert isinstance(plain, dict)
    return plain


_NOT_YOURS = Reason(
    "not_your_organisation",
    Text("Hồ sơ này của cơ quan khác", "This application is another organisation's"),
    Text("Chỉ cơ quan đăng ký làm được việc này", "Only the organisation that applies can do this"),
)
_NOT_FOR_AN_AGENCY = Reason(
    "not_your_role",
    Text("Chỉ người đại diện hoặc cán bộ đầu mối mở đăng ký", "Only a representative or clerk begins an application"),
    Text("Đăng nhập với vai trò ở cơ quan đăng ký", "Act in your role at the organisation that applies"),
)
_CLOSED = Reason(
    "organisation_closed",
    Text("Cơ quan này đã giải thể hoặc sáp nhập", "This organisation has closed"),
    Text("Đăng ký dưới tên cơ quan kế thừa", "Apply as its successor"),
)
_NO_DRAFT = Reason(
    "not_a_draft",
    Text("Đăng ký đã gửi thì không sửa được nữa", "What was sent cannot be changed"),
    Text("Chờ C06 trả lại, hoặc rút và lập đăng ký mới", "Wait until it is returned, or withdraw it"),
)
_UNCLAIMED = Reason(
    "not_claimed",
    Text("Bản đăng ký gửi qua thư này chưa được nhận", "This registration came by e-mail and is not claimed yet"),
    Text("Người đại diện của cơ quan nhận bản đăng ký trước", "The organisation's representative claims it first"),
)
_REASON = Reason(
    "reason_missing",
    Text("Phải nêu lý do", "A reason is needed"),
    Text("Viết lý do để người khác hiểu vì sao", "Say why, so that others understand"),
)
