"""Messages on their way into the log: those that pass side by side wait for each other, one alone does not."""

import asyncio
from datetime import UTC, datetime

import pytest
from small_world import CALLER

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.gathering import Gathering
from ketnoi_securityserver.messagelog import Record, ReplayKey
from ketnoi_trust.signatures import Signature

PAUSE = 0.05


class Log:
    """Takes a while for each group, and tells when each message came."""

    def __init__(self) -> None:
        self.came: list[tuple[float, str]] = []
        self.replay: ReplayKey | None = None

    async def record(self, *records: Record, replay: ReplayKey | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.came += [(loop.time(), record.message_id) for record in records]
        self.replay = replay
        await asyncio.sleep(0.01)
        if records[0].message_id == "bad":
            raise Refusal("logging_failed")


def record(message_id: str) -> Record:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Record(message_id, False, CALLER, b"", None, Signature(b""), "", at)


def test_a_message_that_comes_alone_never_waits() -> None:
    async def story() -> float:
        log = Log()
        gathering = Gathering(log, PAUSE)
        begun = asyncio.get_running_loop().time()
        for number in range(4):
            await gathering.record(record(str(number)))
        return asyncio.get_running_loop().time() - begun

    assert asyncio.run(story()) < 2 * PAUSE


def test_messages_that_come_while_others_are_written_reach_the_log_together() -> None:
    async def story() -> list[float]:
        log = Log()
        gathering = Gathering(log, PAUSE)

        async def later(number: int) -> None:
            await asyncio.sleep(0.002 * number)
            await gathering.record(record(str(number)))

        await asyncio.gather(*(later(number) for number in range(10)))
        assert len(log.came) == 10
        return [moment for moment, _ in log.came]

    came = asyncio.run(story())
    # The first, the next one that found it under way, and all others at once.
    assert came[1] - came[0] < PAUSE / 2
    assert came[2] - came[1] > PAUSE / 2
    assert came[-1] - came[2] < 0.005


def test_what_the_log_says_comes_back_to_whom_it_concerns() -> None:
    async def story() -> list[object]:
        log = Log()
        gathering = Gathering(log, PAUSE)
        key = ReplayKey(CALLER, b"digest")
        calls = [gathering.record(record(name), replay=key) for name in ("good", "bad", "good", "bad")]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert log.replay is key
        with pytest.raises(Refusal):
            await gathering.record(record("bad"))
        await gathering.record(record("good"))
        return ended

    ended = asyncio.run(story())
    assert [type(each) for each in ended] == [type(None), Refusal, type(None), Refusal]


def test_an_exchange_that_is_given_up_takes_nobody_with_it() -> None:
    async def story() -> set[str]:
        log = Log()
        gathering = Gathering(log, PAUSE)
        waiting = [asyncio.ensure_future(gathering.record(record(str(number)))) for number in range(5)]
        await asyncio.sleep(0.005)
        waiting[3].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return {name for _, name in log.came}

    assert asyncio.run(story()) == {"0", "1", "2", "4"}
