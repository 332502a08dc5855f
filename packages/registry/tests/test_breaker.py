"""A circuit breaker opens, waits, tries with one call, and closes."""

from __future__ import annotations

import pytest

from ketnoi_registry.store.upstream.breaker import LATEST, Breaker, State


class Watch:
    def __init__(self) -> None:
        self.at = 100.0
        self.told: list[State] = []

    def breaker(self) -> Breaker:
        return Breaker(3, 10.0, 5.0, 0.5, told=self.told.append, moment=lambda: self.at)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        passed = breaker.try_pass()
        assert passed is not None
        breaker.failed(passed)


def test_it_opens_at_so_many_failures_within_the_window(watch):
    breaker = watch.breaker()
    fail(breaker, 2)
    assert breaker.state is State.CLOSED
    fail(breaker, 1)
    assert (breaker.state, breaker.try_pass(), breaker.seconds_left) == (State.OPEN, None, 5.0)


def test_failures_about_one_thing_count_once(watch):
    breaker = watch.breaker()
    for about in ("one", "other", *["one"] * 9):
        breaker.failed(breaker.try_pass(), about)
    assert (breaker.state, breaker.failures) == (State.CLOSED, 2)
    watch.at += 9.0
    breaker.failed(breaker.try_pass(), "other")
    watch.at += 2.0
    assert breaker.failures == 1, "the last time counts"
    breaker.failed(breaker.try_pass(), "one")
    breaker.failed(breaker.try_pass(), "a third")
    assert breaker.state is State.OPEN


def test_a_few_failures_among_many_answers_open_nothing(watch):
    breaker = watch.breaker()
    for about in range(2_000):
        passed = breaker.try_pass()
        assert passed is not None, "one in ten fails, two hundred within the window"
        if about % 10:
            breaker.succeeded(passed)
        else:
            breaker.failed(passed, about)
        watch.at += 0.005


def test_it_opens_soon_after_a_service_that_answered_much_is_gone(watch):
    breaker = watch.breaker()
    for _ in range(5_000):
        breaker.succeeded(breaker.try_pass())
    fail(breaker, LATEST // 2 - 1)
    assert breaker.state is State.CLOSED
    fail(breaker, 1)
    assert breaker.state is State.OPEN


def test_failures_that_lie_back_do_not_count(watch):
    breaker = watch.breaker()
    fail(breaker, 2)
    watch.at += 10.0
    fail(breaker, 2)
    assert (breaker.state, breaker.failures) == (State.CLOSED, 2)


def test_after_the_pause_one_call_may_try_and_closes_it(watch):
    breaker = watch.breaker()
    fail(breaker, 3)
    watch.at += 4.9
    assert breaker.try_pass() is None
    watch.at += 0.1
    trial = breaker.try_pass()
    assert trial is not None
    assert (breaker.state, breaker.try_pass()) == (State.HALF_OPEN, None)
    assert breaker.seconds_left == 1.0
    breaker.succeeded(trial)
    assert (breaker.state, breaker.failures, breaker.seconds_left) == (State.CLOSED, 0, 0.0)
    assert watch.told == [State.OPEN, State.HALF_OPEN, State.CLOSED]


def test_a_failed_trial_opens_it_for_another_pause(watch):
    breaker = watch.breaker()
    fail(breaker, 3)
    watch.at += 5.0
    fail(breaker, 1)
    assert (breaker.state, breaker.seconds_left) == (State.OPEN, 5.0)


def test_a_call_from_before_decides_nothing_when_it_ends(watch):
    breaker = watch.breaker()
    early, late = breaker.try_pass(), breaker.try_pass()
    fail(breaker, 3)
    breaker.succeeded(early)
    assert breaker.state is State.OPEN
    watch.at += 5.0
    trial = breaker.try_pass()
    breaker.failed(late)
    assert breaker.state is State.HALF_OPEN
    breaker.succeeded(trial)
    assert breaker.state is State.CLOSED
