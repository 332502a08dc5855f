"""Every state that an application can reach, by every step that anybody may take: the rules walked exhaustively."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ketnoi_portal.process.case import Case
from ketnoi_portal.process.requirements import REQUIREMENTS, Requirement
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import apply, can_step
from ketnoi_portal.process.step import Step
from ketnoi_portal.process.workflow import STEPS


@dataclass(frozen=True, slots=True)
class Taken:
    """One step that somebody was allowed to take."""

    before: Case
    step: Step
    unit: str
    actor: Actor
    after: Case


Judge = Callable[[Taken], str | None]
"""What is wrong with a step that was allowed, or None."""


@dataclass
class Explored:
    """How much was seen, and the first thing that was wrong, with the way there."""

    states: int = 0
    steps: int = 0
    wrong: str | None = None
    way: tuple[str, ...] = ()


def explore(
    begin: Case,
    actors: Sequence[Actor],
    judge: Judge,
    requirements: Iterable[Requirement] = REQUIREMENTS,
    *,
    skip: Callable[[Step], bool] = lambda step: False,
    most_states: int = 5_000_000,
) -> Explored:
    """Walk from `begin` until no new state is found, or until `judge` objects to a step.

    `skip` leaves steps out. Raises RuntimeError when there are more states than `most_states`.
    """
    rows = tuple(requirements)
    steps = [step for step in STEPS if not skip(step)]
    found = Explored()
    came_from: dict[Case, tuple[Case, str] | None] = {begin: None}
    waiting = deque([begin])
    while waiting:
        case = waiting.popleft()
        for step in steps:
            if case.stage not in step.sources or not step.when(case):
                continue
            for unit in step.units(case):
                for actor in actors:
                    if not can_step(step, case, unit, actor, rows):
                        continue
                    after = apply(step, case, unit)
                    found.steps += 1
                    taken = Taken(case, step, unit, actor, after)
                    if (wrong := judge(taken)) is not None:
                        found.states, found.wrong = len(came_from), wrong
                        found.way = (*_way(came_from, case), f"{step.name} {unit}".strip())
                        return found
                    if after not in came_from:
                        came_from[after] = (case, f"{step.name} {unit}".strip())
                        waiting.append(after)
                        if len(came_from) > most_states:
                            raise RuntimeError("there are more states than the exploration was given room for")
    found.states = len(came_from)
    return found


def _way(came_from: dict[Case, tuple[Case, str] | None], case: Case) -> tuple[str, ...]:
    names = []
    while (before := came_from[case]) is not None:
        case, name = before
        names.append(name)
    return tuple(reversed(names))
