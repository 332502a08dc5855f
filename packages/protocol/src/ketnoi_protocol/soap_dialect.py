"""The SOAP dialect as data: operations, the order of their elements, namespaces, the form of dates.

A profile names the dialect that its services are offered in; the files stand in `dialects/`. Nothing here is an
official specification: none was found, and the names are those that callers use.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

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


def read_dialect(name: str, read: Callable[[str], str] | None) -> dict[str, SoapOperation]:
    """The operations of a dialect that is shipped, or of a file (`….toml`) where `read` gives a file's text.

    Raises ValueError, which names the file and what is wrong with it, and what `read` raises.
    """
    if read is None or not name.endswith(".toml"):
        return load_dialect(name)
    text = read(name)
    try:
        return parse_dialect(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def parse_dialect(text: str) -> dict[str, SoapOperation]:
    """The operations of a dialect's text. Raises ValueError, which says what is wrong with it."""
    told = msgspec.convert(tomllib.loads(text), _Dialect)
    return {
        service: _operation(service, each, told)
        for service in _SERVICES
        if (each := getattr(told, service)) is not msgspec.UNSET
    }


_Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}\Z")]
_Namespace: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[!#-%\x27-;=?-~]{1,500}\Z")]
_ELEMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,99})(?: = ([A-Za-z]+))?(\??)")

FIELDS: Final = (
    "MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "MaDonVi", "SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNamSinh",
    "MaGiaoDichDongY", "TheCanBo",
)  # fmt: skip
"""What an element of any service may stand for, by the names of the JSON messages."""
FIELDS_OF_ONE: Final = {"verify_household": "ThanhVien", "verify_citizen": "ThuocTinh"}
NEEDED: Final = ("MaYeuCau", "MaTichHop", "MaCanBo", "HoVaTen")
"""Fields that nobody but the caller knows."""
_SERVICES: Final = ("confirm_identity_number", "verify_household", "look_up_citizen", "verify_citizen")


class _Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    request: _Name
    answer: _Name
    elements: tuple[str, ...]


class _Dialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A dialect's file; a service that is left out is asked in JSON alone."""

    namespaces: Annotated[tuple[_Namespace, ...], msgspec.Meta(min_length=1)]
    date: Literal["yyyyMMdd", "yyyy-mm-dd"]
    passed_over: tuple[_Name, ...] = ()
    confirm_identity_number: _Operation | msgspec.UnsetType = msgspec.UNSET
    verify_household: _Operation | msgspec.UnsetType = msgspec.UNSET
    look_up_citizen: _Operation | msgspec.UnsetType = msgspec.UNSET
    verify_citizen: _Operation | msgspec.UnsetType = msgspec.UNSET


def _operation(service: str, each: _Operation, told: _Dialect) -> SoapOperation:
    known = {*FIELDS, *told.passed_over, FIELDS_OF_ONE.get(service, "MaYeuCau")}
    elements = tuple(_element(service, text) for text in each.elements)
    for element in elements:
        if element.field not in known:
            raise ValueError(f"{service}: {element.field} is no field of its question")
    for names in ([element.name for element in elements], [element.field for element in elements]):
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{service}: {name} stands twice")
    fields = {element.field for element in elements}
    for name in (*NEEDED, *(("ThanhVien",) if service == "verify_household" else ())):
        if name not in fields:
            raise ValueError(f"{service}: {name} is missing")
    if not fields & {"SoDinhDanh", "SoCMND"}:
        raise ValueError(f"{service}: SoDinhDanh and SoCMND are missing, one of them is needed")
    return SoapOperation(
        each.request, each.answer, elements, told.namespaces, frozenset(told.passed_over), told.date == "yyyyMMdd"
    )


def _element(service: str, text: str) -> SoapElement:
    found = _ELEMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{service}: an element is written Name, Name?, Name = Field or Name = Field?")
    name, field, optional = found.groups()
    return SoapElement(name, field or name, bool(optional))
