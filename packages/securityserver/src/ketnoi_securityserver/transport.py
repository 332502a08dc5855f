"""The transport message between two security servers (PR-MESSTRANSP 2.7): which parts, in which order. No I/O.

    request    OCSP responses · message · [body] · [hash chain result · hash chain] · signature
    response                    message · [body] · [hash chain result · hash chain] · signature | fault

A fault is a SOAP fault (`text/xml`): alone, instead of a multipart response, or late, in place of the signature or
before it. We never send a late fault, since we hold whole messages, but read those of others.
SOAP messages are recognised by structure only; refusing them is the caller's business.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver import multipart
from ketnoi_securityserver.multipart import Part
from ketnoi_trust.signatures import Signature

OCSP: Final = "application/ocsp-response"
REST_REQUEST: Final = "application/x-road-rest-request"
REST_RESPONSE: Final = "application/x-road-rest-response"
REST_BODY: Final = "application/x-road-rest-body"
HASH_CHAIN_RESULT: Final = "application/hash-chain-result"
HASH_CHAIN: Final = "application/hash-chain"
SIGNATURE: Final = "signature/bdoc-1.0/ts"
FAULT: Final = "text/xml"
SOAP_MESSAGES: Final = ("text/xml", "application/xop+xml")
SOAP_ATTACHMENTS: Final = "multipart/mixed"

MOST_OCSP_RESPONSES = 8
MOST_PARTS = MOST_OCSP_RESPONSES + 6
LONGEST_REST_PART = 64 * 1024
LONGEST_PROOF = 256 * 1024
"""Octets of one OCSP response, hash chain or signature document, at most [our choice]."""

ENVELOPE_ROOM = 1024 * 1024
"""What a transport message may take beyond its body, in octets."""


class Transport(msgspec.Struct, frozen=True):
    """A transport message cut into parts, nothing of it verified.

    `kind` is the message part's media type. Exactly one of `signature` and `fault` is there; `fault` is the SOAP
    fault's XML.
    """

    kind: str
    message: bytes
    body: bytes | None
    signature: Signature | None
    fault: bytes | None
    ocsp_responses: tuple[bytes, ...] = ()


def write_request(
    message: bytes, body: bytes | None, signature: Signature, ocsp_responses: tuple[bytes, ...]
) -> tuple[str, bytes]:
    """The content type and the octets of a request."""
    parts = [(OCSP, response) for response in ocsp_responses]
    return _write([*parts, *_parts(REST_REQUEST, message, body, signature)])


def write_response(message: bytes, body: bytes | None, signature: Signature) -> tuple[str, bytes]:
    """The content type and the octets of a response."""
    return _write(_parts(REST_RESPONSE, message, body, signature))


def _parts(kind: str, message: bytes, body: bytes | None, signature: Signature) -> list[tuple[str, bytes]]:
    parts = [(kind, message)]
    if body is not None:
        parts.append((REST_BODY, body))
    if signature.hash_chain_result is not None and signature.hash_chain is not None:
        parts += ((HASH_CHAIN_RESULT, signature.hash_chain_result), (HASH_CHAIN, signature.hash_chain))
    parts.append((SIGNATURE, signature.xml))
    return parts


def _write(parts: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    boundary = multipart.new_boundary("xtop")
    return f"multipart/mixed; charset=UTF-8; boundary={boundary}", multipart.write(boundary, parts)


def read_request(content_type: str, data: bytes, *, newline: bytes = multipart.CRLF) -> Transport:
    """Cut a request into its parts.

    Raises Refusal: `invalid_content_type`, `mime_parsing_failed`, `missing_rest`, `missing_signature`,
    `invalid_message` (parts repeated, out of order, too long, or after the signature).
    """
    read = _read(multipart.read(data, multipart.boundary_of(content_type), most=MOST_PARTS, newline=newline))
    if read.kind == REST_RESPONSE:
        raise Refusal("invalid_message", "a response where a request belongs")
    if read.signature is None:
        raise Refusal("missing_signature", "a request carries a fault instead of a signature")
    return read


def read_response(content_type: str, data: bytes, *, newline: bytes = multipart.CRLF) -> Transport:
    """Cut a response into its parts; an early fault comes back with an empty message.

    Raises Refusal as `read_request` does.
    """
    if multipart.media_type(content_type) == FAULT:
        if len(data) > LONGEST_PROOF:
            raise Refusal("invalid_message", "the fault is too long")
        return Transport(FAULT, b"", None, None, data)
    read = _read(multipart.read(data, multipart.boundary_of(content_type), most=MOST_PARTS, newline=newline))
    if read.kind == REST_REQUEST or read.ocsp_responses:
        raise Refusal("invalid_message", "a request where a response belongs")
    return read


class _Reader:
    """The parts in order, looked at one by one."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = iter(parts)
        self._next: Part | None = None
        self.kind: str | None = None
        self._step()

    def _step(self) -> None:
        self._next = next(self._parts, None)
        self.kind = self._next.media_type if self._next is not None else None

    def take(self, longest: int | None = None) -> bytes:
        assert self._next is not None
        content = self._next.content
        if longest is not None and len(content) > longest:
            raise Refusal("invalid_message", f"the part {self.kind} is longer than {longest} octets")
        self._step()
        return content


def _read(parts: list[Part]) -> Transport:
    reader = _Reader(parts)
    ocsp_responses: list[bytes] = []
    while reader.kind == OCSP:
        ocsp_responses.append(reader.take(LONGEST_PROOF))
    if len(ocsp_responses) > MOST_OCSP_RESPONSES:
        raise Refusal("invalid_message", f"more than {MOST_OCSP_RESPONSES} OCSP responses")
    kind = reader.kind
    if kind in (None, SIGNATURE, REST_BODY, HASH_CHAIN, HASH_CHAIN_RESULT):
        raise Refusal("missing_rest", "the message part is missing")
    if kind not in (REST_REQUEST, REST_RESPONSE, *SOAP_MESSAGES):
        raise Refusal("invalid_content_type", "the message part has an unknown content type")
    soap = kind in SOAP_MESSAGES
    message = reader.take(None if soap else LONGEST_REST_PART)
    body = reader.take() if reader.kind == (SOAP_ATTACHMENTS if soap else REST_BODY) else None
    result = chain = None
    if reader.kind == HASH_CHAIN_RESULT:
        result = reader.take(LONGEST_PROOF)
        if reader.kind != HASH_CHAIN:
            raise Refusal("invalid_message", "a hash chain result without its hash chain")
        chain = reader.take(LONGEST_PROOF)
    fault = reader.take(LONGEST_PROOF) if reader.kind == FAULT else None
    signature = None
    if reader.kind == SIGNATURE:
        signature = Signature(reader.take(LONGEST_PROOF), result, chain)
    if reader.kind is not None:
        if signature is not None or fault is not None:
            raise Refusal("invalid_message", "something follows the signature")
        raise Refusal("invalid_content_type", "a part has an unknown content type or stands in the wrong place")
    if signature is None and fault is None:
        raise Refusal("missing_signature", "the signature is missing")
    return Transport(kind, message, body, None if fault is not None else signature, fault, tuple(ocsp_responses))
