"""What both sides of a security server take in and give back: calls, answers, deliveries.

They are msgspec structs, as is all that is made anew for every message: a frozen dataclass takes five times as long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from ketnoi_protocol import rest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.personal_number import holds_personal_number, may_hold_personal_number
from ketnoi_protocol.places import place_of
from ketnoi_protocol.rest import RestRequest

Headers = tuple[tuple[str, str], ...]

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"})
METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""A provider's information system gets a body with these only, whatever the message carries (x-road.md 0.2, 10)."""

_OLD_NUMBER = re.compile(r"(?<!\d)\d{9}(?!\d)")
_OLD_NUMBER_ALONE = re.compile(r"(?<!\w)\d{9}(?!\w)")
_BETWEEN_PIECES = re.compile("[/?&;=]")
_TWELVE_DIGITS = re.compile(rb"(?<!\d)\d{12}(?!\d)")
_DIGITS_AS_ZEROS = bytes(ord("0") if octet in b"0123456789" else octet for octet in range(256))
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\W_]{1,3}(?=\d)")
_WITHOUT_NUMBER: Final = (rest.USER_ID, rest.ID, rest.ISSUE, rest.REPRESENTED_PARTY)
_XROAD: Final = "x-road-"
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Channel(msgspec.Struct, frozen=True):
    """How an information system reached us; `certificate` is the DER of its certificate, empty without one."""

    secure: bool
    certificate: bytes


class Call(msgspec.Struct, frozen=True):
    """One request of an information system, as it came: `target` is the raw path and query."""

    method: str
    target: str
    headers: Headers
    body: bytes
    channel: Channel


class Answer(msgspec.Struct, frozen=True):
    """What an information system gets back."""

    status: int
    reason: str
    headers: Headers
    body: bytes


class Delivery(msgspec.Struct, frozen=True):
    """One transport message from another security server, as it came.

    `certificate` is the DER of the caller's authentication certificate, `presented` gives the others it sent.
    Header names are in lower case.
    """

    certificate: bytes
    presented: Callable[[], Sequence[bytes]]
    headers: dict[str, str]
    data: bytes


class Sending(msgspec.Struct, frozen=True):
    """The transport message that answers a delivery."""

    content_type: str
    data: bytes


def without_repeats(headers: Headers) -> Headers:
    """`headers` with the last only of every repeated X-Road header: the one that counts (PR-REST)."""
    names = [name.lower() for name, _ in headers]
    if len(set(names)) == len(names):
        return headers
    last = {name: at for at, name in enumerate(names) if name.startswith(_XROAD)}
    return tuple([pair for at, (name, pair) in enumerate(zip(names, headers, strict=True)) if last.get(name, at) == at])


def check_message_headers(headers: Headers) -> dict[str, str]:
    """The X-Road headers of a message by lower-case name.

    A message that names one twice is refused: an information system might believe the other one. Those that callers
    fill in are kept in clear in the logs of two organisations, so they must hold no personal number; X-Road-UserId no
    old ID number either, and X-Road-Issue none that stands alone (in a case's code nine digits may stand by chance).

    Raises Refusal `duplicate_header_field`, `personal_number_in_header`.
    """
    named: dict[str, str] = {}
    for header, value in headers:
        name = header.lower()
        if name.startswith(_XROAD):
            if name in named:
                raise Refusal("duplicate_header_field", name)
            named[name] = value
    filled = [name for name in _WITHOUT_NUMBER if name in named]
    if may_hold_personal_number("x".join([named[name] for name in filled])):
        for name in filled:
            if holds_personal_number(named[name]):
                raise Refusal("personal_number_in_header", name)
    if rest.USER_ID in named and _OLD_NUMBER.search(_BETWEEN_DIGITS.sub("", named[rest.USER_ID])):
        raise Refusal("personal_number_in_header", rest.USER_ID)
    if rest.ISSUE in named and _OLD_NUMBER_ALONE.search(named[rest.ISSUE]):
        raise Refusal("personal_number_in_header", rest.ISSUE)
    return named


def check_no_personal_number(request: RestRequest, message: bytes) -> None:
    """A request's address and headers, which are kept in clear, hold no personal number [our choice].

    In the address each segment and each name and value of the query is judged apart. In whatever header, twelve
    digits that begin with a place's code are taken for one, but not within a UUID, where they stand by chance.
    `message` are the octets of the REST part. Raises Refusal `personal_number_in_header`.
    """
    address = f"{request.path}?{request.query}"
    if may_hold_personal_number(unquote_plus(address)):
        pieces = _BETWEEN_PIECES.split(address)
        if any(holds_personal_number(unquote_plus(piece)) for piece in pieces):
            raise Refusal("personal_number_in_header", "the address of the message")
    # Twelve digits in a row are rare, and translating all octets is quicker than searching them with a pattern.
    if b"0" * 12 not in message.translate(_DIGITS_AS_ZEROS) or _TWELVE_DIGITS.search(message) is None:
        return
    for found in _TWELVE_DIGITS.finditer(_UUID.sub(b"", message)):
        if place_of(found.group()[:3].decode("ascii")) is not None:
            raise Refusal("personal_number_in_header", "a header of the message")
