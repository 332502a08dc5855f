"""What the two containers of one exchange prove: who asked whom for what, that it was answered, and how. Pure.

Judged against a platform's verified configuration by ketnoi_trust, strictly. What is kept are the containers without
their bodies: signatures, time stamps and the message parts, in which nothing stands about any citizen. They still
verify, and say `attachment1 not present`; the digests of the whole containers are kept beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import unquote_plus

import msgspec
from cryptography.x509.oid import NameOID

from ketnoi_portal.connection.evidence_door import Pair
from ketnoi_portal.connection.refusals import (
    ANOTHER_CLIENT,
    ANOTHER_EXCHANGE,
    ANOTHER_OUTCOME,
    ANOTHER_SERVER,
    ANOTHER_SERVICE,
    NO_BODY,
    NOT_ANSWERED,
    PERSONAL_NUMBER,
    TOO_EARLY,
    NotProved,
    unverified,
)
from ketnoi_portal.process.case import Outcome
from ketnoi_protocol import rest, soap_answers
from ketnoi_protocol.envelope import Answer, decode_answer
from ketnoi_protocol.errors import Refusal, Row, row
from ketnoi_protocol.identifiers import SecurityServerId, ServiceId, SubsystemId
from ketnoi_protocol.personal_number import holds_personal_number
from ketnoi_protocol.rest import RestRequest, RestResponse
from ketnoi_protocol.services import CatalogueEntry
from ketnoi_protocol.soap_envelope import fault_of, read_envelope
from ketnoi_trust import asic, evidence
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.evidence import Verdict
from ketnoi_trust.parsed_certificate import ParsedCertificate

BODY: Final = "attachment1"
_PROBLEM: Final = "application/problem+json"
_SOAP: Final = ("text/xml", "application/xml")
_PROBLEM_TYPE: Final = "urn:ketnoi:error:"
_PIECES: Final = re.compile("[/?&=;]")
# Refusals of these show that the agency is told no for what it did; others are faults of whoever answers.
_OF_THE_CALLER: Final = frozenset({"agency", "officer", "c06"})


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose message it must be: of this information system, through this security server, not before `since`."""

    client: SubsystemId
    server: SecurityServerId
    provider: SubsystemId
    since: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """A proved exchange. `request` and `response` are the containers without bodies; `code` is empty until judged."""

    message_id: str
    service_code: str
    signed_at: datetime
    status: int
    request: bytes = field(repr=False)
    response: bytes = field(repr=False)
    request_digest: str
    response_digest: str
    body: bytes | None = field(repr=False)
    media_type: str

    def __post_init__(self) -> None:
        """A message without an id could be anybody's."""
        if not self.message_id:
            raise NotProved(ANOTHER_EXCHANGE)


def prove(pair: Pair, configuration: Configuration, expected: Expected) -> Proof:
    """What the containers prove, as long as it is this information system's exchange with C06. Raises NotProved."""
    # 1 both containers hold, by themselves
    request, response = _verified(pair.request, configuration), _verified(pair.response, configuration)
    # 2 a request and a response of one exchange
    asked, answered = request.message, response.message
    if asked.is_response or not answered.is_response or asked.headers is None or answered.headers is None:
        raise NotProved(ANOTHER_EXCHANGE)
    if (asked.client, asked.provider, asked.service, asked.message_id) != (
        answered.client, answered.provider, answered.service, answered.message_id,
    ):  # fmt: skip
        raise NotProved(ANOTHER_EXCHANGE)
    # 3 this information system's, with C06's
    if asked.client != expected.client or asked.provider != expected.provider:
        raise NotProved(ANOTHER_CLIENT)
    # 4 through the registered server
    if not is_made_by(request, expected.server, configuration):
        raise NotProved(ANOTHER_SERVER)
    # 5 the response is the answer to this very request
    part, body = _part(request), _body(request)
    if rest.header(answered.headers, rest.REQUEST_HASH) != rest.request_hash(part, body):
        raise NotProved(ANOTHER_EXCHANGE)
    # 6 made since then: signing times have whole seconds
    if min(request.signing_time, request.stamped_at) < expected.since.replace(microsecond=0):
        raise NotProved(TOO_EARLY)
    # 7 nothing that is kept tells anything about a person
    check_kept(RestRequest.decode(part))
    head = RestResponse.decode(_part(response))
    return Proof(
        message_id=asked.message_id or "",
        service_code=asked.service,
        signed_at=request.signing_time,
        status=head.status,
        request=without_bodies(pair.request, request, configuration),
        response=without_bodies(pair.response, response, configuration),
        request_digest=sha256(pair.request).hexdigest(),
        response_digest=sha256(pair.response).hexdigest(),
        body=_body(response),
        media_type=(head.header("content-type") or "").partition(";")[0].strip().lower(),
    )


