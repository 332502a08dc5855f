"""The SOAP dialect as data: operations, the order of their elements, namespaces, the form of dates.

A profile names the dialect that its services are offered in; the files stand in `dialects/`. Nothing here is an
official specification: none was found, and the names are those that callers use.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

COLLECTION_NAMESPACE: Final = "http://www.mic.gov.vn/dancu/1.0"
"""Of CongdanCollection, in both shapes (QCVN 109:2017/BTTTT)."""


@dataclass(frozen=True, slots=True)
class SoapElement:
    """One element of a request: its name on the wire, the field it stands for, and whether it may be left out."""

    name: str
    field: str
    optional: bool


@dataclass(frozen=True, slots=True)
class SoapOperation:
    """How one service is asked in SOAP. The first of `namespaces` is written; `passed_over` are fields without use.

    `answer` is the result element's name; a look-up's is in COLLECTION_NAMESPACE, the others in the first namespace.
    `compact_dates` says how a full date is written in a request: `yyyyMMdd`, or else `yyyy-mm-dd`.
    """

    request: str
    answer: str
    elements: tuple[SoapElement, ...]
    namespaces: tuple[str, ...]
    passed_over: frozenset[str]
    compact_dates: bool

    @property
    def namespace(self) -> str:
        """The namespace that is written."""
        return self.namespaces[0]

    def element(self, name: str) -> SoapElement | None:
        """The element of that name on the wire; None when the operation has none."""
        return next((each for each in self.elements if each.name == name), None)


@cache
def load_dialect(name: str) -> dict[str, SoapOperation]:
    """The operations of a dialect that is shipped, by the name of the service. Raises ValueError for another name."""
    file = resources.files(__package__) / "dialects" / f"{name}.toml"
    if "/" in name or not file.is_file():
        raise ValueError(f"there is no dialect {name}")
    return parse_dialect(file.read_text(encoding="utf-8"))


def parse_dialect(text: str) -> dict[str, SoapOperation]:
    """The operations of a dialect's text. Raises KeyError, naming what is missing, ValueError for what is no TOML."""
    table = tomllib.loads(text)
    return {service: _operation(each, table) for service, each in table.items() if isinstance(each, dict)}


def _operation(each: dict[str, Any], table: dict[str, Any]) -> SoapOperation:
    return SoapOperation(
        each["request"],
        each["answer"],
        tuple(_element(text) for text in each["elements"]),
        tuple(table["namespaces"]),
        frozenset(table["passed_over"]),
        table["date"] == "yyyyMMdd",
    )


def _element(text: str) -> SoapElement:
    name, _, renamed = text.removesuffix("?").partition(" = ")
    return SoapElement(name, renamed or name, text.endswith("?"))
