"""The four services of the population system. A question has passed every gate before it comes here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from ketnoi_protocol.services import Service

from . import confirm_identity_number, look_up_citizen, verify_citizen, verify_household
from .question import Outcome, Question, Register

__all__ = ["SERVICES", "Outcome", "Question", "Register"]

SERVICES: Final[dict[Service, Callable[[Question[Any], Register], Awaitable[Outcome]]]] = {
    Service.CONFIRM_IDENTITY_NUMBER: confirm_identity_number.answer,
    Service.VERIFY_HOUSEHOLD: verify_household.answer,
    Service.LOOK_UP_CITIZEN: look_up_citizen.answer,
    Service.VERIFY_CITIZEN: verify_citizen.answer,
}
