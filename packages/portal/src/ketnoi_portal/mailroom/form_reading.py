"""A filled form, read back by the numbers of its boxes. Runs within the bounded process that reads letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from typing import Any, Final

import msgspec
from docx import Document
from docx.document import Document as Doc
from docx.oxml.ns import qn
from lxml import etree

from ketnoi_pages.fields import FIELDS
from ketnoi_portal.mailroom.docx_guard import check_package
from ketnoi_portal.mailroom.form_rows import MARK, titles
from ketnoi_portal.mailroom.submission import Refused, Submission, bounded
from ketnoi_portal.onboarding.certificates import PemError, split
from ketnoi_portal.onboarding.registration import Contact, Registration, ServerEntry, ServiceEntry
from ketnoi_portal.onboarding.sign_in import SignInEntry
from ketnoi_protocol.services import Environment, Platform, Service, System

_NUMBER: Final = re.compile(r"\[?\s*(\d\d[a-e]?)\s*\]?")
_YES: Final = frozenset({"x", "co", "yes", "v", "1", "✓", "✔", "☑", "☒", "true"})
_LONG: Final = frozenset({"duties", "purpose", "certificate", "redirects", "key"})


def read_document(data: bytes, mailbox: System, profile: str) -> Submission:
    """The Submission in a DOCX. Raises Refused: what is dangerous inside, or no form."""
    check_package(data)
    try:
        document = Document(BytesIO(data))
    except Exception as error:  # python-docx raises whatever its parts raise
        raise Refused("docx_broken") from error
    system = _system(document) or mailbox
    known = {row.number: row.path for row in titles(system, profile).values()}
    told: dict[str, str] = {}
    boxes = 0
    for number, text in _boxes(document):
        if number in known:
            boxes += 1
            if text:
                told.setdefault(known[number], text)
    if boxes < 5:
        raise Refused("docx_not_the_form")
    try:
        return bounded(_submission(told, system))
    except msgspec.ValidationError as error:
        raise Refused("form_too_long") from error


def _system(document: Doc) -> System | None:
    words = (document.core_properties.keywords or "").split()
    if len(words) == 2 and words[0] == MARK and words[1] in set(System):
        return System(words[1])
    return None


def _boxes(document: Doc) -> Iterator[tuple[str, str]]:
    """The number in the first cell of each row, and the text of the last one, wherever in the document it stands."""
    for row in document.element.body.iter(qn("w:tr")):
        cells = [cell for cell in row.iter(qn("w:tc")) if next(cell.iterancestors(qn("w:tr"))) is row]
        if len(cells) >= 2:
            found = _NUMBER.fullmatch(_text(cells[0]).strip())
            if found:
                yield found[1], _text(cells[-1]).strip()


def _text(cell: etree._Element) -> str:
    """The text of a cell as it stands on the page; what a comparison has struck out is not there."""
    lines = []
    for paragraph in cell.iter(qn("w:p")):
        parts = []
        for each in paragraph.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr"), qn("w:noBreakHyphen")):
            if each.tag == qn("w:t"):
                parts.append(each.text or "")
            else:
                parts.append({qn("w:tab"): "\t", qn("w:noBreakHyphen"): "-"}.get(each.tag, "\n"))
        lines.append("".join(parts))
    text = unicodedata.normalize("NFC", "\n".join(lines))
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter)[0] != "C")


def _submission(told: dict[str, str], system: System) -> Submission:
    lines = {path: text if path.rpartition(".")[2] in _LONG else " ".join(text.split()) for path, text in told.items()}

    def line(path: str) -> str:
        return lines.get(path, "")

    plain: dict[str, Any] = {
        name: line(name)
        for name in ("duties", "information_system", "information_system_code", "level_decision", "notify")
    }
    form = Registration(
        **plain,
        security_level=_count(line("security_level"), 9),
        level_decision_date=_day(line("level_decision_date")),
        servers=tuple(_servers(lines)),
        services=tuple(_services(lines)),
        per_day=_count(line("per_day")),
        peak_per_second=_count(line("peak_per_second")),
        months=_count(line("months")),
        technical=_contact("technical", lines),
        head=_contact("head", lines),
        sign_in=tuple(_sign_in(lines)),
    )
    submission = Submission(
        organisation=line("organisation"), organisation_name=line("organisation_name"), system=system, form=form
    )
    # Lengths are checked where bytes become a form, which has not happened here yet.
    return msgspec.convert(msgspec.to_builtins(submission), Submission)


def _servers(lines: dict[str, str]) -> Iterator[ServerEntry]:
    for platform in Platform:
        for environment in Environment:
            at = f"servers.{platform}.{environment}"
            entry = {name: lines.get(f"{at}.{name}", "") for name in ("server", "subsystem", "address")}
            pem = lines.get(f"{at}.certificate", "")
            if not any((*entry.values(), pem)):
                continue
            if "PRIVATE KEY" in pem:
                raise Refused("mail_private_key")
            try:
                certificate, request = split(pem)
            except PemError:
                # Kept as it is, for the pre-check to complain of.
                certificate, request = pem, ""
            yield ServerEntry(
                platform=platform, environment=environment, certificate=certificate, request=request, **entry
            )


def _sign_in(lines: dict[str, str]) -> Iterator[SignInEntry]:
    for environment in Environment:
        at = f"sign_in.{environment}"
        redirects = tuple(dict.fromkeys(lines.get(f"{at}.redirects", "").split()))
        key = lines.get(f"{at}.key", "")
        if redirects or key:
            yield SignInEntry(environment=environment, redirects=redirects, key=key)


def _services(lines: dict[str, str]) -> Iterator[ServiceEntry]:
    for service in Service:
        at = f"services.{service}"
        if _folded(lines.get(f"{at}.chosen", "")) in _YES:
            yield ServiceEntry(
                service=service,
                procedures=tuple(dict.fromkeys(re.findall(r"[^\s,;]+", lines.get(f"{at}.procedures", "")))),
                fields=_names(lines.get(f"{at}.fields", "")),
                match_fields=_names(lines.get(f"{at}.match_fields", "")),
                purpose=lines.get(f"{at}.purpose", ""),
            )


def _contact(who: str, lines: dict[str, str]) -> Contact:
    return Contact(**{name: lines.get(f"{who}.{name}", "") for name in ("name", "position", "phone", "email")})


_FIELD_NAMES: Final[dict[str, str]] = {}


def _names(text: str) -> tuple[str, ...]:
    """Fields by code or by Vietnamese name; what is neither is kept, for the pre-check to complain of."""
    if not _FIELD_NAMES:
        for name, title in FIELDS.items():
            _FIELD_NAMES[_folded(name)] = _FIELD_NAMES[_folded(title.vi)] = name
    found = []
    # A name may have a comma of its own (“Ngày, tháng, năm sinh”): semicolons and lines part before commas do.
    for group in re.split(r"[;\n]+", text):
        if _folded(group) in _FIELD_NAMES:
            found.append(_FIELD_NAMES[_folded(group)])
        else:
            found += [_FIELD_NAMES.get(_folded(each), each.strip()[:60]) for each in group.split(",") if each.strip()]
    return tuple(dict.fromkeys(found))


def _count(text: str, most: int = 10**9 - 1) -> int:
    """A whole number as people write it: 3.000, 3 000, about 3000. Zero when there is none, or it is absurd."""
    found = re.search(r"\d[\d., ]*", text)
    digits = re.sub(r"\D", "", found[0]) if found else ""
    number = int(digits) if digits and len(digits) < 10 else 0
    return number if number <= most else 0


def _day(text: str) -> date | None:
    for pattern, order in (
        (r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})", (3, 2, 1)),
        (r"(\d{4})-(\d{1,2})-(\d{1,2})", (1, 2, 3)),
    ):
        if found := re.search(pattern, text):
            try:
                return date(*(int(found[each]) for each in order))
            except ValueError:
                return None
    return None


def _folded(text: str) -> str:
    """Small letters without accents or spaces."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter) and not letter.isspace())
