"""Reading what an existing service answers: strictly, and with a reason for every answer that is not used."""

from __future__ import annotations

import re
from typing import Final

from ketnoi_protocol.envelope import Answer
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import AnswerShape
from ketnoi_protocol.soap_answers import answer_in
from ketnoi_protocol.soap_dialect import SoapOperation
from ketnoi_protocol.soap_envelope import CHARSETS, FAULT_STATUS, MEDIA_TYPES, SOAP_1_1, read_envelope
from ketnoi_protocol.soap_shapes import CITIZEN
from ketnoi_protocol.xml_reading import Element

BUSY: Final = "server_busy"
LATE: Final = "41"
AWAY: Final = "42"
WRONG: Final = "43"
LEFT_ALONE: Final = "breaker_open"
"""The reason of a refusal for which nothing was asked."""

_BEGINS = re.compile(rb"<(?:[\w.-]+:)?%s(?:\s[^<>]*)?>" % CITIZEN.encode())
_ENDS = re.compile(rb"</(?:[\w.-]+:)?%s\s*>" % CITIZEN.encode())


class Trouble(Refusal):
    """A question that the service behind did not answer as it should.

    `reason` is a word of ours, for logs and counts. `of_service` says that the service itself is in trouble, so that
    the breaker counts it; an answer that is odd about one person says nothing about the next. The refusal's detail
    names no reason that would tell something about a person.
    """

    def __init__(self, code: str, reason: str, *, of_service: bool = True, retry_after: int | None = None) -> None:
        super().__init__(code, reason if of_service else "", retry_after=retry_after)
        self.reason = reason
        self.of_service = of_service


def check_media(content_type: str, charset: str | None, encoding: str | None) -> None:
    """Raises Trouble unless an answer is XML in Unicode, as it stands."""
    if content_type not in MEDIA_TYPES:
        raise Trouble(WRONG, "content_type")
    if (charset.lower() if charset else None) not in CHARSETS:
        raise Trouble(WRONG, "charset")
    if encoding not in (None, "identity"):
        raise Trouble(WRONG, "content_encoding")


def read_answer(operation: SoapOperation, shape: AnswerShape, status: int, octets: bytes) -> Answer:
    """The answer to one question, which came with this HTTP status. Raises Trouble.

    Document types, entities, other encodings than Unicode, too many or too deep elements and what is cut off are
    refused by the reader of XML; more than one person here, before anything of them is looked at. A message that would
    be right without what it says of its one citizen is odd about one person, whatever is wrong there.
    """
    try:
        told = read_envelope(octets)
    except Refusal:
        raise _wrong(operation, shape, octets, "xml") from None
    if (told.namespace, told.name) == (SOAP_1_1, "Fault"):
        raise _fault(told)
    if status == FAULT_STATUS:
        raise Trouble(AWAY, "no_fault")
    if sum(each.name == CITIZEN for each in told.children) > 1:
        raise Trouble(WRONG, "several_people", of_service=False)
    try:
        return answer_in(operation, shape, "", told)
    except Refusal:
        raise _wrong(operation, shape, octets, "structure") from None


def _wrong(operation: SoapOperation, shape: AnswerShape, octets: bytes, reason: str) -> Trouble:
    """The trouble with a message that cannot be used: with the service, or with one record in it."""
    begins, ends = _BEGINS.search(octets), [each.start() for each in _ENDS.finditer(octets)]
    if begins is None or not ends:
        return Trouble(WRONG, reason)
    try:
        answer_in(operation, shape, "", read_envelope(octets[: begins.end()] + octets[ends[-1] :]))
    except Refusal:
        return Trouble(WRONG, reason)
    return Trouble(WRONG, "record_malformed", of_service=False)


def _fault(told: Element) -> Trouble:
    """A fault's texts are not believed, nor repeated: they may quote the question."""
    codes = [child.value for child in told.children if child.name == "faultcode"]
    if codes and codes[0].rpartition(":")[2].partition(".")[0] == "Client":
        # It did not like this question: perhaps it likes the next.
        return Trouble(WRONG, "fault_client", of_service=False)
    return Trouble(AWAY, "fault_server")
