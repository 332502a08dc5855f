"""Brings C06's security servers to what is approved: look, compare, write down, mend.

Member, server and client are the platform operator's; then the configuration must be seen here, then comes the right,
and the directory, which the registry asks besides, has its own publisher. Closing needs none of them: whatever closes
first has closed it. Every step may be taken twice and every run may be killed anywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import models, transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.publication import alarms, drifts, legacy, stops
from ketnoi_portal.publication.adapter import NotAsAsked, SecurityServer
from ketnoi_portal.publication.admin_client import AdminError, Refused
from ketnoi_portal.publication.comparison import Comparison, Difference, Found, Key, Kind, Step, compare, is_too_much
from ketnoi_portal.publication.desired import Approved, wanted_rights
from ketnoi_portal.publication.ledger import Ledger, Overtaken
from ketnoi_portal.publication.models import Proposal, Run, Target
from ketnoi_portal.publication.reading import approved_applications
from ketnoi_portal.publication.revisions import present_revision
from ketnoi_portal.settings import Server, current
from ketnoi_portal.worker.locks import only_one

logger = logging.getLogger(__name__)

Open = Callable[[Server], SecurityServer]

LOOK_SECONDS: Final = 30.0
"""A server is looked at so often even when nothing was decided, for what others have done to it."""
AGAIN_SECONDS: Final = 5.0
FAILED_SECONDS: Final = 15.0
CONFIRMED_COUNTS: Final = timedelta(days=1)
_MANY = Text("Có quá nhiều quyền phải gỡ cùng lúc; cần hai cán bộ quyết định", "Many rights at once are to be removed")


def reconcile() -> None:
    """The worker's task: every server of the settings whose turn it is."""
    for told in current().servers:
        target = target_of(told)
        if is_due(target):
            reconcile_target(told)


def target_of(told: Server) -> Target:
    """The target of a row of the settings; a new one begins in `watch`."""
    target, _ = Target.objects.get_or_create(
        instance=told.instance, defaults={"environment": told.environment, "platform": told.platform}
    )
    return target


def is_due(target: Target) -> bool:
    """Whether something was decided since the last look, was left undone, or the look lies long back."""
    if target.looked_at is None:
        return True
    since = clock.now() - target.looked_at
    if target.failing:
        # Not at once: a server that does not answer must not hold up the others.
        return since >= timedelta(seconds=FAILED_SECONDS)
    pause = AGAIN_SECONDS if target.unfinished else LOOK_SECONDS
    return target.revision != present_revision() or since >= timedelta(seconds=pause)


def reconcile_target(told: Server, open_server: Open = SecurityServer.of) -> Run | None:
    """One run at one server, unless another worker is at it."""
    with only_one(f"target {told.instance}") as mine:
        if not mine:
            return None
        target = _take(told)
        return _Reconciling(target, told, open_server).run()


def _take(told: Server) -> Target:
    target = target_of(told)
    with transaction.atomic():
        Target.objects.filter(pk=target.pk).update(fence=models.F("fence") + 1)
        target.refresh_from_db()
    return target


@dataclass(slots=True)
class _Seen:
    """What one look has found: at which revision, what follows, and how many rights the server holds."""

    revision: int
    comparison: Comparison
    wanted: int
    held: int


