"""How what was asked is compared with what a register has about somebody."""

from __future__ import annotations

from dataclasses import dataclass

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.names import InvalidName, key_exact, key_legacy


@dataclass(frozen=True, slots=True)
class Matching:
    """How a service compares: by the legacy name key too, and whether a year alone may stand for a full date."""

    legacy_names: bool = False
    year_only_permitted: bool = False

    def same_name(self, asked: str, registered: str | None) -> bool:
        """The names are the same at level E, or at level L where this service compares so."""
        if registered is None:
            return False
        try:
            exact = key_exact(asked) == key_exact(registered)
            return exact | (self.legacy_names and key_legacy(asked) == key_legacy(registered))
        except InvalidName:
            return False

    def same_birth(self, asked: BirthDate | None, registered: BirthDate | None) -> bool:
        """The birth dates agree as far as the register knows; no date asked agrees with every date."""
        if asked is None or registered is None:
            return asked is None
        return asked.matches(registered, year_only_permitted=self.year_only_permitted)
