"""Writing down what is about to be done and what was done, under the fence of the worker that does it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.audit.models import record
from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.publication.comparison import Key, Kind, Ours, Stand, Step
from ketnoi_portal.publication.models import Right, Target

_BEFORE = {Kind.OPEN: Right.OPENING, Kind.ALTER: Right.OPENING, Kind.CLOSE: Right.CLOSING}
_AFTER = {Kind.OPEN: Right.OPEN, Kind.ALTER: Right.OPEN, Kind.CLOSE: Right.CLOSED}


class Overtaken(Exception):  # noqa: N818
    """Another worker has taken this target since; nothing more may be done here."""


class Ledger:
    """The ledger of one target, in the hands of whoever holds this fence."""

    def __init__(self, target: Target, fence: int) -> None:
        self._target = target
        self._fence = fence

    def ours(self) -> dict[Key, Ours]:
        """Every right that publication has ever opened or taken over here."""
        rows = Right.objects.filter(target=self._target)
        return {Key(row.subject, row.service_code): Ours(Stand(row.state), frozenset(row.servers)) for row in rows}

    def about_to(self, step: Step) -> None:
        """Before the server is asked. Raises Overtaken."""
        with transaction.atomic():
            self.hold()
            self._write(step.key, _BEFORE[step.kind], step.servers)

    def done(self, step: Step) -> None:
        """The server holds it so: into the ledger and the audit. Raises Overtaken."""
        with transaction.atomic():
            self.hold()
            self._write(step.key, _AFTER[step.kind], step.servers)
            record(
                SYSTEM_ACTOR,
                f"{step.kind}_right",
                "target",
                self._target.pk,
                after={
                    "subject": step.key.subject,
                    "service_code": step.key.service_code,
                    "servers": sorted(step.servers),
                    "because": list(step.because),
                },
            )

    def take_over(self, rights: Iterable[tuple[Key, frozenset[str]]]) -> None:
        """Rights that stand there and that an approved application covers are ours from now on, as they are."""
        with transaction.atomic():
            self.hold()
            for key, servers in rights:
                self._write(key, Right.OPEN, servers, taken_over=True)

    def confirm(self, rights: Iterable[tuple[Key, frozenset[str]]]) -> None:
        """Rights that were asked for and are there now, though nobody came to write that down."""
        with transaction.atomic():
            self.hold()
            for key, servers in rights:
                self._write(key, Right.OPEN, servers)

    def settle(self, keys: Iterable[Key]) -> None:
        """Rights that are closed as they should be, though nobody came to write that down."""
        with transaction.atomic():
            self.hold()
            for key in keys:
                Right.objects.filter(target=self._target, subject=key.subject, service_code=key.service_code).update(
                    state=Right.CLOSED, since=clock.now()
                )

    def hold(self) -> None:
        """Lock the target's row, within a transaction. Raises Overtaken."""
        if not Target.objects.select_for_update().filter(pk=self._target.pk, fence=self._fence).exists():
            raise Overtaken(self._target.pk)

    def _write(self, key: Key, state: str, servers: frozenset[str], *, taken_over: bool = False) -> None:
        told = {"state": state, "servers": sorted(servers), "since": clock.now()}
        Right.objects.update_or_create(
            target=self._target,
            subject=key.subject,
            service_code=key.service_code,
            defaults=told,
            create_defaults={**told, "taken_over": taken_over},
        )
