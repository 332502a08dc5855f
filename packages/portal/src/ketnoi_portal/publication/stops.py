"""Stopping an organisation at once: one act, after which nothing of it is answered anywhere, whatever was approved.

The stop closes what the directory says of the organisation and of all bodies beneath it, in every environment: so every
registry refuses, whatever is open on the servers before it. Rights that publication opened on C06's servers follow as
after any other decision, in *enforce* and within its bound; those that stood before the portal stay where they are, so
that lifting a stop loses nothing. Whoever stopped it does not lift the stop [our choice].
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.publication.desired import Approved
from ketnoi_portal.publication.directory_board import Parts
from ketnoi_portal.publication.models import Stop
from ketnoi_portal.publication.revisions import next_revision
from ketnoi_portal.staff.places import addresses_of
from ketnoi_protocol.directory import Grant
from ketnoi_protocol.services import Environment, Service, System

_NOT_YOURS = Reason(
    "not_your_role",
    Text(
        "Chỉ cán bộ xử lý và cán bộ quản trị máy chủ của C06 dừng khai thác", "Only C06's handlers and server officers"
    ),
    Text("Báo C06", "Tell C06"),
)
_NO_REASON = Reason("no_reason", Text("Thiếu lý do", "The reason is missing"), Text("Ghi rõ lý do", "Say why"))
_STOPPED = Reason(
    "stopped_already",
    Text("Cơ quan này đang bị dừng khai thác", "This organisation is stopped already"),
    Text("Không cần làm gì thêm", "Nothing is left to do"),
)
_NOT_STOPPED = Reason(
    "not_stopped",
    Text("Cơ quan này không bị dừng khai thác", "This organisation is not stopped"),
    Text("Tải lại trang", "Load the page again"),
)
_SAME_PERSON = Reason(
    "same_person",
    Text("Người đã dừng không tự bỏ lệnh dừng", "Whoever stopped it does not lift the stop"),
    Text("Đề nghị một cán bộ khác của C06", "Ask another officer of C06"),
)


_TOLD = Text(
    "C06 đã dừng mọi lượt khai thác của cơ quan và các đơn vị trực thuộc; liên hệ C06",
    "C06 has stopped every call of the organisation and of all beneath it; get in touch with C06",
)
_LIFTED = Text("C06 đã bỏ lệnh dừng khai thác", "C06 has lifted the stop: what was approved counts again")


def may_stop(actor: Actor | None) -> bool:
    """Whether somebody may stop an organisation, or lift another's stop."""
    return actor is not None and actor.desk is DeskKind.C06 and bool(actor.roles & {Role.HANDLER, Role.PUBLISHER})


def stop_agency(actor: Actor, organisation: Organisation, reason: str) -> Stop:
    """Stop it and all beneath it, from now on. Raises StepRefused."""
    _check(actor, reason)
    with transaction.atomic():
        # One after the other for each organisation.
        locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
        if Stop.objects.filter(organisation=locked, lifted_at=None).exists():
            raise StepRefused([_STOPPED])
        stop = Stop.objects.create(
            organisation=locked, reason=reason.strip(), stopped_by=actor.person, stopped_at=clock.now()
        )
        record(actor, "stop_agency", "organisation", locked.pk, after={"stop": stop.pk}, note=reason)
        next_revision()
        _tell(locked, f"stop {stop.pk}", _TOLD, stop.reason)
    return stop


def lift_stop(actor: Actor, organisation: Organisation, reason: str) -> Stop:
    """Let what is approved count again. Raises StepRefused."""
    _check(actor, reason)
    with transaction.atomic():
        stop = Stop.objects.select_for_update().filter(organisation=organisation, lifted_at=None).first()
        if stop is None:
            raise StepRefused([_NOT_STOPPED])
        if stop.stopped_by == actor.person:
            raise StepRefused([_SAME_PERSON])
        stop.lifted_by, stop.lifted_at, stop.lift_reason = actor.person, clock.now(), reason.strip()
        stop.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
        record(actor, "lift_stop", "organisation", organisation.pk, before={"stop": stop.pk}, note=reason)
        next_revision()
        _tell(organisation, f"stop {stop.pk} lifted", _LIFTED, stop.lift_reason)
    return stop


def _tell(organisation: Organisation, key: str, what: Text, reason: str) -> None:
    """A letter to the organisation's registered address and to its representatives."""
    held = addresses_of(organisation.assignments.filter(role=Role.REPRESENTATIVE))
    addresses = {organisation.email, *held} - {""}
    body = f"{what.vi}\n{what.en}\n\n{organisation.name} ({organisation.pk})\nLý do · Reason: {reason}\n"
    for address in sorted(addresses):
        Letter.write(address, f"[{organisation.pk}] {what.vi}", body, key=key)


def _check(actor: Actor, reason: str) -> None:
    if not may_stop(actor):
        raise StepRefused([_NOT_YOURS])
    if not reason.strip():
        raise StepRefused([_NO_REASON])


def stopped_codes() -> frozenset[str]:
    """The codes of the organisations that are stopped now."""
    return frozenset(Stop.objects.filter(lifted_at=None).values_list("organisation_id", flat=True))


def stop_of(code: str) -> Stop | None:
    """The stop that holds for an organisation now: its own, or that of a body above it."""
    parts = code.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return Stop.objects.select_related("organisation").filter(organisation__in=above, lifted_at=None).first()


# Pure


def is_stopped(code: str, stopped: Collection[str]) -> bool:
    """Whether an organisation, or a body above it, is among those that are stopped."""
    return any(code == each or code.startswith(f"{each}.") for each in stopped)


def going_on(applications: Iterable[Approved], stopped: Collection[str]) -> list[Approved]:
    """The applications of organisations that are not stopped."""
    return [each for each in applications if not is_stopped(each.case.applicant, stopped)]


def close(parts: Parts, environment: Environment, stopped: Collection[str]) -> Parts:
    """A directory's parts in which whoever is stopped may ask nothing, nor under the licence of a body above it."""
    if not stopped:
        return parts
    grants = {
        (each.organisation, each.system, each.service): msgspec.structs.replace(
            each, active=each.active and not is_stopped(each.organisation, stopped)
        )
        for each in parts.grants
    }
    for code in sorted(stopped):
        for system in System:
            for service in Service:
                none = Grant(code, system, service, environment, (), (), (), False)
                grants.setdefault((code, system, service), none)
    return Parts(
        parts.organisations,
        tuple(
            msgspec.structs.replace(each, active=each.active and not is_stopped(each.organisation, stopped))
            for each in parts.accounts
        ),
        tuple(grants[key] for key in sorted(grants)),
    )
