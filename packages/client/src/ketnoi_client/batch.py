"""Many questions, one after the other or a few at once, with results that survive an interruption.

Every question has its MaYeuCau before it is sent: the batch's own code and the line's number. So a question whose
answer was lost, by a broken connection or because the batch was killed, is repeated with the same MaYeuCau, and the
registry sees that it is the same question.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ketnoi_client.agency import Agency, Call, Person, Sent
from ketnoi_client.problems import KetnoiError, Refused, Unreachable
from ketnoi_client.questions import Row

MOST_AT_ONCE: Final = 16
PATIENCE: Final = 5
"""How often a question is sent, at most, before the batch stops [our choice]."""

LONGEST_PAUSE: Final = 900.0
"""Seconds that the batch waits because a server says so, at most [our choice]; told to wait longer it stops."""

OF_ONE_QUESTION: Final = frozenset({"10", "11", "12", "personal_number_in_header", "bad_request"})
"""Refusals that the next question need not get: they are written beside theirs, and the batch goes on."""

ODD_RECORD: Final = frozenset({"43"})
"""The refusal that a wrong record in the database behind the registry gets, and so does whoever asks while all of it is
wrong: only the next questions tell which."""
PATIENCE_WITH_ODD: Final = 3
"""How often such a question is sent before its refusal is written beside it [our choice]."""
MOST_ODD_IN_A_ROW: Final = 10
"""After so many of them, one after the other, the batch stops: it is not the records [our choice]."""

PASSING: Final = ODD_RECORD | frozenset({"30", "40", "41", "42", "99", "server_busy", "network_error"})
"""Refusals after which the same question is repeated a little later."""

Ask = Callable[[Agency, Person, Call], Sent[Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row: an answer, or a refusal of this one question."""

    row: Row
    request_code: str
    sent: Sent[Any] | None
    refused: Refused | None

    @property
    def code(self) -> str:
        """MaKetQua of the answer, or the code of the refusal."""
        if self.sent is not None:
            return str(self.sent.answer.ma_ket_qua)
        assert self.refused is not None
        return self.refused.code


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
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._agency = agency
        self._ask = ask
        self._call = call
        self._code = code
        self._at_once = at_once
        self._ending = threading.Event()
        self._pause = pause or self._ending.wait

    def run(self, rows: Iterator[Row]) -> Iterator[Result]:
        """The results in the order of `rows`, as they come; a few questions are always under way.

        Raises Stopped. What was under way then counts as not asked: it gets the same MaYeuCau when it is asked again.
        """
        waiting: deque[Future[Result]] = deque()
        odd = 0
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="question") as threads:
            try:
                waiting.extend(threads.submit(self._one, row) for row in islice(rows, self._at_once))
                while waiting:
                    result = waiting.popleft().result()
                    odd = odd + 1 if result.code in ODD_RECORD else 0
                    if odd > MOST_ODD_IN_A_ROW and result.refused is not None:
                        raise Stopped(result.refused)
                    waiting.extend(threads.submit(self._one, row) for row in islice(rows, 1))
                    yield result
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
                if isinstance(error, Refused) and _is_of_one_question(error, attempt):
                    return Result(row, code, None, error)
                pause = _pause_before_another(error, attempt)
                if pause is None or self._ending.is_set():
                    raise Stopped(error) from None
                self._pause(pause)
        raise AssertionError("the last attempt returns or raises")


def _is_of_one_question(error: Refused, attempt: int) -> bool:
    return error.code in OF_ONE_QUESTION or (error.code in ODD_RECORD and attempt >= PATIENCE_WITH_ODD)


def _pause_before_another(error: KetnoiError, attempt: int) -> float | None:
    """Seconds (1, 2, 4, 8, or as long as the server says) after which to ask again; None when that is of no use."""
    passing = isinstance(error, Unreachable) or (isinstance(error, Refused) and error.code in PASSING)
    told = error.retry_after if isinstance(error, Refused) else 0.0
    if not passing or attempt == PATIENCE or told > LONGEST_PAUSE:
        return None
    return max(told, float(2 ** (attempt - 1)))
