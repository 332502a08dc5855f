from datetime import UTC, datetime, timedelta

from ketnoi_runtime.clock import AdjustableClock, SystemClock


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_an_adjustable_clock_runs_and_is_moved() -> None:
    clock = AdjustableClock(timedelta(days=400))
    first = clock.now()
    assert first - datetime.now(UTC) > timedelta(days=399)
    clock.advance(timedelta(hours=-2))
    assert timedelta(hours=1, minutes=59) < first - clock.now() < timedelta(hours=2, minutes=1)
