"""What a letter holds: its text, the filled form, scans. Runs within the bounded process; see reader.py."""

from __future__ import annotations

import binascii
import email
import re
import unicodedata
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from typing import Final

import msgspec
from lxml import etree

from ketnoi_portal.files.uploads import UploadRefused, admit, kind_of
from ketnoi_portal.mailroom.docx_guard import check_package, is_package
from ketnoi_portal.mailroom.form_reading import read_document
from ketnoi_portal.mailroom.form_rows import DOCX
from ketnoi_portal.mailroom.header import decoded, in_charset
from ketnoi_portal.mailroom.limits import MOST_DEPTH, MOST_ENCLOSURES, MOST_PARTS, MOST_TEXT
from ketnoi_portal.mailroom.submission import Refused, Submission, read_json
from ketnoi_protocol.services import System

_SMALL_PICTURE: Final = 30 * 1024
_MOST_HTML: Final = 400_000
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A letter's bytes, the system of the mailbox that it came to, and the catalogue's profile."""

    raw: bytes
    system: System
    profile: str


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """One enclosure that was let in."""

    name: str
    media_type: str
    data: bytes


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `refusal`: the letter is not taken at all; `problems`: what of it was not (codes, in order)."""

    refusal: str = ""
    text: str = ""
    submission: Submission | None = None
    enclosures: tuple[Enclosed, ...] = ()
    problems: tuple[str, ...] = ()


def read(order: Order) -> Read:
    """Look into a letter; everything that is wrong ends as a code."""
    try:
        message = email.message_from_bytes(order.raw)
        parts = list(_parts(message))
        return _gathered(parts, order)
    except Refused as refused:
        return Read(refusal=refused.code)
    except RecursionError:
        return Read(refusal="mail_too_many_parts")
    except (MessageError, binascii.Error, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return Read(refusal="mail_unreadable")


def _parts(message: Message) -> Iterator[Message]:
    """Every part that holds something, in order; bounded in number and depth."""
    waiting, seen = [(message, 0)], 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > MOST_PARTS or depth > MOST_DEPTH:
            raise Refused("mail_too_many_parts")
        if part.is_multipart():
            inside = part.get_payload()
            assert isinstance(inside, list)
            waiting += [(each, depth + 1) for each in reversed(inside)]
        else:
            yield part


def _gathered(parts: list[Message], order: Order) -> Read:
    plain, rich = [], []
    forms: list[Submission] = []
    enclosures: list[Enclosed] = []
    problems: list[str] = []
    for part in parts:
        data = _content(part)
        if _PRIVATE_KEY.search(data):
            # Whatever a form would make of it: such a letter is not even kept.
            raise Refused("mail_private_key")
        name = _name(part)
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment" and not name:
            text = in_charset(data, part.get_content_charset())
            (plain if kind == "text/plain" else rich).append(text)
        elif data and not _is_ornament(part, data):
            if len(enclosures) + len(problems) >= MOST_ENCLOSURES:
                problems.append("enclosures_too_many")
                break
            try:
                form, enclosed = _enclosed(name, data, order)
            except Refused as refused:
                if refused.code == "mail_private_key":
                    raise
                problems.append(refused.code)
                continue
            except UploadRefused as refused:
                problems.append(refused.reason.code)
                continue
            enclosures.append(enclosed)
            if form is None and enclosed.media_type == DOCX:
                problems.append("docx_not_the_form")
            elif form is not None:
                forms.append(form)
    if len(forms) > 1:
        problems.append("forms_several")
    text = _legible("\n".join(plain) if any(each.strip() for each in plain) else "\n".join(map(_of_html, rich)))
    return Read(
        text=text,
        submission=forms[0] if forms else None,
        enclosures=tuple(enclosures),
        problems=tuple(dict.fromkeys(problems)),
    )


def _content(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        return ""
    return decoded(str(name)[:1000])


def _is_ornament(part: Message, data: bytes) -> bool:
    """A small picture that a letter's own text shows, such as a logo beneath a signature."""
    shown = part.get_content_disposition() != "attachment" and "Content-ID" in part
    return shown and part.get_content_maintype() == "image" and len(data) < _SMALL_PICTURE


def _enclosed(name: str, data: bytes, order: Order) -> tuple[Submission | None, Enclosed]:
    """One enclosure, told by its content. Raises Refused, UploadRefused."""
    if is_package(data):
        try:
            form = read_document(data, order.system, order.profile)
        except Refused as refused:
            if refused.code != "docx_not_the_form":
                raise
            # A letter that was written in a word processor is a letter all the same.
            check_package(data)
            form = None
        return form, Enclosed(name=_ending(name, ".docx"), media_type=DOCX, data=data)
    if kind_of(data) is not None:
        let_in = admit(name or "ban-quet", data)
        return None, Enclosed(name=let_in.name, media_type=let_in.media_type, data=let_in.data)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return read_json(data), Enclosed(name=_ending(name, ".json"), media_type="application/json", data=data)
    raise Refused("enclosure_wrong_kind")


def _ending(name: str, ending: str) -> str:
    """A harmless name with the one ending of its kind."""
    last = re.split(r"[\\/]", name)[-1]
    stem = last.rpartition(".")[0] or last
    return (re.sub(r"[^\w() \-]+", "-", stem).strip(" -.")[:100] or "phieu") + ending


def _legible(text: str) -> str:
    lines = unicodedata.normalize("NFC", text[: 4 * MOST_TEXT]).replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(letter for letter in lines if letter in "\n\t" or unicodedata.category(letter)[0] != "C")
    return re.sub(r"\n{3,}", "\n\n", kept).strip()[:MOST_TEXT]


_SILENT: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object"})
_BREAKS: Final = frozenset(
    {"p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote", "pre", "ul", "ol", "hr"}
)
_CELLS: Final = frozenset({"td", "th"})
# The parser ends where these stand; a browser reads on, and so does a letter to which a gateway has added something.
_ENDS: Final = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)


def _of_html(html: str) -> str:
    """The words of an HTML letter, and nothing that it would load or run; what is not closed ends as in a browser."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    whole = _ENDS.sub("", f"<html>{html[:_MOST_HTML]}".replace("\0", ""))
    root = etree.fromstring(whole.encode("utf-8", "replace"), parser)
    found: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            found.append(re.sub(r"\s+", " ", element.tail or ""))
        elif element.tag in _SILENT:
            walk.skip_subtree()
        else:
            found.append("\n" if element.tag in _BREAKS else " " if element.tag in _CELLS else "")
            found.append(re.sub(r"\s+", " ", element.text or ""))
    return "".join(found)
