"""Why the governing side says no: one exception, and one table of codes with what people read."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Final


def _read() -> dict[str, tuple[int, str, str]]:
    text = (resources.files(__package__) / "refusals.toml").read_text(encoding="utf-8")
    return {code: (status, vi, en) for code, (status, vi, en) in tomllib.loads(text).items()}


TABLE: Final = _read()
"""By code: HTTP status, Vietnamese, English."""


class ChangeRefused(Exception):  # noqa: N818
    """Something that is not done. `metadata` says which or why, and holds nothing secret.

    Raises KeyError when made with a code that the table does not know.
    """

    def __init__(self, code: str, *metadata: str) -> None:
        super().__init__(code, *metadata)
        self.code = code
        self.status, self.vi, self.en = TABLE[code]
        self.metadata = metadata

    def __str__(self) -> str:
        """`code: English (metadata)`."""
        return f"{self.code}: {self.en}" + (f" ({', '.join(self.metadata)})" if self.metadata else "")
