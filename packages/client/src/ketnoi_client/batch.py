"""Many questions, one after the other or a few at once, with results that survive an interruption.

Every question has its MaYeuCau before it is sent: the batch's own code and the line's number. So a question whose
answer was lost, by a broken connection or because the batch was killed, is repeated with the same MaYeuCau, and the
registry sees that it is the same question.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ketnoi_client.agency import Agency, Call, Person, Sent
from ketnoi_client.problems import KetnoiError, Refused, Unreachable, UnusableAnswer, is_unusable
from ketnoi_client.questions import Row

MOST_AT_ONCE: Final = 16
PATIENCE: Final = 5
"""How often a question is sent, at most, before the batch stops [our choice]."""

LONGEST_PAUSE: Final = 900.0
"""Seconds that the batch waits because a server says so, at most [our choice]; told to wait longer it stops."""

OF_ONE_QUESTION: Final = frozenset({"10", "11", "12", "personal_number_in_header", "bad_request"})
"""Refusals that the next question need not get: they are written beside theirs, and the batch goes on."""

ODD_RECORD: Final = {"26": 1, "41": 3, "43": 3, "99": 3, "service_failed": 3}
"""Refusals that one record gets, since it is slow or wrong or its first answer cannot be given again, and so does
whoever asks while all of the register is in trouble: only the other questions tell which. The numbers say how often
such a question is sent before its refusal is taken for its own [our choice]. An answer that cannot be read is alike."""
PATIENCE_WITH_UNREADABLE: Final = 3
MOST_ODD_IN_A_ROW: Final = 10
"""After so many of them, without an answer between, the batch stops unless told to go further: it is hardly the
records [our choice]."""

PASSING: Final = frozenset({"30", "40", "41", "42", "43", "99", "server_busy", "network_error", "service_failed"})
"""Refusals after which the same question is repeated a little later."""

UNREADABLE: Final = "inconsistent_response"
"""The code, in results, of an answer that cannot be read."""

Ask = Callable[[Agency, Person, Call], Sent[Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row: an answer, or what this one question failed with."""

    row: Row
    request_code: str
    sent: Sent[Any] | None
    failed: Refused | UnusableAnswer | None

    @property
    def code(self) -> str:
        """MaKetQua of the answer, or the code of the refusal."""
        if self.sent is not None:
            return str(self.sent.answer.ma_ket_qua)
        return self.failed.code if isinstance(self.failed, Refused) else UNREADABLE


class Stopped(Exception):  # noqa: N818
    """The batch went no further: the next questions would have got the same refusal. `cause` says what must be done."""

    def __init__(self, cause: KetnoiError) -> None:
        super().__init__(cause)
        self.cause = cause


class Batch:
    """The questions of one batch. `code` is 1 to 32 letters and digits; MaYeuCau is `code-line`."""

    def __init__(
        self,
        agency: Agency,
        ask: Ask,
        call: Call,
        code: str,
        *,
        at_once: int = 4,
        most_odd: int = MOST_ODD_IN_A_ROW,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._agency = agency
        self._ask = ask
        self._call = call
        self._code = code
        self._at_once = at_once
        self._most_odd = most_odd
        self._ending = threading.Event()
        self._pause = pause or self._ending.wait

    def run(self, rows: Iterator[Row], *, answered: bool = False) -> Generator[Result, None, None]:
        """The results in the order of `rows`, as they come; a few questions are always under way.

        Odd ones are kept back until another question shows that the register answers; `answered` tells that one did in
        an earlier run. Raises Stopped. What was under way or kept back then counts as not asked: it gets the same
        MaYeuCau when it is asked again.
        """
        waiting: deque[Future[Result]] = deque()
        kept_back: list[Result] = []
        odd: list[KetnoiError] = []
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="question") as threads:
            try:
                waiting.extend(threads.submit(self._one, row) for row in islice(rows, self._at_once))
                while waiting:
                    result = waiting.popleft().result()
                    kept_back.append(result)
                    if result.failed is not None and _patience_as_odd(result.failed) is not None:
                        odd.append(result.failed)
                    elif result.failed is None or not is_unusable(result.failed):
                        odd.clear()
                        answered = answered or result.sent is not None
                    if len(odd) > self._most_odd:
                        raise Stopped(odd[-1])
                    waiting.extend(threads.submit(self._one, row) for row in islice(rows, 1))
                    if not odd:
                        yield from kept_back
                        kept_back.clear()
                if odd and not answered:
                    raise Stopped(odd[-1])
                yield from kept_back
            finally:
                # Whoever waits before a repetition gives up now.
                self._ending.set()
                for each in waiting:
                    each.cancel()

    def _one(self, row: Row) -> Result:
        code = f"{self._code}-{row.number}"
        call = Call(**{**self._call, "request_code": code, "issue": row.issue})
        for attempt in range(1, PATIENCE + 1):
            try:
                return Result(row, code, self._ask(self._agency, row.person, call), None)
            except KetnoiError as error:
                if isinstance(error, Refused | UnusableAnswer) and _is_of_one_question(error, attempt):
                    return Result(row, code, None, error)
                pause = _pause_before_another(error, attempt)
                if pause is None or self._ending.is_set():
                    raise Stopped(error) from None
                self._pause(pause)
        raise AssertionError("the last attempt returns or raises")


def _is_of_one_question(error: Refused | UnusableAnswer, attempt: int) -> bool:
    if isinstance(error, Refused) and error.code in OF_ONE_QUESTION:
        return True
    patience = _patience_as_odd(error)
    return patience is not None and attempt >= patience


def _patience_as_odd(error: Refused | UnusableAnswer) -> int | None:
    return ODD_RECORD.get(error.code) if isinstance(error, Refused) else PATIENCE_WITH_UNREADABLE


def _pause_before_another(error: KetnoiError, attempt: int) -> float | None:
    """Seconds (1, 2, 4, 8, or as long as the server says) after which to ask again; None when that is of no use."""
    passing = isinstance(error, Unreachable | UnusableAnswer) or (isinstance(error, Refused) and error.code in PASSING)
    told = error.retry_after if isinstance(error, Refused) else 0.0
    if not passing or attempt == PATIENCE or told > LONGEST_PAUSE:
        return None
    return max(told, float(2 ** (attempt - 1)))
