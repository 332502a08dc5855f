"""Who speaks at the desk for somebody under 14: a parent or representative whom the register names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ketnoi_identity.accounts.guardians import RELATIONS, Relation
from ketnoi_identity.accounts.registering import day_first
from ketnoi_pages.text import Text


@dataclass(frozen=True, slots=True)
class Speaker:
    """Name and birth date as on their papers, what they are to the child, and their account where they have one."""

    name: str
    birth: str
    relation: Relation
    account: UUID | None = None

    @property
    def birth_shown(self) -> str:
        """The birth date, day first."""
        return day_first(self.birth)

    @property
    def is_to_child(self) -> Text:
        """Father, mother or representative, in words."""
        return RELATIONS[self.relation]

    def jsonable(self) -> dict[str, Any]:
        """As it is kept beside a proof, and in an officer's session."""
        return {
            "name": self.name,
            "birth": self.birth,
            "relation": self.relation,
            "account": None if self.account is None else str(self.account),
        }

    @classmethod
    def read(cls, told: dict[str, Any]) -> Speaker:
        """The other way."""
        account = told["account"]
        return cls(told["name"], told["birth"], told["relation"], None if account is None else UUID(account))
