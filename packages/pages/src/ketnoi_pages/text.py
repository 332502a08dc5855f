"""What people read, in both languages: Vietnamese first."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """One text in Vietnamese and in English. Pages show one of them, lists for both readers show `both`."""

    vi: str
    en: str

    def in_(self, language: str) -> str:
        """The text in a language; Vietnamese unless that is English."""
        return self.en if language.startswith("en") else self.vi

    @property
    def both(self) -> str:
        """`vi · en`."""
        return f"{self.vi} · {self.en}"
