"""The provinces of both maps, as rows of the table of administrative units."""

from __future__ import annotations

import tomllib
from importlib import resources

from .store.units import UnitRow


def provinces() -> list[UnitRow]:
    """The 63 provinces until 2025-06-30, each with its successor, and the 34 since 2025-07-01."""
    table = tomllib.loads((resources.files(__package__) / "data" / "provinces.toml").read_text(encoding="utf-8"))
    old, new = table["old"], table["new"]
    rows = [
        UnitRow(
            code=code,
            valid_from=old["valid_from"],
            valid_until=old["valid_until"],
            level="province",
            name=name,
            successors=((successor, new["valid_from"]),),
        )
        for code, (name, successor) in old["provinces"].items()
    ]
    rows += [
        UnitRow(code=code, valid_from=new["valid_from"], level="province", name=name)
        for code, name in new["provinces"].items()
    ]
    return rows
