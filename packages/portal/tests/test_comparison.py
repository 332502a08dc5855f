"""Every case of what should stand, what stands, what we opened, and what people decided."""

from __future__ import annotations

import pytest

from ketnoi_portal.publication.comparison import (
    Comparison,
    Difference,
    Found,
    Key,
    Kind,
    Ours,
    Stand,
    Standing,
    Step,
    compare,
    is_too_much,
)
from ketnoi_portal.publication.desired import WantedRight

KEY = Key("VDXP:GOV:H55:MOTCUA", "TraCuu")
HERE, ELSEWHERE = frozenset({"VDXP:GOV:H55:SS01"}), frozenset({"VDXP:GOV:H38:SS01"})
FOREIGN, GONE, ALTERED, HELD = Difference.FOREIGN, Difference.GONE, Difference.ALTERED, Difference.HELD


def look(
    *,
    wanted: frozenset[str] | None = None,
    held: frozenset[str] | None = None,
    ours: Stand | None = None,
    ours_from: frozenset[str] = HERE,
    legacy: Standing | None = None,
    services: frozenset[str] = frozenset({"TraCuu"}),
    subjects: frozenset[str] = frozenset({KEY.subject}),
    servers: frozenset[str] = HERE,
) -> Comparison:
    right = WantedRight(*KEY, wanted, "H55", ("KN-1",)) if wanted is not None else None
    return compare(
        {KEY: right} if right is not None else {},
        Found({KEY: held} if held is not None else {}, services, servers, subjects),
        {KEY: Ours(ours, ours_from)} if ours is not None else {},
        {KEY: legacy} if legacy is not None else {},
    )


def kinds(found: Comparison) -> list[Kind]:
    return [step.kind for step in found.steps]


def drifts(found: Comparison) -> list[Difference]:
    return [kind for kind, _ in found.drifts]


def test_what_is_approved_and_missing_is_opened() -> None:
    found = look(wanted=HERE)
    assert (kinds(found), drifts(found)) == ([Kind.OPEN], [])
    assert found.steps[0].servers == HERE


@pytest.mark.parametrize(
    ("hindered", "because"),
    [
        ({"services": frozenset()}, "service"),
        ({"subjects": frozenset()}, "subsystem"),
        ({"servers": frozenset()}, "server"),
    ],
)
def test_nothing_is_opened_before_the_platform_has_registered_it(
    hindered: dict[str, frozenset[str]], because: str
) -> None:
    found = look(wanted=HERE, **hindered)  # type: ignore[arg-type]
    assert kinds(found) == []
    assert found.drifts == {(HELD, KEY): {"because": because}}


def test_a_right_of_ours_that_somebody_took_is_opened_again_and_told() -> None:
    found = look(wanted=HERE, ours=Stand.OPEN)
    assert (kinds(found), drifts(found)) == ([Kind.OPEN], [GONE])


@pytest.mark.parametrize("stand", [Stand.OPENING, Stand.CLOSED, Stand.CLOSING])
def test_what_was_not_open_yet_is_no_drift(stand: Stand) -> None:
    found = look(wanted=HERE, ours=stand)
    assert (kinds(found), drifts(found)) == ([Kind.OPEN], [])


def test_after_a_crash_the_right_is_confirmed_not_given_twice() -> None:
    found = look(wanted=HERE, held=HERE, ours=Stand.OPENING)
    assert (kinds(found), found.confirmed) == ([], {KEY: HERE})


def test_servers_changed_by_hand_are_put_right_and_told() -> None:
    found = look(wanted=HERE, held=ELSEWHERE, ours=Stand.OPEN)
    assert (kinds(found), drifts(found)) == ([Kind.ALTER], [ALTERED])
    assert found.steps[0].servers == HERE


def test_servers_changed_by_a_decision_are_no_drift() -> None:
    found = look(wanted=HERE, held=ELSEWHERE, ours=Stand.OPEN, ours_from=ELSEWHERE)
    assert (kinds(found), drifts(found)) == ([Kind.ALTER], [])


def test_an_approved_right_that_was_there_is_taken_over() -> None:
    found = look(wanted=HERE, held=HERE)
    assert (kinds(found), drifts(found), found.take_over) == ([], [], {KEY: HERE})


@pytest.mark.parametrize("stand", [Stand.OPEN, Stand.OPENING, Stand.CLOSING])
def test_what_we_opened_and_nobody_approves_any_more_is_closed(stand: Stand) -> None:
    found = look(held=HERE, ours=stand)
    assert (kinds(found), drifts(found)) == ([Kind.CLOSE], [])


def test_what_we_closed_and_somebody_opened_again_is_closed_and_told() -> None:
    found = look(held=HERE, ours=Stand.CLOSED)
    assert (kinds(found), drifts(found)) == ([Kind.CLOSE], [FOREIGN])


@pytest.mark.parametrize("standing", [None, Standing.UNDECIDED, Standing.GONE])
def test_a_strangers_right_is_told_and_never_touched(standing: Standing | None) -> None:
    found = look(held=HERE, legacy=standing)
    assert (kinds(found), drifts(found)) == ([], [FOREIGN])
    assert (KEY in found.strangers) is (standing is not Standing.UNDECIDED)


def test_a_kept_right_stays_and_an_ended_one_goes() -> None:
    assert (kinds(look(held=HERE, legacy=Standing.KEPT)), drifts(look(held=HERE, legacy=Standing.KEPT))) == ([], [])
    assert kinds(look(held=HERE, legacy=Standing.ENDED)) == [Kind.CLOSE]


def test_what_is_gone_is_settled() -> None:
    assert look(ours=Stand.CLOSING).settled == [KEY]
    assert look(ours=Stand.CLOSED).settled == []
    assert look(legacy=Standing.UNDECIDED).vanished == [KEY]
    assert drifts(look(legacy=Standing.KEPT)) == [GONE]
    assert look(legacy=Standing.GONE).vanished == []


def test_closings_come_first() -> None:
    other = Key("VDXP:GOV:A:B", "TraCuu")
    right = WantedRight(*other, HERE, "A", ())
    found = compare(
        {other: right},
        Found({KEY: HERE}, frozenset({"TraCuu"}), HERE, frozenset({KEY.subject, other.subject})),
        {KEY: Ours(Stand.OPEN, HERE)},
        {},
    )
    assert kinds(found) == [Kind.CLOSE, Kind.OPEN]


def removals(*owners: str) -> list[Step]:
    return [Step(Kind.CLOSE, Key(f"VDXP:GOV:{owner}:X", f"s{number}")) for number, owner in enumerate(owners)]


@pytest.mark.parametrize(
    ("steps", "held", "stops"),
    [
        (removals(*["H55"] * 4), 4, False),
        (removals("H55", "H38"), 4, True),
        (removals("H55", "H38"), 100, False),
        (removals(*["H55"] * 21), 10_000, True),
        (removals(), 0, False),
    ],
)
def test_many_removals_stop_and_one_revocation_never_does(steps: list[Step], held: int, stops: bool) -> None:
    assert is_too_much(steps, held, 20, 0.05, lambda subject: subject.split(":")[2]) is stops
