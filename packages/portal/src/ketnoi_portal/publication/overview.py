"""How servers and directories fare, for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from ketnoi_portal.publication.models import LegacyRight, PublishedDirectory, Right, Target
from ketnoi_portal.publication.revisions import present_revision
from ketnoi_portal.settings import current
from ketnoi_trust.directory import VALIDITY

STALE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class DirectoryState:
    """One environment's directory: whether it is signed, whether it says what was decided last."""

    environment: str
    row: PublishedDirectory | None
    is_stale: bool
    is_behind: bool

    @property
    def has_run_out(self) -> bool:
        """Whether the registry refuses everybody because of it."""
        return self.row is None or self.row.signed_at is None


def targets() -> list[Target]:
    """Every server of the settings or known from before, with what differs and what waits, in three queries."""
    drifting = Count("drifts", filter=Q(drifts__ended_at=None), distinct=True)
    undecided = Count("legacy_rights", filter=Q(legacy_rights__state=LegacyRight.UNDECIDED), distinct=True)
    opened = Count("rights", filter=Q(rights__state=Right.OPEN), distinct=True)
    return list(Target.objects.annotate(drifting=drifting, undecided=undecided, opened=opened))


def directories(at: datetime) -> list[DirectoryState]:
    """The directory of each environment that the settings name."""
    rows = {row.environment: row for row in PublishedDirectory.objects.all()}
    newest, shown = present_revision(), []
    for environment in sorted({each.environment for each in current().directories} | set(rows)):
        row = rows.get(environment)
        signed = row.signed_at if row is not None else None
        shown.append(
            DirectoryState(
                environment,
                row if signed is not None and at - signed <= VALIDITY else None,
                signed is None or at - signed > STALE,
                row is not None and row.revision < newest and signed is not None,
            )
        )
    return shown
