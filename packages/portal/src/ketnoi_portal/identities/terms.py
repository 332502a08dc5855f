"""The worker's task: which terms the officers of each agency have accepted, for its dossier.

The record stands in the place of a signed paper, so it only grows: what an identity system told once stays, whatever
it tells later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from ketnoi_pages import clock
from ketnoi_portal.identities.identity_client import IdentityClient, IdentityError
from ketnoi_portal.identities.models import AcceptedTerms
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.settings import Identity, current
from ketnoi_portal.worker.locks import only_one
from ketnoi_protocol.citizens import Acceptance, TermsStanding
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
                _keep(told.name, organisation, client.terms(organisation))
    except IdentityError:
        # The same system's other task says on the pages what is wrong with it.
        return


def _keep(source: str, organisation: str, standing: TermsStanding) -> None:
    known = AcceptedTerms.objects.filter(source=source, organisation=organisation).first()
    AcceptedTerms.objects.update_or_create(
        source=source,
        organisation=organisation,
        defaults={
            "version": standing.current.version[:100],
            "sha256": standing.current.sha256,
            "valid_from": standing.current.valid_from,
            "acceptances": grown(known.acceptances if known else [], standing.acceptances),
            "fetched_at": clock.now(),
        },
    )


def grown(known: list[dict[str, Any]], told: Iterable[Acceptance]) -> list[dict[str, Any]]:
    """What was known with what is told now: by officer, the newest first. The end of an account is added, and stays."""
    rows = {_which(each): each for each in known}
    for each in msgspec.to_builtins(tuple(told)):
        before = rows.get(_which(each), {})
        rows[_which(each)] = each | {"closed_at": each["closed_at"] or before.get("closed_at")}
    newest = sorted(rows.values(), key=lambda each: datetime.fromisoformat(each["accepted_at"]), reverse=True)
    return sorted(newest, key=lambda each: str(each["officer"]))


def _which(acceptance: dict[str, Any]) -> tuple[Any, ...]:
    at = datetime.fromisoformat(acceptance["accepted_at"])
    return acceptance["officer"], acceptance["version"], acceptance["sha256"], at
