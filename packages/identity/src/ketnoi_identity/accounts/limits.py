"""How often one address, or somebody about one number, may try: counted in the database, whoever asks at once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from .records import Cursor


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many attempts within one span of time."""

    act: str
    most: int
    span: timedelta


# Our choice [OC]. Thousands of phones share one address of a mobile network, and a commune's hall one Wi-Fi, so those
# are wide; what is guessed at is safe for other reasons: a code has 58 bits, and about one number few tries count.
REGISTER_BY_ADDRESS: Final = Limit("register_address", 300, timedelta(hours=1))
# About one number from one address: were it counted wherever one asks from, a stranger would shut a number out.
REGISTER_BY_NUMBER: Final = Limit("register_number", 5, timedelta(hours=1))
ENTER_BY_ADDRESS: Final = Limit("enter_address", 300, timedelta(minutes=5))
RECOVER_BY_ADDRESS: Final = Limit("recover_address", 300, timedelta(minutes=15))
DESK_BY_OFFICER: Final = Limit("desk_officer", 200, timedelta(hours=1))


def wait(cursor: Cursor, secret: str, limit: Limit, who: str, at: datetime) -> int:
    """Count one attempt; 0 when it is within the limit, else how many minutes to wait (rounded up).

    `who` is kept as a digest under `secret`: an address and a number are personal data. Whoever calls commits, also
    when what was attempted fails.
    """
    digest = hmac.digest(secret.encode(), f"{limit.act}\0{who}".encode(), "sha256")
    cursor.execute("DELETE FROM attempt WHERE until <= %s", [at])
    cursor.execute(
        "INSERT INTO attempt (who, act, until, count) VALUES (%s, %s, %s, 1)"
        " ON CONFLICT (who, act) DO UPDATE SET count = attempt.count + 1 RETURNING count, until",
        [digest, limit.act, at + limit.span],
    )
    count, until = cursor.fetchone()
    return 0 if count <= limit.most else max(ceil((until - at).total_seconds() / 60), 1)
