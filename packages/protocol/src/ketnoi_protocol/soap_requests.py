"""Questions of the four services in SOAP, both ways: the same requests that the JSON messages carry.

Reading takes what today's callers send: elements in any order (two orders are in use, and none of them means
anything), a number left empty, both forms of a full date and a year alone, as text or in the children NgayThangNam
and Nam. It refuses an element that the operation does not know, one that stands twice, and namespaces mixed.
Writing has one form, in the order of the operation's table.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ketnoi_protocol.birth_date import BirthDate, InvalidBirthDate
from ketnoi_protocol.envelope import Request, request_of
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import Service
from ketnoi_protocol.soap_dialect import SoapOperation
from ketnoi_protocol.soap_envelope import check_attributes, read_envelope, text, write_envelope
from ketnoi_protocol.xml_reading import Element

BIRTH: Final = "NgayThangNamSinh"
MEMBERS: Final = "ThanhVien"
ATTRIBUTES: Final = "ThuocTinh"
MEMBER_ELEMENTS: Final = ("SoDinhDanh", "SoCMND", "HoVaTen", BIRTH, "QuanHe")
"""The children of ThanhVien, in the order in which they are written [our choice]."""
PREFIX: Final = "dan"

_FULL = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}")
_YEAR = re.compile("[0-9]{4}")

Fields = dict[str, Any]
"""Fields by their names in the JSON messages: texts, ThanhVien a list of fields, ThuocTinh a mapping."""


def decode_request(operation: SoapOperation, service: Service, octets: bytes) -> Request:
    """Read a question. Raises Refusal `10`, whose detail names the field, or `11`; neither quotes a value."""
    return request_of(service, read_fields(operation, read_envelope(octets)))


def read_fields(operation: SoapOperation, asked: Element, *, passed_over: bool = False) -> Fields:
    """What the body's element says. With `passed_over` the fields that no service uses are there too.

    Raises Refusal `10`.
    """
    if asked.name != operation.request or asked.namespace not in operation.namespaces:
        raise Refusal("10", f"Body holds another element than {operation.request} in a namespace of this service")
    check_attributes(asked)
    _no_text(asked, operation.request)
    found: Fields = {}
    for child in asked.children:
        known = operation.element(child.name)
        if known is None:
            raise Refusal("10", "an element that this service does not know")
        _same_namespace(child, asked)
        name = known.field
        if name == MEMBERS:
            found.setdefault(name, []).append(_member(child))
            continue
        if name in found:
            raise Refusal("10", f"{known.name} stands twice")
        if name in operation.passed_over and not passed_over:
            _text(child)
            found[name] = ""
        else:
            found[name] = _birth(child) if name == BIRTH else _attributes(child) if name == ATTRIBUTES else _text(child)
    return {name: value for name, value in found.items() if value}


def encode_request(operation: SoapOperation, request: Request) -> bytes:
    """The question's envelope. Raises Refusal `10`, `11` when `decode_request` would not take it."""
    fields = msgspec.to_builtins(request)
    content = "".join(
        _written(each.name, each.field, fields[each.field], operation)
        for each in operation.elements
        if each.field in fields
    )
    name = f"{PREFIX}:{operation.request}"
    octets = write_envelope(f"<{name}>{content}</{name}>", {PREFIX: operation.namespace})
    if decode_request(operation, request.SERVICE, octets) != request:
        raise Refusal("10", "a value cannot be written in XML")
    return octets


def _written(name: str, field: str, value: Any, operation: SoapOperation) -> str:
    if field == MEMBERS:
        return "".join(_tag(name, "".join(_member_parts(each, operation))) for each in value)
    if field == BIRTH:
        return _tag(name, _birth_parts(value, operation))
    if field == ATTRIBUTES:
        return _tag(name, "".join(_tag(each, text(claimed)) for each, claimed in value.items()))
    return _tag(name, text(value))


def _member_parts(member: Fields, operation: SoapOperation) -> list[str]:
    return [_written(name, name, member[name], operation) for name in MEMBER_ELEMENTS if name in member]


def _birth_parts(value: str, operation: SoapOperation) -> str:
    birth = BirthDate.parse(value)
    if birth.day is None:
        return _tag("Nam", str(birth))
    return _tag("NgayThangNam", birth.compact if operation.compact_dates else str(birth))


def _tag(name: str, content: str) -> str:
    return f"<{PREFIX}:{name}>{content}</{PREFIX}:{name}>"


def _same_namespace(child: Element, parent: Element) -> None:
    if child.namespace != parent.namespace:
        raise Refusal("10", "namespaces are mixed")
    check_attributes(child)


def _no_text(element: Element, name: str) -> None:
    if element.value:
        raise Refusal("10", f"{name} holds a text instead of elements")


def _text(element: Element) -> str:
    if element.children:
        # Its name may be the caller's own.
        raise Refusal("10", "a value holds elements instead of a text")
    return element.value


def _children(element: Element, known: tuple[str, ...] | None = None) -> dict[str, Element]:
    """The children by name, each once, in the parent's namespace; any name where `known` is None."""
    _no_text(element, element.name)
    found: dict[str, Element] = {}
    for child in element.children:
        if known is not None and child.name not in known:
            raise Refusal("10", f"{element.name} holds an element that this service does not know")
        _same_namespace(child, element)
        if child.name in found:
            raise Refusal("10", f"an element in {element.name} stands twice")
        found[child.name] = child
    return found


def _member(element: Element) -> Fields:
    children = _children(element, MEMBER_ELEMENTS)
    fields = {name: _birth(child) if name == BIRTH else _text(child) for name, child in children.items()}
    return {name: value for name, value in fields.items() if value}


def _attributes(element: Element) -> dict[str, str]:
    return {name: _text(child) for name, child in _children(element).items()}


def _birth(element: Element) -> str:
    """`yyyy-mm-dd`, `yyyy`, or nothing."""
    if not element.children:
        return _date(element.value)
    children = _children(element, ("NgayThangNam", "Nam"))
    full, year = [_date(_text(children[name])) if name in children else "" for name in ("NgayThangNam", "Nam")]
    if len(year) > 4 or (full and year and not full.startswith(year)):
        raise Refusal("10", f"{BIRTH}: Nam is not the year of NgayThangNam")
    return full or year


def _date(value: str) -> str:
    if not value or _YEAR.fullmatch(value):
        return value
    if not _FULL.fullmatch(value):
        raise Refusal("10", f"{BIRTH} is written yyyyMMdd, yyyy-mm-dd or yyyy")
    try:
        return str(BirthDate.parse(value))
    except InvalidBirthDate as error:
        raise Refusal("10", f"{BIRTH}: {error}") from None
