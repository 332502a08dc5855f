"""Citizens with accounts, put into the database of a site, and their browsers, signed in."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from .site import Site
from .visiting import Visitor

_SESSION = """
import sys, django
django.setup()
from django.contrib.sessions.backends.db import SessionStore
store = SessionStore()
store["account"], store["account_session"] = sys.argv[1:]
store.create()
print(store.session_key)
"""


class Resident(NamedTuple):
    """One person, as the registry of the tests has them too."""

    personal_number: str
    full_name: str
    birth: str


AN = Resident("990089000001", "Nguyễn Văn An", "1989-03-02")
BINH = Resident("990190000003", "Lê Thị Bình", "1990")


def settle(site: Site, who: Resident, *, level: int = 2) -> UUID:
    """An account of this person, whose holder has accepted the terms; its id."""
    account, now = uuid4(), datetime.now(UTC)
    with site.connect() as connection:
        connection.execute(
            "INSERT INTO account (id, personal_number, full_name, birth_text, level, state, sessions_after, created_at)"
            " VALUES (%s, %s, %s, %s, %s, 'active', %s, %s)",
            [account, *who, level, now - timedelta(days=1), now],
        )
        connection.execute(
            "INSERT INTO terms_acceptance SELECT %s, version, sha256, %s FROM terms WHERE valid_from <= %s",
            [account, now, now],
        )
    return account


def sign_in(site: Site, visitor: Visitor, account: UUID) -> None:
    """Let this browser be one in which the account's holder has signed in."""
    session, now = uuid4(), datetime.now(UTC)
    with site.connect() as connection:
        connection.execute(
            "INSERT INTO account_session (id, account, began_at, last_seen_at, device, entered_by, credential)"
            " VALUES (%s, %s, %s, %s, 'test', 'passkey', 'none')",
            [session, account, now, now],
        )
    told = {
        "KETNOI_IDENTITY_SETTINGS": str(site.settings),
        "DJANGO_SETTINGS_MODULE": "ketnoi_identity.site.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", _SESSION, str(account), str(session)],
        capture_output=True, text=True, check=True, env=os.environ | told,
    )  # fmt: skip
    visitor.client.cookies.set("dinhdanh", done.stdout.strip())
