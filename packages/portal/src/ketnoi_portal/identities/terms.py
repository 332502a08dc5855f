"""The worker's task: which terms the officers of each agency have accepted, for its dossier."""

from __future__ import annotations

import msgspec

from ketnoi_pages import clock
from ketnoi_portal.identities.identity_client import IdentityClient, IdentityError
from ketnoi_portal.identities.models import AcceptedTerms
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.settings import Identity, current
from ketnoi_portal.worker.locks import only_one
from ketnoi_protocol.services import System

_NOT_YET = (Stage.DRAFT, Stage.SUBMITTED, Stage.RETURNED, Stage.REFUSED)


def fetch() -> None:
    """Every identity system, for every organisation that has applied for it. Raises nothing of theirs.

    What cannot be had now stays as it was; the page says of when it is.
    """
    told = current().identities
    if not told:
        return
    applied = Application.objects.filter(system=System.IDENTITY).exclude(stage__in=_NOT_YET)
    organisations = sorted(set(applied.values_list("organisation_id", flat=True)))
    for each in told:
        with only_one(f"terms {each.name}") as mine:
            if mine:
                _fetch(each, organisations)


def _fetch(told: Identity, organisations: list[str]) -> None:
    try:
        with IdentityClient(told) as client:
            for organisation in organisations:
                standing = client.terms(organisation)
                AcceptedTerms.objects.update_or_create(
                    source=told.name,
                    organisation=organisation,
                    defaults={
                        "version": standing.current.version[:100],
                        "sha256": standing.current.sha256,
                        "valid_from": standing.current.valid_from,
                        "acceptances": msgspec.to_builtins(standing.acceptances),
                        "fetched_at": clock.now(),
                    },
                )
    except IdentityError:
        # The same system's other task says on the pages what is wrong with it.
        return
