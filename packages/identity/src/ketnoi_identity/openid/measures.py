"""How long and how often: our choice [OC], within what FAPI 2.0 permits."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

CODE_LASTS: Final = timedelta(seconds=60)
ACCESS_LASTS: Final = timedelta(minutes=15)
ID_TOKEN_LASTS: Final = timedelta(minutes=5)
OFFICER_TOKEN_LASTS: Final = timedelta(minutes=5)

ASSERTION_LASTS: Final = timedelta(minutes=5)
"""A client's assertion ends at most so far ahead."""
LEEWAY: Final = timedelta(seconds=30)
"""So far a client's clock may be off, either way."""

IN_A_MINUTE: Final = timedelta(minutes=1)
CODES_A_MINUTE: Final = 20
"""So many codes one account gets, at all agencies together."""
OFFICER_TOKENS_A_MINUTE: Final = 120
"""So many tokens one officer gets at one organisation: one every half second, without a pause."""
