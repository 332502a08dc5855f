"""What is thrown away once it has run out: it opens nothing any more, and some of it is about people."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = (
    "DELETE FROM challenge WHERE until <= %s",
    "DELETE FROM attempt WHERE until <= %s",
    "DELETE FROM presence_code WHERE until <= %s",
    "DELETE FROM enrolment_code WHERE until <= %s - interval '1 day'",
    "DELETE FROM account_session WHERE coalesce(ended_at, last_seen_at) <= %s - interval '90 days'",
)
"""Each is handed the moment. What happened stays in the events of the account."""
