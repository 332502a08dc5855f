"""Answers of the four services in SOAP, both ways.

Services 1, 2 and 4 answer a small element in the dialect's first namespace, whichever was asked in: TonTai; ThanhVien
with CungHo and DungQuanHe, one for each claimed member and in the request's order; SoLuongCongDan, and KetQua where
attributes were claimed. A look-up answers CongdanCollection of QCVN 109:2017/BTTTT, with no CongDan when nobody was
found. There is no MaYeuCau and no MaKetQua in any of them, since callers know none: MaKetQua says nothing that the
rest does not, and what binds an answer to its question is the request hash of the transport. An answer of the
identity system tells the consent that was used: MaGiaoDichDongY, the last element, or an attribute of
CongdanCollection [our choice].
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from ketnoi_protocol.envelope import (
    FOUND,
    NO_MATCH,
    Answer,
    C06Answer,
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    QcvnAnswer,
    answer_of,
    shaped,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import AnswerShape
from ketnoi_protocol.soap_dialect import COLLECTION_NAMESPACE, SoapOperation
from ketnoi_protocol.soap_envelope import fault_of, read_envelope, text, write_envelope
from ketnoi_protocol.soap_requests import PREFIX
from ketnoi_protocol.soap_shapes import AS_OF, CITIZEN, COLLECTION, CONSENT, COUNT, TEXT, TYPES, Types
from ketnoi_protocol.xml_reading import Element

COLLECTION_PREFIX: Final = "ns1"
"""As callers see it."""

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def encode_answer(operation: SoapOperation, shape: AnswerShape, answer: Answer) -> bytes:
    """The answer's envelope in the shape that the catalogue's entry names."""
    wire = shaped(shape, answer)
    if isinstance(wire, QcvnAnswer | C06Answer):
        return write_envelope(_collection(shape, wire), {COLLECTION_PREFIX: COLLECTION_NAMESPACE})
    used = [_tag(PREFIX, CONSENT, text(wire.consent))] if wire.consent is not None else []
    content = _tag(PREFIX, operation.answer, "".join([*_small(wire), *used]))
    return write_envelope(content, {PREFIX: operation.namespace})


def decode_answer(operation: SoapOperation, shape: AnswerShape, ma_yeu_cau: str, octets: bytes) -> Answer:
    """Read an answer to the question `ma_yeu_cau`. Elements that a later version may add are passed over.

    Raises the Refusal that a fault tells, and `service_failed`, which quotes no value, for what is no answer.
    """
    try:
        told = read_envelope(octets)
    except Refusal as refusal:
        raise Refusal("service_failed", f"the answer: {refusal.detail}") from None
    fault = fault_of(told)
    if fault is not None:
        raise fault
    return answer_in(operation, shape, ma_yeu_cau, told)


def answer_in(operation: SoapOperation, shape: AnswerShape, ma_yeu_cau: str, told: Element) -> Answer:
    """The answer that the body's element is, when it is no fault. Raises Refusal `service_failed`."""
    found: dict[str, Any] = {"MaYeuCau": ma_yeu_cau}
    if shape in TYPES:
        _expect((told.namespace, told.name) == (COLLECTION_NAMESPACE, COLLECTION))
        return answer_of(shape, found | _read_collection(told, TYPES[shape]))
    _expect(told.namespace in operation.namespaces and told.name == operation.answer)
    used = {each.name: each.value for each in told.children if each.name == CONSENT}
    return answer_of(shape, found | used | _read_small(shape, told))


def _small(answer: ExistsAnswer | HouseholdAnswer | CountAnswer) -> list[str]:
    if isinstance(answer, ExistsAnswer):
        return [_tag(PREFIX, "TonTai", _boolean(answer.exists))]
    if isinstance(answer, HouseholdAnswer):
        return [
            _tag(
                PREFIX,
                "ThanhVien",
                _tag(PREFIX, "CungHo", _boolean(each.in_household))
                + _tag(PREFIX, "DungQuanHe", _boolean(each.relation_confirmed)),
            )
            for each in answer.members
        ]
    count = _tag(PREFIX, "SoLuongCongDan", str(answer.count))
    results = "".join(_tag(PREFIX, name, _boolean(holds)) for name, holds in answer.results.items())
    return [count, _tag(PREFIX, "KetQua", results)] if results else [count]


