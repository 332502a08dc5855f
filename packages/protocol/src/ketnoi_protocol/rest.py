"""The REST message of X-Road's message protocol r1: addresses, headers, the part that is signed, the request hash.

PR-REST 1.0.4 sections 4.1 to 4.6 and PR-MESSTRANSP 2.7 section 5. The part's octets are what is signed, sent and
hashed, so an encoder is exact: no space after a colon, every line ends with CRLF, no empty line at the end. Texts are
UTF-8; octets that are not survive as surrogate escapes, so that what came is what goes on.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import InvalidIdentifier, ServiceId, SubsystemId

Headers = tuple[tuple[str, str], ...]

CLIENT: Final = "x-road-client"
ID: Final = "x-road-id"
SERVICE: Final = "x-road-service"
USER_ID: Final = "x-road-userid"
ISSUE: Final = "x-road-issue"
SECURITY_SERVER: Final = "x-road-security-server"
REPRESENTED_PARTY: Final = "x-road-represented-party"
REQUEST_ID: Final = "x-road-request-id"
REQUEST_HASH: Final = "x-road-request-hash"
ERROR: Final = "x-road-error"

DROPPED: Final = frozenset(
    (
        "transfer-encoding",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "upgrade",
        "connection",
        "user-agent",
        "host",
        "content-length",
        "server",
        "expect",
    )
)
"""Header names that never stand in a REST part; a peer rejects a message that has one."""

LONGEST_PART: Final = 64 * 1024
"""Octets of a REST part [our choice: X-Road holds any length in memory]."""

_METHOD = re.compile(r"[A-Z]{1,16}")
_PATH = re.compile(r"/[^?#\s\x00-\x20\x7f]*")
_QUERY = re.compile(r"[^#\s\x00-\x20\x7f]*")
_REASON = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TARGET_VERSION = re.compile(r"r1")


class RestRequest(msgspec.Struct, frozen=True):
    """A request. `path` is the raw path from `/r1/` on, `query` what follows `?`, both exactly as they came."""

    method: str
    path: str
    query: str
    headers: Headers

    def encode(self) -> bytes:
        """The part's octets. Raises Refusal `invalid_message` or `message_too_large`."""
        if not _METHOD.fullmatch(self.method) or not _PATH.fullmatch(self.path) or not _QUERY.fullmatch(self.query):
            raise Refusal("invalid_message", "the request line has a wrong form")
        target = f"{self.path}?{self.query}" if self.query else self.path
        return _octets(f"{self.method}\r\n{target}\r\n", self.headers)

    @classmethod
    def decode(cls, part: bytes) -> RestRequest:
        """Read a part. Raises Refusal `invalid_message` or `message_too_large`."""
        method, target, headers = _lines(part)
        path, _, query = target.partition("?")
        if not _METHOD.fullmatch(method) or not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
            raise Refusal("invalid_message", "the request line has a wrong form")
        return cls(method, path, query, headers)

    def header(self, name: str) -> str | None:
        """The value of a header named in lower case; of a repeated one the last counts (PR-REST)."""
        return header(self.headers, name)


class RestResponse(msgspec.Struct, frozen=True):
    """A response: HTTP status 100 to 599, reason phrase, headers."""

    status: int
    reason: str
    headers: Headers

    def encode(self) -> bytes:
        """The part's octets. Raises Refusal `invalid_message` or `message_too_large`."""
        if not 100 <= self.status <= 599 or not _REASON.fullmatch(self.reason):
            raise Refusal("invalid_message", "the status line has a wrong form")
        return _octets(f"{self.status}\r\n{self.reason}\r\n", self.headers)

    @classmethod
    def decode(cls, part: bytes) -> RestResponse:
        """Read a part. Raises Refusal `invalid_message` or `message_too_large`."""
        status, reason, headers = _lines(part)
        if not re.fullmatch("[1-5][0-9]{2}", status) or not _REASON.fullmatch(reason):
            raise Refusal("invalid_message", "the status line has a wrong form")
        return cls(int(status), reason, headers)

    def header(self, name: str) -> str | None:
        """The value of a header named in lower case; of a repeated one the last counts."""
        return header(self.headers, name)


