"""The officers for the signed directory, bucket by bucket, and which buckets have changed since a revision.

A publisher keeps the revision that it has written up to. It asks for the changed buckets first, reads those alone, and
writes down the revision that `changes_since` gave. Which grants are open is not looked at here: the registry's gates
ask the organisation's grant and the officer's account apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from ketnoi_portal.accounts.codes import BUCKETS
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.process.account_case import AccountState
from ketnoi_protocol.directory import Officer
from ketnoi_protocol.services import Environment, Service

_SHOWN = [str(state) for state in (AccountState.ACTIVE, AccountState.SUSPENDED)]


@dataclass(frozen=True, slots=True)
class Changes:
    """The buckets that changed, by name, and the revision that they are read up to."""

    buckets: frozenset[str]
    revision: int


def bucket_names() -> list[str]:
    """All buckets of the directory, the empty ones too."""
    return [f"{number:04x}" for number in range(BUCKETS)]


def changes_since(environment: Environment, revision: int) -> Changes:
    """Which buckets hold an account that changed after a revision (0: everything). One query."""
    rows = _accounts(environment).filter(revision__gt=revision).order_by()
    found = dict(rows.values_list("bucket").annotate(newest=Max("revision")))
    return Changes(frozenset(found), max(found.values(), default=revision))


def officers_in(environment: Environment, buckets: Iterable[str]) -> dict[str, list[Officer]]:
    """The officers of these buckets, in the order of their codes. One query.

    Production has the active accounts and the suspended ones (as not active); what is created, asked for again or
    closed is not in it. The test environment has none: see publication.desired.stand_in.
    """
    found: dict[str, list[Officer]] = {name: [] for name in buckets}
    rows = _accounts(environment).filter(bucket__in=list(found), state__in=_SHOWN, activated=True).order_by("code")
    columns = rows.values_list("bucket", "code", "unit_id", "state", "services", "valid_from", "valid_until")
    for name, code, unit, state, services, valid_from, valid_until in columns.iterator(chunk_size=5_000):
        active = state == AccountState.ACTIVE
        found[name].append(Officer(code, unit, active, tuple(map(Service, services)), valid_from, valid_until))
    return found


def officers_changed_since(environment: Environment, revision: int) -> tuple[dict[str, list[Officer]], int]:
    """The changed buckets with everybody in them, and the revision that they are up to: two queries."""
    changes = changes_since(environment, revision)
    return officers_in(environment, changes.buckets), changes.revision


def _accounts(environment: Environment) -> QuerySet[Account]:
    return Account.objects.all() if environment is Environment.PRODUCTION else Account.objects.none()
