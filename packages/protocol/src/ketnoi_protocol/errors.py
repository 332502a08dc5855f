"""The one table of refusals, and the exception that carries a code from it.

The rows stand in error_table.toml. A code that several finer codes of X-Road explain to the same person in the same
way is one row; `row` finds it under each of them.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

Who = Literal["agency", "officer", "provider", "platform", "c06"]

# CamelCase words of X-Road before 7.8 that are not simply the snake_case words joined.
_OLD_SPELLINGS: Final = {"IOError": "io_error", "OutdatedGlobalConf": "global_conf_outdated"}
_WORD_START: Final = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Row:
    """What a code means. `status` is the HTTP status, `who` must act, `title_*` say what happened, `mend_*` what to
    do; `own` marks codes that X-Road does not know; `also` holds finer codes with the same meaning."""

    code: str
    status: int
    who: Who
    title_vi: str
    title_en: str
    mend_vi: str
    mend_en: str
    own: bool
    also: tuple[str, ...]


def _read() -> tuple[Row, ...]:
    table = tomllib.loads((resources.files(__package__) / "error_table.toml").read_text(encoding="utf-8"))
    return tuple(
        Row(
            each["code"],
            each["status"],
            each["who"],
            each["vi"],
            each["en"],
            each["mend_vi"],
            each["mend_en"],
            each.get("own", False),
            tuple(each.get("also", ())),
        )
        for each in table["row"]
    )


TABLE: Final[tuple[Row, ...]] = _read()
_BY_CODE: Final = {code: each for each in TABLE for code in (each.code, *each.also) if not code.endswith("*")}
_BY_BEGINNING: Final = {code[:-1]: each for each in TABLE for code in each.also if code.endswith("*")}


def row(code: str) -> Row:
    """The row that explains `code`. Raises LookupError for a code that the table does not know."""
    found = _BY_CODE.get(code)
    if found is not None:
        return found
    for beginning, each in _BY_BEGINNING.items():
        if code.startswith(beginning):
            return each
    raise LookupError("the table of refusals has no such code")


def row_of_fault(fault_type: str) -> Row:
    """The row that best explains an X-Road fault type, in either spelling.

    The outermost word that the table knows decides: `server.serverproxy.service_failed.network_error` is a failure
    of the provider's system. A type with no known word is `peer_refused`.
    """
    for word in fault_type.split("."):
        snake = _OLD_SPELLINGS.get(word) or _WORD_START.sub("_", word).lower()
        try:
            return row(snake)
        except LookupError:
            continue
    return row("peer_refused")


class Refusal(Exception):  # noqa: N818
    """A refusal with a code from the table. `detail` says where or why, and never holds personal data.

    `retry_after` is in how many seconds the same may be asked again, where that is known.

    Raises LookupError when made with a code that the table does not know.
    """

    def __init__(self, code: str, detail: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(code, detail)
        self.row = row(code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after

    def __str__(self) -> str:
        """`code: detail`."""
        return f"{self.code}: {self.detail}" if self.detail else self.code
