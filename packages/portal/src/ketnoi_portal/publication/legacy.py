"""Rights that stood before there was a portal: when they go on counting, and when they have ended."""

from __future__ import annotations

from ketnoi_pages import clock
from ketnoi_portal.publication.comparison import Comparison, Key, Standing
from ketnoi_portal.publication.models import LegacyRight, Target
from ketnoi_portal.settings import current
from ketnoi_protocol.identifiers import InvalidIdentifier, SubsystemId
from ketnoi_protocol.services import Catalogue, CatalogueEntry, Environment, Service


def entry_of(right: LegacyRight) -> CatalogueEntry | None:
    """The service in the catalogue; None for one that the catalogue does not have."""
    return Catalogue.load(current().profile).by_code(right.target_id, right.service_code)


def holder_of(subject: str) -> str:
    """The organisation code of a consumer in colon form; empty for what is no subsystem."""
    try:
        return SubsystemId.from_colon(subject).member_code
    except InvalidIdentifier:
        return ""


def has_ended(right: LegacyRight) -> bool:
    """Whether two officers had it removed, or the day is over until which they kept it."""
    if right.state in (LegacyRight.REMOVING, LegacyRight.GONE):
        return True
    return right.state == LegacyRight.KEPT and right.until is not None and clock.today() > right.until


def ended_services(environment: Environment) -> set[tuple[str, Service]]:
    """Of whom, and for which service, the standing right has ended in an environment."""
    found = set()
    for right in LegacyRight.objects.filter(target__environment=environment).exclude(state=LegacyRight.UNDECIDED):
        entry = entry_of(right)
        if entry is not None and has_ended(right):
            found.add((holder_of(right.subject), entry.service))
    return found


def standings(target: Target) -> dict[Key, Standing]:
    """What counts today of every right here that no application approved."""
    found = {}
    for right in LegacyRight.objects.filter(target=target).exclude(state=LegacyRight.REPLACED):
        standing = Standing.ENDED if right.state != LegacyRight.GONE and has_ended(right) else Standing(right.state)
        found[Key(right.subject, right.service_code)] = standing
    return found


def write_down(target: Target, comparison: Comparison, *, first_start: bool) -> None:
    """Rights that nobody approved are listed for decision; those that are gone or approved now leave the list."""
    for key, servers in comparison.strangers.items():
        LegacyRight.objects.update_or_create(
            target=target,
            subject=key.subject,
            service_code=key.service_code,
            defaults={
                "servers": sorted(servers),
                "found_at": clock.now(),
                "first_start": first_start,
                "state": LegacyRight.UNDECIDED,
                "until": None,
                "proposal": None,
            },
        )
    for keys, state in ((comparison.vanished, LegacyRight.GONE), (comparison.take_over, LegacyRight.REPLACED)):
        for key in keys:
            LegacyRight.objects.filter(target=target, subject=key.subject, service_code=key.service_code).update(
                state=state
            )
