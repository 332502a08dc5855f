"""What C06's server officers decide: two of them, never one alone, wherever something is opened or taken away."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import OVER, Stage
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason
from ketnoi_portal.publication import legacy
from ketnoi_portal.publication.models import LegacyRight, Proposal, Run, Target
from ketnoi_portal.publication.revisions import next_revision


class DecisionRefused(Exception):  # noqa: N818
    """It cannot be decided so, by this actor, now."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def may_decide(actor: Actor | None) -> bool:
    """Whether somebody is a server officer of C06."""
    return actor is not None and actor.desk is DeskKind.C06 and Role.PUBLISHER in actor.roles


def propose_enforce(actor: Actor, target: Target, reason: str) -> Proposal:
    """Switch enforce on for a server, if a second officer agrees. Raises DecisionRefused."""
    _check_officer(actor)
    if target.mode == Target.ENFORCE:
        raise DecisionRefused(_ENFORCED)
    if target.imported_at is None:
        raise DecisionRefused(_NOT_SEEN)
    return _propose(actor, target, Proposal.ENFORCE, {}, reason)


def back_to_watch(actor: Actor, target: Target, reason: str) -> Target:
    """Change nothing on a server from now on: the safe way, for which one officer is enough."""
    _check_officer(actor)
    _check_reason(reason)
    with transaction.atomic():
        locked = Target.objects.select_for_update().get(pk=target.pk)
        before, locked.mode = locked.mode, Target.WATCH
        locked.save(update_fields=["mode"])
        after = {"mode": Target.WATCH}
        record(actor, "back_to_watch", "target", target.pk, before={"mode": before}, after=after, note=reason)
        next_revision()
    return locked


def propose_keep(
    actor: Actor, right: LegacyRight, organisation: Organisation, until: date | None, reason: str
) -> Proposal:
    """Let a standing right count as approved for its organisation until a day. Raises DecisionRefused."""
    _check_officer(actor)
    _check_keep(right, organisation.code, until)
    assert until is not None
    what = {**_named(right), "organisation": organisation.code, "until": until.isoformat()}
    return _propose(actor, right.target, Proposal.KEEP, what, reason)


def propose_remove(actor: Actor, right: LegacyRight, reason: str) -> Proposal:
    """Have a standing right removed. Raises DecisionRefused."""
    _check_officer(actor)
    if right.state in (LegacyRight.GONE, LegacyRight.REMOVING, LegacyRight.REPLACED):
        raise DecisionRefused(_DECIDED)
    return _propose(actor, right.target, Proposal.REMOVE, _named(right), reason)


def propose_remove_many(actor: Actor, target: Target, reason: str) -> Proposal:
    """Let the removals go ahead at which the last run has stopped. Raises DecisionRefused."""
    _check_officer(actor)
    rights = asked_for(target)
    if not rights:
        raise DecisionRefused(_NOTHING_ASKED)
    return _propose(actor, target, Proposal.REMOVE_MANY, {"rights": rights}, reason)


def asked_for(target: Target) -> list[list[str]]:
    """The rights at whose removal the last run has stopped."""
    last = target.last_run
    if last is None or last.outcome != Run.ASKS:
        return []
    return [[step["subject"], step["service_code"]] for step in last.steps if step["step"] == "asks"]


def confirm(actor: Actor, proposal: Proposal) -> Proposal:
    """The second officer agrees, and it counts. Raises DecisionRefused."""
    _check_officer(actor)
    with transaction.atomic():
        locked = Proposal.objects.select_for_update().select_related("target").get(pk=proposal.pk)
        if not locked.is_open:
            raise DecisionRefused(_DECIDED)
        if not locked.can_be_confirmed_by(actor):
            raise DecisionRefused(_SAME_PERSON)
        locked.confirmed_by, locked.confirmed_at = actor.person, clock.now()
        locked.save(update_fields=["confirmed_by", "confirmed_at"])
        _carry_out(locked)
        what = {"kind": locked.kind, "proposal": locked.pk, "proposed_by": locked.proposed_by, **locked.what}
        record(actor, f"confirm_{locked.kind}", "target", locked.target_id, after=what, note=locked.reason)
        next_revision()
    return locked


def drop(actor: Actor, proposal: Proposal) -> Proposal:
    """It is not to be. Either officer may say so. Raises DecisionRefused."""
    _check_officer(actor)
    with transaction.atomic():
        locked = Proposal.objects.select_for_update().get(pk=proposal.pk)
        if not locked.is_open:
            raise DecisionRefused(_DECIDED)
        locked.dropped_by, locked.dropped_at = actor.person, clock.now()
        locked.save(update_fields=["dropped_by", "dropped_at"])
        record(actor, f"drop_{locked.kind}", "target", locked.target_id, after={"proposal": locked.pk})
    return locked


def _propose(actor: Actor, target: Target, kind: str, what: dict[str, Any], reason: str) -> Proposal:
    _check_reason(reason)
    with transaction.atomic():
        # One lock for all proposals of a target, so that the same is not proposed twice.
        Target.objects.select_for_update().get(pk=target.pk)
        running = Proposal.objects.filter(target=target, kind=kind, confirmed_at=None, dropped_at=None)
        if any(_concerns(each) == (what.get("subject"), what.get("service_code")) for each in running):
            raise DecisionRefused(_PROPOSED)
        proposal = Proposal.objects.create(
            target=target, kind=kind, what=what, reason=reason, proposed_by=actor.person, proposed_at=clock.now()
        )
        record(actor, f"propose_{kind}", "target", target.pk, after={"proposal": proposal.pk, **what}, note=reason)
    return proposal