def _collection(shape: AnswerShape, answer: QcvnAnswer | C06Answer) -> str:
    collection = answer.collection
    citizens = "".join(
        _structure(CITIZEN, CITIZEN, msgspec.to_builtins(each), TYPES[shape]) for each in collection.citizens
    )
    as_of = f' {AS_OF}="{msgspec.to_builtins(collection.as_of)}"' if collection.as_of is not None else ""
    used = f' {CONSENT}="{text(answer.consent)}"' if answer.consent is not None else ""
    name = f"{COLLECTION_PREFIX}:{COLLECTION}"
    return f'<{name}{as_of} {COUNT}="{collection.count}"{used}>{citizens}</{name}>'


def _structure(name: str, kind: str, value: Any, types: Types) -> str:
    if kind == TEXT:
        return _tag(COLLECTION_PREFIX, name, text(value))
    children = [_structure(child, of, value[child], types) for child, of in types[kind] if child in value]
    return _tag(COLLECTION_PREFIX, name, "".join(children))


def _tag(prefix: str, name: str, content: str) -> str:
    return f"<{prefix}:{name}>{content}</{prefix}:{name}>" if content else f"<{prefix}:{name}/>"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _read_small(shape: AnswerShape, told: Element) -> dict[str, Any]:
    if shape is AnswerShape.HOUSEHOLD:
        members = [
            {name: _read_boolean(each) for name, each in _fields(member, ("CungHo", "DungQuanHe")).items()}
            for member in _repeated(told, "ThanhVien")
        ]
        all_hold = all(all(member.values()) for member in members)
        return {"MaKetQua": FOUND if all_hold else NO_MATCH, "ThanhVien": members}
    known = _fields(told, ("TonTai", "SoLuongCongDan", "KetQua"))
    if shape is AnswerShape.EXISTS:
        exists = "TonTai" in known and _read_boolean(known["TonTai"])
        return {"MaKetQua": FOUND if exists else NO_MATCH} | ({"TonTai": exists} if "TonTai" in known else {})
    count = _read_count(known["SoLuongCongDan"].value if "SoLuongCongDan" in known else "")
    results = known["KetQua"].children if "KetQua" in known else []
    _expect(len({each.name for each in results}) == len(results))
    return {
        "MaKetQua": FOUND if count else NO_MATCH,
        "SoLuongCongDan": count,
        "KetQua": {each.name: _read_boolean(each) for each in results},
    }


def _read_collection(told: Element, types: Types) -> dict[str, Any]:
    citizens = [_read_structure(each, CITIZEN, types) for each in _repeated(told, CITIZEN)]
    # Where the count is missing, as it may be, the citizens are counted.
    count = _read_count(told.attributes.get(("", COUNT)) or str(len(citizens)))
    _expect(count == len(citizens))
    collection: dict[str, Any] = {COUNT: count, CITIZEN: citizens}
    if as_of := told.attributes.get(("", AS_OF)):
        collection[AS_OF] = as_of
    used = {CONSENT: told.attributes["", CONSENT]} if ("", CONSENT) in told.attributes else {}
    return {"MaKetQua": FOUND if citizens else NO_MATCH, COLLECTION: collection} | used


def _read_structure(element: Element, kind: str, types: Types) -> Any:
    """The text or the children that say something: an element that is there and empty tells nothing, as callers of
    today's services know from `Ho`, `ChuDem` and `SoCMND`."""
    if kind == TEXT:
        _expect(not element.children)
        return element.value
    kinds = dict(types[kind])
    found = {name: _read_structure(each, kinds[name], types) for name, each in _fields(element, kinds).items()}
    return {name: value for name, value in found.items() if value}


def _fields(element: Element, names: Collection[str]) -> dict[str, Element]:
    """The children with these names, each at most once."""
    known: dict[str, Element] = {}
    for child in _known(element, names):
        _expect(child.name not in known)
        known[child.name] = child
    return known


def _repeated(element: Element, name: str) -> list[Element]:
    """The children with this name, however many."""
    return list(_known(element, (name,)))


def _known(element: Element, names: Collection[str]) -> list[Element]:
    """The children that have these names, in the element's own namespace or, as many servers write them, in none.

    Others may be there, which a later version adds. But where these say nothing and another says something, it is said
    in a way that is not understood, and would be taken for nothing: for a person who does not exist.
    """
    _expect(not element.value)
    known = [child for child in element.children if child.name in names]
    _expect(all(child.namespace in (element.namespace, "") for child in known))
    _expect(any(map(_says, known)) or not _says(element))
    return known


def _says(element: Element) -> bool:
    return bool(element.value) or any(map(_says, element.children))


def _read_boolean(element: Element) -> bool:
    _expect(element.value in _BOOLEANS)
    return _BOOLEANS[element.value]


def _read_count(value: str) -> int:
    _expect(value in ("0", "1"))
    return int(value)


def _expect(right: bool) -> None:
    if not right:
        raise Refusal("service_failed", "the answer is not what the service answers")
