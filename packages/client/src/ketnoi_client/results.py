"""The results of a batch: a CSV file that grows line by line, and beside it what is needed to go on with it.

`people-results.csv` holds personal data, so it is readable by its owner alone. While the batch is not done there is
`people-results.csv.state` too: which file the questions came from (its digest), what was asked under which codes, and
the batch's own code, from which every MaYeuCau is made. A line counts once it is whole, and which questions are done is
told by the numbers that stand there. One process writes at a time: the file is locked while it is open.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from ketnoi_client.batch import Result
from ketnoi_client.output import citizen_fields, in_words
from ketnoi_client.problems import Refused, UnusableAnswer, UnusableInput, is_unusable
from ketnoi_protocol.citizen import ATTRIBUTES
from ketnoi_protocol.envelope import ExistsAnswer, LookUpAnswer
from ketnoi_protocol.services import Service

HEAD: Final = ("Dong", "MaYeuCau", "X-Road-Id", "MaKetQua", "LyDo")
_ANSWERS: Final[dict[Service, tuple[str, ...]]] = {
    Service.CONFIRM_IDENTITY_NUMBER: ("TonTai",),
    Service.VERIFY_CITIZEN: ("SoLuongCongDan",),
    Service.LOOK_UP_CITIZEN: tuple(ATTRIBUTES),
}
SERVICES: Final = tuple(_ANSWERS)
"""The services of which batches can be asked; a household's question is no row."""

# A spreadsheet takes a cell that begins so for a formula; what stands there comes from people's names and addresses.
_FORMULA: Final = ("=", "+", "-", "@")
_END: Final = b"\r\n"
_NUMBER: Final = re.compile(rb"[0-9]{1,9}")
_ANSWERED: Final = frozenset({b"00", b"01"})


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a batch is; it can only be gone on with as the same."""

    batch: str
    questions: str
    service: Service
    environment: str
    officer: str
    procedure: str
    unit: str

    def alike(self, other: State) -> bool:
        """Whether both are the same but for the batch's own code."""
        return msgspec.structs.replace(self, batch="") == msgspec.structs.replace(other, batch="")


def fresh_code() -> str:
    """A batch's own code: with a line's number it fits into MaYeuCau (40)."""
    return uuid.uuid4().hex


class Results:
    """One results file, open for appending by this process alone.

    `done` are the lines of the list that have a row, `refused` those of them that have no answer.
    """

    def __init__(self, path: Path, state: State) -> None:
        """Begin a file, or go on with it when its state is there and the same but for the batch's code.

        Raises UnusableInput when the file is there and no such batch, or is being written by another run; OSError.
        """
        self._beside = path.with_name(path.name + ".state")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._lock(path)
            self.state = self._begun(path, state)
            self._columns = _ANSWERS[self.state.service]
            self.refused: set[int] = set()
            self.done = self._rows(path)
            if not os.fstat(self._file).st_size:
                self._append("\ufeff" + _line([*HEAD, *self._columns]))
        except BaseException:
            os.close(self._file)
            raise

    def _lock(self, path: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnusableInput(f"{path}: một lệnh khác đang ghi tệp này · another run is writing this file") from None

    def _begun(self, path: Path, wanted: State) -> State:
        if self._beside.exists():
            return _known(self._beside, wanted)
        if os.fstat(self._file).st_size:
            raise UnusableInput(f"{path}: đã có tệp này · is there already")
        _write(self._beside, msgspec.json.encode(wanted))
        return wanted

    def _rows(self, path: Path) -> set[int]:
        """The numbers of the whole rows; half a line at the end, as a kill leaves it, is taken off."""
        with open(self._file, "rb", closefd=False) as file:
            data = file.read()
        # No cell holds a line break.
        *whole, rest = data.split(_END)
        numbers = [line.partition(b",")[0] for line in whole[1:]]
        if b"\n" in rest or not all(map(_NUMBER.fullmatch, numbers)):
            raise UnusableInput(
                f"{path}: tệp đã bị sửa; dùng --out khác · has been changed by another program; use another --out"
            )
        os.ftruncate(self._file, len(data) - len(rest))
        codes = [line.split(b",", 4)[3:4] for line in whole[1:]]
        self.refused.update(
            int(each) for each, code in zip(numbers, codes, strict=True) if not _ANSWERED.issuperset(code)
        )
        return set(map(int, numbers))

    def add(self, result: Result) -> None:
        """Write one result; it is on the disk when this returns."""
        cells: dict[str, str] = {}
        reason = message_id = ""
        if result.sent is not None:
            answer = result.sent.answer
            if isinstance(answer, LookUpAnswer):
                fields = citizen_fields(answer.citizen) if answer.citizen is not None else {}
                cells = {name: in_words(value) for name, value in fields.items()}
            elif isinstance(answer, ExistsAnswer):
                cells = {"TonTai": "true" if answer.exists else "false"}
            else:
                cells = {"SoLuongCongDan": str(answer.count)}
            message_id = result.sent.message_id
        elif result.failed is not None:
            reason = _reason(result.failed, result.row.remarks)
            message_id = result.failed.message_id
            self.refused.add(result.row.number)
        first = [str(result.row.number), result.request_code, message_id, result.code, reason]
        self._append(_line(first + [cells.get(name, "") for name in self._columns]))
        self.done.add(result.row.number)

    def finish(self) -> None:
        """The batch is done: there is nothing to go on with."""
        self._beside.unlink()

    def _append(self, text: str) -> None:
        data = text.encode("utf-8")
        while data:
            data = data[os.write(self._file, data) :]
        os.fdatasync(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


def _reason(failed: Refused | UnusableAnswer, remarks: tuple[str, ...]) -> str:
    if isinstance(failed, UnusableAnswer):
        return str(failed)
    problem = failed.problem
    more = remarks if is_unusable(failed) else ()
    return "; ".join(each for each in (problem.row.title_vi, problem.detail, *more) if each)


def _known(beside: Path, wanted: State) -> State:
    try:
        state = msgspec.json.decode(beside.read_bytes(), type=State)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnusableInput(f"{beside}: không đọc được · cannot be read") from None
    if not state.alike(wanted):
        raise UnusableInput(
            f"{beside}: đợt này hỏi tệp khác, dịch vụ khác hoặc dưới mã khác; dùng --out khác · this batch asked of "
            "another file, another service or under other codes; use another --out"
        )
    return state


def _write(path: Path, data: bytes) -> None:
    """Replace a file's content at one moment."""
    beside = path.with_name(path.name + ".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _line(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([_harmless(" ".join(each.split())) for each in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