def _concerns(proposal: Proposal) -> tuple[Any, Any]:
    return proposal.what.get("subject"), proposal.what.get("service_code")


def _carry_out(proposal: Proposal) -> None:
    if proposal.kind == Proposal.ENFORCE:
        Target.objects.filter(pk=proposal.target_id).update(mode=Target.ENFORCE)
    elif proposal.kind in (Proposal.KEEP, Proposal.REMOVE):
        subject, service_code = _concerns(proposal)
        right = LegacyRight.objects.select_for_update().get(
            target=proposal.target, subject=subject, service_code=service_code
        )
        if right.state in (LegacyRight.GONE, LegacyRight.REPLACED):
            raise DecisionRefused(_DECIDED)
        right.proposal = proposal
        if proposal.kind == Proposal.REMOVE:
            right.state = LegacyRight.REMOVING
        else:
            until = date.fromisoformat(proposal.what["until"])
            _check_keep(right, proposal.what["organisation"], until)
            right.state, right.until = LegacyRight.KEPT, until
            right.organisation_id = proposal.what["organisation"]
        right.save()


def _check_keep(right: LegacyRight, organisation: str, until: date | None) -> None:
    if right.state in (LegacyRight.GONE, LegacyRight.REMOVING, LegacyRight.REPLACED):
        raise DecisionRefused(_DECIDED)
    if legacy.holder_of(right.subject) != organisation:
        raise DecisionRefused(_OTHER_ORGANISATION)
    if until is None or until < clock.today():
        raise DecisionRefused(_NO_END)
    if pending_application(right) is not None:
        raise DecisionRefused(_PENDING)


def pending_application(right: LegacyRight) -> Application | None:
    """An application under way that asks for the very thing that this right opens: it decides, not we."""
    entry = legacy.entry_of(right)
    if entry is None:
        return None
    running = Application.objects.filter(organisation_id=legacy.holder_of(right.subject), system=entry.system)
    for each in running.exclude(stage__in=[*OVER, Stage.LIVE, Stage.SUSPENDED]).order_by("number"):
        if entry.service in each.services:
            return each
    return None


def _named(right: LegacyRight) -> dict[str, Any]:
    return {"subject": right.subject, "service_code": right.service_code}


def _check_officer(actor: Actor) -> None:
    if not may_decide(actor):
        raise DecisionRefused(_NOT_AN_OFFICER)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise DecisionRefused(_NO_REASON)


def _reason(key: str, vi: str, en: str, mend_vi: str, mend_en: str) -> Reason:
    return Reason(key, Text(vi, en), Text(mend_vi, mend_en))


_NOT_AN_OFFICER = _reason(
    "not_your_role",
    "Chỉ cán bộ quản trị máy chủ bảo mật của C06 quyết định việc này",
    "Only C06's server officers decide this",
    "Đăng nhập với vai trò đó",
    "Act in that role",
)
_SAME_PERSON = _reason(
    "same_person",
    "Người xác nhận phải khác người đề xuất",
    "Whoever confirms must be another person than who proposed",
    "Nhờ một cán bộ khác xác nhận",
    "Ask another officer to confirm",
)
_ENFORCED = _reason(
    "enforced", "Máy chủ đang được áp cấu hình", "It is enforced already", "Không cần làm gì", "Nothing to do"
)
_NOT_SEEN = _reason(
    "not_seen",
    "Chưa đọc được máy chủ này lần nào",
    "This server was never read yet",
    "Kiểm tra địa chỉ, chứng thư và khóa API trong tệp cấu hình",
    "Check address, certificate and API key in the settings file",
)
_DECIDED = _reason(
    "decided", "Việc này đã được quyết định", "This is decided already", "Tải lại trang", "Load the page again"
)
_PROPOSED = _reason(
    "proposed",
    "Đã có đề xuất như vậy đang chờ",
    "The same is proposed already",
    "Xác nhận hoặc bỏ đề xuất đó",
    "Confirm or drop that proposal",
)
_NOTHING_ASKED = _reason(
    "nothing_asked", "Không có lần chạy nào đang hỏi", "No run is asking", "Tải lại trang", "Load the page again"
)
_NO_REASON = _reason("reason_missing", "Phải nêu lý do", "A reason is needed", "Viết lý do", "Say why")
_NO_END = _reason(
    "no_end",
    "Phải có ngày kết thúc, không ở quá khứ",
    "An end date is needed, not in the past",
    "Chọn ngày cơ quan phải có hồ sơ được duyệt",
    "Choose the day by which the organisation must have an approved application",
)
_OTHER_ORGANISATION = _reason(
    "other_organisation",
    "Quyền này thuộc cơ quan khác",
    "This right is another organisation's",
    "Chọn đúng cơ quan có hệ thống thông tin đó",
    "Choose the organisation whose information system it is",
)
_PENDING = _reason(
    "application_pending",
    "Cơ quan đang có đăng ký cho chính dịch vụ này",
    "The organisation has an application under way for this very service",
    "Chờ đăng ký đó được quyết định, hoặc gỡ quyền",
    "Wait until it is decided, or remove the right",
)
