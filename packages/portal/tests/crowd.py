"""Large numbers of applications and accounts, by the rehearsal's own command."""

from __future__ import annotations

from ketnoi_portal.process.roles import SYSTEM_ACTOR
from ketnoi_portal.rehearsal.crowd import make_crowd
from ketnoi_portal.settings import Settings


def crowd(*, applications: int = 0, accounts: int = 0) -> None:
    """So many more of them, of new units of the provinces that are there."""
    rehearsal = Settings(database="", secret_key_file="", rehearsal=True)
    make_crowd(SYSTEM_ACTOR, rehearsal, applications=applications, accounts=accounts)
