"""The book of differences: each begins once, is told once, and ends when it is seen no more."""

from __future__ import annotations

from ketnoi_pages import clock
from ketnoi_portal.publication import alarms
from ketnoi_portal.publication.comparison import Comparison, Difference, Key
from ketnoi_portal.publication.models import Drift, LegacyRight, Target

_TOLD = (Difference.GONE, Difference.FOREIGN, Difference.ALTERED)


def write_down(target: Target, comparison: Comparison) -> None:
    """What this look has found, within a transaction."""
    at = clock.now()
    running = {
        (each.kind, Key(each.subject, each.service_code)): each
        for each in Drift.objects.filter(target=target, ended_at=None)
    }
    known = _known_from_the_first_start(target)
    for (kind, key), detail in comparison.drifts.items():
        if kind is Difference.FOREIGN and key in known:
            # Listed for decision, together with everything else that was there before us.
            continue
        drift = running.pop((str(kind), key), None)
        if drift is None:
            drift = Drift.objects.create(
                target=target,
                kind=kind,
                subject=key.subject,
                service_code=key.service_code,
                detail=detail,
                first_seen_at=at,
                last_seen_at=at,
            )
            if kind in _TOLD:
                alarms.tell_publishers(target, drift.title, f"drift-{drift.pk}")
        else:
            drift.last_seen_at, drift.detail = at, detail
            drift.save(update_fields=["last_seen_at", "detail"])
    for drift in running.values():
        drift.ended_at = at
        drift.save(update_fields=["ended_at"])


def mended(target: Target, key: Key) -> None:
    """What was found there has been put right by us."""
    Drift.objects.filter(target=target, subject=key.subject, service_code=key.service_code, ended_at=None).update(
        mended=True
    )


def _known_from_the_first_start(target: Target) -> set[Key]:
    rows = LegacyRight.objects.filter(target=target, first_start=True, state=LegacyRight.UNDECIDED)
    return {Key(row.subject, row.service_code) for row in rows}
