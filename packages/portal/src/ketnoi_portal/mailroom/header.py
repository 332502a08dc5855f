"""What a letter's header says, read cheaply and within bounds; nothing in it is believed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import HeaderParser
from hashlib import sha256
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ketnoi_portal.mailroom.limits import MOST_HEADER

_END: Final = re.compile(rb"\r?\n\r?\n")
# Codecs that read letters; others (punycode, idna) take time that grows with the square of what they read.
_CHARSET: Final = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d+|latin-?1|windows-\d+|cp\d+|utf-?16(le|be)?|koi8-[ru]|gb2312|gbk|gb18030|big5"
    r"|shift_jis|euc-(jp|kr)|iso-2022-(jp|kr)",
    re.IGNORECASE,
)
_ROBOTS: Final = re.compile(r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|listserv|majordomo)\b", re.I)
# One author, written plainly. Whatever else RFC 5322 allows (groups, nested comments, several) is answered to nobody,
# so that no two readers can understand a header differently.
_AUTHOR: Final = re.compile(
    r'\s*(?:(?P<name>"(?:[^"\\]|\\.)*"|[^<>"@,;]*)\s*<(?P<within>[^<>\s",;]+)>|(?P<alone>[^<>\s"(),;:]+))\s*(?:\([^()]*\))?\s*'
)
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})


@dataclass(frozen=True, slots=True)
class Header:
    """`sender` is empty when there is no address that could be answered; `digest` is of the body alone.

    `automatic`: a machine has written it, so that it is never answered. `junk`: a filter before us has marked it.
    """

    message_id: str
    digest: str
    sender: str
    sender_name: str
    subject: str
    automatic: bool = False
    junk: bool = False
    too_large: bool = False


def read_header(raw: bytes) -> Header:
    """The header of a letter, whose first MOST_HEADER bytes are looked at. Never raises for what a letter holds."""
    found = _END.search(raw, 0, MOST_HEADER + 4)
    head, body = (raw[: found.start()], raw[found.end() :]) if found else (raw[:MOST_HEADER], raw[MOST_HEADER:])
    message = HeaderParser().parsestr(head.decode("utf-8", errors="replace"))
    name, address = _author(message)
    digest = sha256(body).hexdigest()
    # Without an id, the body and who says to have sent it when tell a letter from the next.
    own_id = (
        _line(message, "Message-ID").strip()
        or sha256(f"{_line(message, 'From')}\n{_line(message, 'Date')}".encode("utf-8", "replace")).hexdigest()
    )
    return Header(
        message_id=plain(own_id, 300),
        digest=digest,
        sender=_address(address),
        sender_name=plain(decoded(name) or address, 200),
        subject=plain(decoded(_line(message, "Subject")[:4000]), 300),
        automatic=_is_automatic(message, address),
        junk=_is_junk(message),
        too_large=found is None and len(raw) > MOST_HEADER,
    )


def _line(message: Message, name: str) -> str:
    return str(message.get(name, ""))


def _author(message: Message) -> tuple[str, str]:
    """Name and address in From, both empty when it is not written plainly, or there are two of them."""
    if len(message.get_all("From", [])) != 1:
        return "", ""
    found = _AUTHOR.fullmatch(" ".join(_line(message, "From")[:1000].split()))
    if found is None:
        return "", ""
    return (found["name"] or "").strip().strip('"'), found["within"] or found["alone"]


def _address(address: str) -> str:
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address.lower() if address.isascii() and len(address) <= 254 else ""


def _is_automatic(message: Message, address: str) -> bool:
    if _line(message, "Auto-Submitted").split(";")[0].strip().lower() not in ("", "no"):
        return True
    if _line(message, "Precedence").strip().lower() in _BULK or _line(message, "X-Autoreply"):
        return True
    if any(str(name).lower().startswith("list-") for name in message.keys()):  # noqa: SIM118 (keys repeat)
        return True
    if "Return-Path" in message and _line(message, "Return-Path").strip() in ("", "<>"):
        return True
    if message.get_content_type() == "multipart/report":
        return True
    return bool(_ROBOTS.match(address.rpartition("@")[0] or address))


def _is_junk(message: Message) -> bool:
    flag = _line(message, "X-Spam-Flag").strip().lower()
    return flag == "yes" or _line(message, "X-Spam-Status").strip().lower().startswith("yes")


def decoded(text: str) -> str:
    """A header's text with its encoded words read."""
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    found = []
    for part, charset in parts:
        found.append(part if isinstance(part, str) else in_charset(part, charset))
    return "".join(found)


def in_charset(data: bytes, charset: str | None) -> str:
    """Bytes as text in a charset; in UTF-8 when that is unknown or none that letters are written in."""
    name = charset or "utf-8"
    if not _CHARSET.fullmatch(name):
        name = "utf-8"
    try:
        return data.decode(name, errors="replace")
    except LookupError:
        return data.decode("utf-8", errors="replace")


def plain(text: str, most: int) -> str:
    """One line without control, direction or unassigned characters."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(letter for letter in line if unicodedata.category(letter)[0] != "C")[:most]
