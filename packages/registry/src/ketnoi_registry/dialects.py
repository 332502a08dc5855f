"""The two dialects in which the services are asked: JSON, and the SOAP 1.1 of today's callers.

A dialect reads a body into the one set of requests, and writes an answer or a refusal. Everything between — gates,
services, licences, access log — knows no dialect, so none can be asked past them. Content-Type chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from ketnoi_protocol import envelope, soap_answers, soap_envelope, soap_requests
from ketnoi_protocol.envelope import Answer, Request
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import CatalogueEntry

from . import problems


@dataclass(frozen=True, slots=True)
class Written:
    """What goes out over HTTP."""

    status: int
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to write messages; `content_type` is that of its answers.

    `read` raises Refusal `10` or `11`, also for a service that is not offered in this dialect. `refuse` writes a
    refusal, with another HTTP status than the table's where one is given and the dialect has a choice.
    """

    name: str
    content_type: str
    read: Callable[[CatalogueEntry, bytes], Request]
    write: Callable[[CatalogueEntry, Answer], bytes]
    refuse: Callable[[Refusal, int | None], Written]


def _read_json(entry: CatalogueEntry, body: bytes) -> Request:
    return envelope.decode_request(entry.service, body)


def _write_json(entry: CatalogueEntry, answer: Answer) -> bytes:
    return envelope.encode_answer(entry.answer_shape, answer)


def _refuse_in_json(refusal: Refusal, status: int | None) -> Written:
    problem = problems.problem_of(refusal, status)
    return Written(problem.status, msgspec.json.encode(problem), problems.CONTENT_TYPE)


def _read_soap(entry: CatalogueEntry, body: bytes) -> Request:
    if entry.soap is None:
        raise Refusal("10", "this service is asked in JSON")
    return soap_requests.decode_request(entry.soap, entry.service, body)


def _write_soap(entry: CatalogueEntry, answer: Answer) -> bytes:
    assert entry.soap is not None, "the question was read in SOAP"
    return soap_answers.encode_answer(entry.soap, entry.answer_shape, answer)


def _refuse_in_soap(refusal: Refusal, _status: int | None) -> Written:
    # SOAP 1.1 section 6.2: a fault comes with 500, and callers built on it take a fault with another status for a
    # broken connection. The code in the fault's detail tells what the status tells in JSON.
    return Written(soap_envelope.FAULT_STATUS, soap_envelope.write_fault(refusal), soap_envelope.CONTENT_TYPE)


JSON: Final = Dialect("json", "application/json", _read_json, _write_json, _refuse_in_json)
SOAP: Final = Dialect("soap", soap_envelope.CONTENT_TYPE, _read_soap, _write_soap, _refuse_in_soap)

_BY_CONTENT_TYPE: Final = {"application/json": JSON, **dict.fromkeys(soap_envelope.MEDIA_TYPES, SOAP)}


def of_content_type(content_type: str) -> Dialect:
    """The dialect of a message with this media type; JSON for any that is not known, for the refusal."""
    return _BY_CONTENT_TYPE.get(content_type, JSON)


def check_content_type(content_type: str, charset: str | None) -> None:
    """Raises Refusal `10` unless messages of this media type are read here. JSON is UTF-8 whatever `charset` says."""
    if content_type not in _BY_CONTENT_TYPE:
        raise Refusal("10", "Content-Type is neither application/json nor text/xml or application/xml")
    told = charset.lower() if charset is not None else None
    if _BY_CONTENT_TYPE[content_type] is SOAP and told not in soap_envelope.CHARSETS:
        raise Refusal("10", "the charset in Content-Type is not Unicode: utf-8 or utf-16")
