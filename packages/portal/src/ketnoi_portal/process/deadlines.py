"""How long a stage may last, in days: our choice, but for the 30 days of NĐ 69/2024 (article 18) for appraising."""

from __future__ import annotations

from typing import Final

from ketnoi_portal.process.case import Stage

DAYS: Final[dict[Stage, int]] = {
    Stage.SUBMITTED: 5,
    Stage.RETURNED: 30,
    Stage.OPENING: 5,
    Stage.TESTING: 90,
    Stage.TESTED: 60,
    Stage.WITH_PC06: 5,
    Stage.WITH_C06: 10,
    Stage.WITH_LEADERSHIP: 10,
    Stage.APPROVED: 5,
}

REMIND_BEFORE_DAYS: Final = 2
ESCALATE_AFTER_DAYS: Final = 1

TURN_DAYS: Final[dict[str, int]] = {"confirm_security": 30, "register_on_platform": 5, "answer_assessor": 10}
"""How long an act may be awaited that is not the stage's own, in days."""
