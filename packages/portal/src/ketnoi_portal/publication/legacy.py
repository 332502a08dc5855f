"""Rights that stood before there was a portal: when they go on counting, and when they have ended."""

from __future__ import annotations

from ketnoi_portal.publication.models import LegacyRight
from ketnoi_portal.settings import current
from ketnoi_portal.site import clock
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
