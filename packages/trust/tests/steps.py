"""Shows of a function that each of its numbered steps is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ketnoi_trust.errors import Refused

from .step_deletion import steps_of, without_step

Attack = tuple[str, Callable[[Callable[..., Any]], Any]]
"""What an attacker would put in the place of a step, and the call that must be refused."""


def check(function: Callable[..., Any], attacks: dict[int, Attack], *, numbered: bool = True) -> None:
    """Every step has its attack, which the function refuses and believes without the step.

    `numbered` says that refusals carry the number of the step.
    """
    assert steps_of(function) == list(attacks)
    for number, (instead, attack) in attacks.items():
        with pytest.raises(Refused) as refused:
            attack(function)
        assert not numbered or refused.value.step == number
        attack(without_step(function, number, instead))
