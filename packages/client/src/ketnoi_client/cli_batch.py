"""The command `ketnoi batch`: one service, a list of people, a results file that can be gone on with."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from ketnoi_client import questions
from ketnoi_client.agency import Agency, Call, Person, Sent
from ketnoi_client.batch import MOST_AT_ONCE, MOST_ODD_IN_A_ROW, Ask, Batch, Stopped
from ketnoi_client.cells import COLUMNS
from ketnoi_client.problems import UnusableInput
from ketnoi_client.results import Results, State, fresh_code
from ketnoi_protocol.services import Service


def _confirm(agency: Agency, person: Person, call: Call) -> Sent[Any]:
    return agency.confirm_identity_number(person, **call)


def _look_up(agency: Agency, person: Person, call: Call) -> Sent[Any]:
    return agency.look_up_citizen(person, **call)


def _verify(agency: Agency, person: Person, call: Call) -> Sent[Any]:
    return agency.verify_citizen(person, **call)


LINES_REFUSED: Final = 3
"""Exit status of a batch that is done, when lines were refused: 1 is that of one to be gone on with."""

_SERVICES: Final[dict[str, tuple[Service, Ask]]] = {
    "confirm": (Service.CONFIRM_IDENTITY_NUMBER, _confirm),
    "look-up": (Service.LOOK_UP_CITIZEN, _look_up),
    "verify": (Service.VERIFY_CITIZEN, _verify),
}


def add_to(command: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    columns = ", ".join(COLUMNS)
    command.description = (
        f"Hỏi cả danh sách (.csv UTF-8 hoặc .xlsx; cột: {columns}) · ask about a list (.csv in UTF-8 or .xlsx). "
        "Bị ngắt thì chạy lại đúng lệnh cũ · when interrupted, run the same command again."
    )
    command.add_argument("service", choices=list(_SERVICES))
    command.add_argument("--input", type=Path, required=True, metavar="FILE", help="danh sách · the list")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="tệp kết quả .csv · results")
    command.add_argument("--at-once", type=_at_once, default=4, metavar="N", help=f"1-{MOST_AT_ONCE}")
    command.add_argument(
        "--most-odd",
        type=_most_odd,
        default=MOST_ODD_IN_A_ROW,
        metavar="N",
        help="dừng khi hơn N câu liền nhau không trả lời được (26, 41, 43, 99) · stop after more than N in a row that "
        f"cannot be answered; {MOST_ODD_IN_A_ROW}",
    )
    command.add_argument("--officer", help="mã tài khoản cán bộ · MaCanBo")
    command.add_argument("--procedure", help="mã thủ tục · MaDVC")
    command.add_argument("--unit", help="mã đơn vị · MaDonVi")
    command.set_defaults(run=_run)


def _at_once(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_AT_ONCE:
        raise argparse.ArgumentTypeError(f"1-{MOST_AT_ONCE}")
    return int(text)


def _most_odd(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= questions.MOST:
        raise argparse.ArgumentTypeError(f"1-{questions.MOST}")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    service, ask = _SERVICES[options.service]
    asked = questions.read(options.input)
    call = Call(officer=options.officer, procedure=options.procedure, unit=options.unit)
    with Agency.open(options.settings) as agency:
        settings = agency.settings
        state = State(
            fresh_code(),
            asked.digest,
            service,
            settings.environment.value,
            options.officer or settings.officer,
            options.procedure or settings.procedure,
            options.unit or settings.unit or settings.organisation,
        )
        try:
            with Results(options.out, state) as results:
                completed = sum(row.completed for row in asked.rows)
                if completed:
                    _say(
                        f"{completed:,} dòng có ô kiểu số được thêm lại số 0 ở đầu · "
                        f"in {completed:,} lines a number cell got its leading zeros back"
                    )
                if results.done:
                    _say(f"đi tiếp, đã có {len(results.done):,} câu · going on, {len(results.done):,} are there")
                batch = Batch(
                    agency, ask, call, results.state.batch, at_once=options.at_once, most_odd=options.most_odd
                )
                return _asking(batch, asked.rows, results, options.out)
        except OSError as error:
            raise UnusableInput(f"{options.out}: không ghi được · cannot be written: {error.strerror}") from error


def _asking(batch: Batch, rows: tuple[questions.Row, ...], results: Results, out: Path) -> int:
    left = [row for row in rows if row.number not in results.done]
    progress = Progress(len(rows), len(rows) - len(left))
    try:
        with closing(batch.run(iter(left), answered=results.done > results.refused)) as coming:
            for result in coming:
                results.add(result)
                progress.tell(result.code)
    except Stopped as stopped:
        progress.end()
        _say(stopped.cause)
        _say(
            f"dừng sau {len(results.done):,} câu; sửa rồi chạy lại đúng lệnh này · stopped; mend it and run this again"
        )
        return 1
    except KeyboardInterrupt:
        progress.end()
        _say(
            f"dừng sau {len(results.done):,} câu; chạy lại đúng lệnh này để đi tiếp · stopped; run this again to go on"
        )
        return 1
    progress.end()
    results.finish()
    _say(f"xong: {out} · done")
    if not results.refused:
        return 0
    _say(
        f"{len(results.refused):,} dòng không có câu trả lời, lý do ở cột LyDo · "
        f"{len(results.refused):,} lines have no answer; the column LyDo says why"
    )
    return LINES_REFUSED


class Progress:
    """How far the batch is, on standard error: one line that is written over at a terminal, a line per tenth else."""

    def __init__(self, total: int, done: int, now: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._begun_with = self._done = done
        self._codes: Counter[str] = Counter()
        self._now = now
        self._began = self._told = now()
        self._terminal = sys.stderr.isatty()

    def tell(self, code: str) -> None:
        """One more result."""
        self._done += 1
        self._codes[code] += 1
        now = self._now()
        tenth = self._done * 10 // self._total > (self._done - 1) * 10 // self._total
        if (self._terminal and now - self._told > 0.2) or (not self._terminal and tenth):
            self._told = now
            self._show(now)

    def end(self) -> None:
        """The last state, and a new line after it."""
        self._show(self._now())
        if self._terminal:
            print(file=sys.stderr)

    def _show(self, now: float) -> None:
        rate = (self._done - self._begun_with) / max(now - self._began, 1e-3)
        left = (self._total - self._done) / rate if rate else 0.0
        codes = " · ".join(f"{code}: {count:,}" for code, count in sorted(self._codes.items()))
        line = f"{self._done:,}/{self._total:,}  {codes}  {rate:,.0f}/s  còn · left {left / 60:,.0f} min"
        print(f"\r{line}\x1b[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr)


def _say(text: object) -> None:
    print(text, file=sys.stderr)
