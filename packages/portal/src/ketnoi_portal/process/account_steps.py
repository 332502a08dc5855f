"""The steps of an account, from the request to its end, as one table."""

from __future__ import annotations

from typing import Final

from ketnoi_portal.process.account_case import AccountCase
from ketnoi_portal.process.account_requests import REQUEST_STEPS
from ketnoi_portal.process.account_standing import STANDING_STEPS
from ketnoi_portal.process.account_step import AccountStep

ACCOUNT_STEPS: Final[tuple[AccountStep[AccountCase], ...]] = (*REQUEST_STEPS, *STANDING_STEPS)

ACCOUNT_STEP: Final = {step.name: step for step in ACCOUNT_STEPS}