def outcome_code(proof: Proof, service: ServiceId, entry: CatalogueEntry, outcome: Outcome) -> str:
    """MaKetQua of an answer, or the refusal's code, when it is the service and the outcome that were to be shown.

    Raises NotProved.
    """
    if proof.service_code != service.service_code:
        raise NotProved(ANOTHER_SERVICE)
    if proof.body is None:
        raise NotProved(NO_BODY)
    if outcome is Outcome.ANSWERED:
        if proof.media_type == _PROBLEM or proof.status != 200:
            raise NotProved(ANOTHER_OUTCOME)
        try:
            return _answer(proof, proof.body, entry).ma_ket_qua
        except Refusal:
            raise NotProved(NOT_ANSWERED) from None
    known = _refused(proof)
    if known is None:
        raise NotProved(ANOTHER_OUTCOME)
    if known.who not in _OF_THE_CALLER:
        raise NotProved(NOT_ANSWERED)
    return known.code


def _answer(proof: Proof, body: bytes, entry: CatalogueEntry) -> Answer:
    """The answer in the dialect in which it was asked for. Raises Refusal."""
    if proof.media_type in _SOAP and entry.soap is not None:
        # The MaYeuCau is the question's, which is not looked into.
        return soap_answers.decode_answer(entry.soap, entry.answer_shape, "", body)
    return decode_answer(entry.answer_shape, body)


def without_bodies(container: bytes, verdict: Verdict, configuration: Configuration) -> bytes:
    """The container with everything but the bodies, verified again. Raises NotProved."""
    bare = asic.write(replace(asic.read(container), attachments=()), verdict.stamped_at)
    again = _verified(bare, configuration)
    if again.message != verdict.message or any(part.content and part.name == BODY for part in again.messages):
        raise NotProved(ANOTHER_EXCHANGE)
    return bare


def _verified(container: bytes, configuration: Configuration) -> Verdict:
    try:
        return evidence.verify(container, configuration, strict=True)
    except Refused as refused:
        raise unverified(refused.code) from None


def _part(verdict: Verdict) -> bytes:
    return verdict.messages[0].content or b""


def _body(verdict: Verdict) -> bytes | None:
    """The body; empty where the message has none, None where it has one that is not in the container."""
    named = [part for part in verdict.messages if part.name == BODY]
    return named[0].content if named else b""


def is_made_by(verdict: Verdict, server: SecurityServerId, configuration: Configuration) -> bool:
    """Whether a server made the signature: its certificate says so, or no other serves this information system."""
    sender = verdict.message.client
    if server not in {each.id for each in configuration.servers_of(sender)}:
        return False
    serial = ParsedCertificate.parse(verdict.certificate).named(NameOID.SERIAL_NUMBER)
    parts = (serial or "").split("/")
    if len(parts) == 3:
        # X-Road's own form: instance/server code/member class.
        return (parts[0], parts[1]) == (server.instance, server.server_code)
    return len(configuration.servers_of(sender)) == 1


def _refused(proof: Proof) -> Row | None:
    """The row of a refusal, as problem details or as a SOAP fault; None for anything else."""
    if proof.body is None:
        return None
    try:
        if proof.media_type in _SOAP:
            fault = fault_of(read_envelope(proof.body))
            return fault.row if fault is not None else None
        if proof.media_type == _PROBLEM:
            told = msgspec.json.decode(proof.body)
            return row(str(told["type"]).removeprefix(_PROBLEM_TYPE))
    except (Refusal, msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError):
        pass
    return None


def check_kept(request: RestRequest) -> None:
    """Raises NotProved when address or headers of a request, which are kept, hold a personal number."""
    pieces = _PIECES.split(f"{request.path}?{request.query}")
    values = [value for name, value in request.headers if name.lower().startswith("x-road-")]
    if any(holds_personal_number(unquote_plus(each)) for each in (*pieces, *values)):
        raise NotProved(PERSONAL_NUMBER)