def header(headers: Headers, name: str) -> str | None:
    """The last value of the header `name` (given in lower case), None when absent."""
    for key, value in reversed(headers):
        if key.lower() == name:
            return value
    return None


def kept_headers(headers: Iterable[tuple[str, str]], *also_dropped: str) -> Headers:
    """The headers that go into a REST part: without DROPPED and without the names given (in lower case)."""
    return tuple([pair for pair in headers if (name := pair[0].lower()) not in DROPPED and name not in also_dropped])


def parse_target(raw_path: str) -> tuple[ServiceId, str]:
    """The service that a raw path `/r1/I/C/M/SUB/SVC[/path]` names, and the raw service path (empty when absent).

    The identifier's parts are percent-decoded one by one (PR-REST 4.1). Raises Refusal `bad_request`.
    """
    parts = raw_path.split("/", 7)
    if len(parts) < 7 or parts[0] or not _TARGET_VERSION.fullmatch(parts[1]):
        raise Refusal("bad_request", "the path is not /r1/instance/class/member/subsystem/service")
    try:
        service = ServiceId.from_slash("/".join(parts[2:7]))
    except InvalidIdentifier as error:
        raise Refusal("bad_request", f"the path: {error}") from None
    return service, "/" + parts[7] if len(parts) == 8 else ""


def parse_client(value: str) -> SubsystemId:
    """The information system that X-Road-Client names.

    PR-REST also allows a member without a subsystem; rights are held by information systems, so here it is refused
    [our choice]. Raises Refusal `invalid_client_identifier`.
    """
    try:
        return SubsystemId.from_slash(value)
    except InvalidIdentifier as error:
        raise Refusal("invalid_client_identifier", f"X-Road-Client: {error}") from None


def request_hash(rest_part: bytes, body: bytes | None) -> str:
    """X-Road-Request-Hash: base64 of SHA-512 over the request's part, or over the digests of part and body.

    An empty body counts as none (PR-REST 4.3, and what X-Road does).
    """
    return request_hash_of(hashlib.sha512(rest_part).digest(), hashlib.sha512(body).digest() if body else None)


def request_hash_of(part_digest: bytes, body_digest: bytes | None) -> str:
    """The same from the SHA-512 digests (64 octets) of the part and of the body, None without one."""
    digest = part_digest if body_digest is None else hashlib.sha512(part_digest + body_digest).digest()
    return base64.b64encode(digest).decode("ascii")


def _octets(first: str, headers: Headers) -> bytes:
    # A value cannot bring a header of its own, nor a name hide one of DROPPED: neither can hold a line break.
    _check_headers(headers)
    lines = "".join([f"{name}:{value}\r\n" for name, value in headers])
    try:
        part = (first + lines).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Refusal("invalid_message", "the message part has characters outside Unicode") from None
    return _check_length(part)


def _lines(part: bytes) -> tuple[str, str, Headers]:
    first, *rest = _check_length(part).decode("utf-8", "surrogateescape").split("\r\n")
    if len(rest) < 2:
        raise Refusal("invalid_message", "the message part has fewer than two lines")
    second, *lines, last = rest
    cut = [line.partition(":") for line in lines]
    if last or "" in [colon for _, colon, _ in cut]:
        raise Refusal("invalid_message", "a header has a wrong form")
    headers = tuple([(name, value) for name, _, value in cut])
    _check_headers(headers)
    return first, second, headers


def _check_length(part: bytes) -> bytes:
    if len(part) > LONGEST_PART:
        raise Refusal("message_too_large", f"the message part is longer than {LONGEST_PART} octets")
    return part


def _check_headers(headers: Headers) -> None:
    names = [name for name, _ in headers]
    letters = "".join(names)
    # Nearly all names are letters and hyphens, and nearly all values printable: that is quickly seen of all at once.
    usual = "" not in names and letters.isascii() and letters.replace("-", "").isalnum()
    if not usual and not all(map(_HEADER_NAME.fullmatch, names)):
        raise Refusal("invalid_message", "a header has a wrong form")
    values = "".join([value for _, value in headers])
    if not values.isprintable() and _CONTROL.search(values):
        raise Refusal("invalid_message", "a header has a wrong form")
    if not DROPPED.isdisjoint([name.lower() for name in names]):
        raise Refusal("invalid_message", "a header that belongs to one connection stands in the message part")