class _Reconciling:
    """One run."""

    def __init__(self, target: Target, told: Server, open_server: Open) -> None:
        self._target = target
        self._told = told
        self._open = open_server
        self._ledger = Ledger(target, target.fence)
        self._run = Run(target=target, fence=target.fence, mode=target.mode, began_at=clock.now())

    def run(self) -> Run:
        """Look and mend; what it came to. An Overtaken run ends without a word in the books."""
        run, seen = self._run, None
        try:
            with self._open(self._told) as server:
                seen = self._look(server)
                run.wanted, run.found = seen.wanted, seen.held
                self._write_down(seen)
                run.outcome = self._act(server, seen)
        except AdminError as error:
            run.outcome, run.trouble = Run.FAILED, f"{type(error).__name__}: {error}"[:300]
            run.trouble_vi = error.told.vi[:300]
        except Overtaken:
            logger.warning("%s: another worker has taken over", self._target.pk)
            return run
        self._end(seen)
        return run

    def _look(self, server: SecurityServer) -> _Seen:
        # The counter first: what is decided meanwhile is looked at again.
        revision = present_revision()
        applications: list[Approved] = stops.going_on(approved_applications(), stops.stopped_codes())
        wanted = wanted_rights(applications, self._told.instance)
        state, registered = server.state(), server.registered()
        found = Found(
            {Key(*key): servers for key, servers in state.rights.items()},
            state.services,
            registered.servers,
            registered.subjects,
            server.as_held,
        )
        comparison = compare(wanted, found, self._ledger.ours(), legacy.standings(self._target))
        return _Seen(revision, comparison, len(wanted), len(found.rights))

    def _write_down(self, seen: _Seen) -> None:
        """What the look says about our own books; nothing on the server changes by it."""
        comparison, first = seen.comparison, self._target.imported_at is None
        if comparison.take_over:
            self._ledger.take_over(comparison.take_over.items())
        if comparison.confirmed:
            self._ledger.confirm(comparison.confirmed.items())
        if comparison.settled:
            self._ledger.settle(comparison.settled)
        with transaction.atomic():
            self._ledger.hold()
            legacy.write_down(self._target, comparison, first_start=first)
            drifts.write_down(self._target, comparison)
            if first:
                self._target.imported_at = clock.now()
                self._target.save(update_fields=["imported_at"])

    def _act(self, server: SecurityServer, seen: _Seen) -> str:
        steps = seen.comparison.steps
        if self._target.mode == Target.WATCH:
            for step in steps:
                self._note(f"would_{step.kind}", step)
            return Run.WATCHED if steps or seen.comparison.drifts else Run.CLEAN
        asks = self._asks(seen)
        if asks:
            steps = [step for step in steps if step.kind is not Kind.CLOSE]
        if steps:
            # A run that is killed from here on can be seen afterwards.
            self._run.save()
        refused = [step for step in steps if not self._take_step(server, step)]
        if asks:
            return Run.ASKS
        if refused or any(kind is Difference.HELD for kind, _ in seen.comparison.drifts):
            return Run.INCOMPLETE
        return Run.MENDED if steps else Run.CLEAN

    def _take_step(self, server: SecurityServer, step: Step) -> bool:
        """Whether it was taken; a refusal concerns this step alone. Raises Overtaken and what concerns all of them."""
        self._ledger.about_to(step)
        try:
            if step.kind is Kind.OPEN:
                server.give(*step.key, step.servers)
            elif step.kind is Kind.ALTER:
                server.set_servers(*step.key, step.servers)
            else:
                server.take(*step.key)
        except (Refused, NotAsAsked) as error:
            self._note(f"refused_{step.kind}", step, trouble=error.told.en, trouble_vi=error.told.vi)
            return False
        self._ledger.done(step)
        drifts.mended(self._target, step.key)
        self._note(str(step.kind), step)
        return True

    def _asks(self, seen: _Seen) -> bool:
        """Whether the removals wait for two officers."""
        own, removals = current(), seen.comparison.removals
        if not is_too_much(removals, seen.held, own.most_removals, own.most_removed_share, legacy.holder_of):
            return False
        keys = {tuple(step.key) for step in removals}
        confirmed = Proposal.objects.filter(
            target=self._target, kind=Proposal.REMOVE_MANY, confirmed_at__gte=clock.now() - CONFIRMED_COUNTS
        )
        if any(keys <= {tuple(key) for key in each.what["rights"]} for each in confirmed):
            return False
        for step in removals:
            self._note("asks", step)
        alarms.tell_publishers(self._target, _MANY, f"asks-{self._target.pk}-{len(keys)}-{clock.today()}")
        return True

    def _note(self, name: str, step: Step, **more: object) -> None:
        self._run.add(name, *step.key, servers=sorted(step.servers), because=list(step.because), **more)

    def _end(self, seen: _Seen | None) -> None:
        run, target = self._run, self._target
        run.ended_at = clock.now()
        last = target.last_run
        told_before = last is not None and (last.outcome, last.mode, last.steps, last.trouble, last.wanted) == (
            run.outcome,
            run.mode,
            run.steps,
            run.trouble,
            run.wanted,
        )
        with transaction.atomic():
            changed: dict[str, object] = {
                "looked_at": run.ended_at,
                "failing": run.outcome == Run.FAILED,
                "unfinished": run.outcome in (Run.FAILED, Run.INCOMPLETE, Run.MENDED),
            }
            if seen is not None and run.outcome != Run.FAILED:
                changed["revision"] = seen.revision
            if not Target.objects.filter(pk=target.pk, fence=run.fence).update(**changed):
                return
            if told_before and run.pk is None:
                # The same as last time: one row that says until when is enough.
                Run.objects.filter(pk=last.pk).update(ended_at=run.ended_at)
            else:
                run.save()
