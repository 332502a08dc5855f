"""Every state that can be reached, by every step that anybody may take: the rules walked exhaustively.

`explore` walks applications; `walk` anything that has states (accounts, in account_exploration.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ketnoi_portal.process.case import Case
from ketnoi_portal.process.requirements import REQUIREMENTS, Requirement
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import apply, takers
from ketnoi_portal.process.step import Step
from ketnoi_portal.process.workflow import STEPS


class Taken(NamedTuple):
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


State = TypeVar("State", bound=Hashable)
Move = tuple[str, State, str | None]
"""A step's name, the state after it, and what is wrong with it (None: nothing)."""


def walk(begin: State, moves: Callable[[State], Iterable[Move[State]]], most_states: int = 5_000_000) -> Explored:
    """Walk from `begin` until no new state is found, or until a move is wrong.

    `moves` yields every step that somebody may take from a state. Raises RuntimeError when there are more states than
    `most_states`.
    """
    found = Explored()
    came_from: dict[State, tuple[State, str] | None] = {begin: None}
    waiting = deque([begin])
    while waiting:
        state = waiting.popleft()
        for name, after, wrong in moves(state):
            found.steps += 1
            if wrong is not None:
                found.states, found.wrong = len(came_from), wrong
                found.way = (*_way(came_from, state), name)
                return found
            if after not in came_from:
                came_from[after] = (state, name)
                waiting.append(after)
                if len(came_from) > most_states:
                    raise RuntimeError("there are more states than the exploration was given room for")
    found.states = len(came_from)
    return found


def explore(
    begin: Case,
    actors: Sequence[Actor],
    judge: Judge,
    requirements: Iterable[Requirement] = REQUIREMENTS,
    *,
    skip: Callable[[Step], bool] = lambda step: False,
    happens: Callable[[Case], Iterable[Case]] = lambda case: (),
    most_states: int = 5_000_000,
) -> Explored:
    """Walk an application from `begin` by every step of the process, or until `judge` objects to one.

    `skip` leaves steps out; `happens` gives what a case turns into by itself, as time passes. Raises RuntimeError
    when there are more states than `most_states`.
    """
    rows = tuple(requirements)
    steps = [step for step in STEPS if not skip(step)]

    def moves(case: Case) -> Iterator[Move[Case]]:
        for later in happens(case):
            yield "(time passes)", later, None
        for step in steps:
            if case.stage not in step.sources or not step.when(case):
                continue
            for unit in step.units(case):
                if able := takers(step, case, unit, actors, rows):
                    after = apply(step, case, unit)
                    for actor in able:
                        yield f"{step.name} {unit}".strip(), after, judge(Taken(case, step, unit, actor, after))

    return walk(begin, moves, most_states)


def _way(came_from: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    names = []
    while (before := came_from[state]) is not None:
        state, name = before
        names.append(name)
    return tuple(reversed(names))
