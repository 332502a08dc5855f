"""What a row of the process is, and the groups of stages that rows speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.case import WHOLE, Case, Stage
from ketnoi_portal.process.requirements import Gate
from ketnoi_portal.process.roles import DeskKind, Role

Effect = Callable[[Case, str], Case]
Units = Callable[[Case], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the process.

    `desk` is whose act it is; None means the desks that `desk_of` works out from the case and the unit. `units` are
    what a step can be taken for (a paper, a service, a platform, a level); most have the one unit WHOLE.
    `names_unit`: the actor brings a new unit, of which `units` gives samples only. `target` is the stage after it,
    None when it stays. `when` narrows where the row exists at all (routes differ by level).
    `needs_reason`: the actor must say why. `decides`: nobody may take it on a request of their own body.
    """

    name: str
    title: Text
    role: Role
    desk: DeskKind | None
    sources: frozenset[Stage]
    target: Stage | None
    seed: tuple[str, ...]
    legal: str
    gate: Gate | None = None
    papers: tuple[int, ...] = ()
    effect: Effect = lambda case, unit: case
    units: Units = lambda case: (WHOLE,)
    names_unit: bool = False
    when: Callable[[Case], bool] = lambda case: True
    desk_of: Callable[[Case, str], DeskKind] | None = None
    decides: bool = False
    needs_reason: bool = False


def stages(*named: Stage) -> frozenset[Stage]:
    """These stages."""
    return frozenset(named)


TEST_STAGES: Final = stages(Stage.OPENING, Stage.TESTING)
BEFORE_PRODUCTION: Final = stages(
    Stage.OPENING,
    Stage.TESTING,
    Stage.TESTED,
    Stage.WITH_PC06,
    Stage.WITH_C06,
    Stage.WITH_LEADERSHIP,
    Stage.APPROVED,
)
RUNNING: Final = stages(Stage.LIVE, Stage.SUSPENDED)
