"""The lines of a spreadsheet judged: requests that can be made, and every mistake of every other line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts.actions import Asked, request
from ketnoi_portal.accounts.facts import UnitFacts, facts_of
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.spreadsheet import COLUMNS, Lines
from ketnoi_portal.agencies.models import FormerCode, Organisation
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.accounts import acts_for
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.site.numbers import whole
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode
from ketnoi_protocol.personal_number import holds_personal_number
from ketnoi_protocol.services import Service

NAME, POSITION, EMAIL, UNIT, SERVICES = COLUMNS
LONGEST: Final = 100
_MANY_DIGITS = re.compile(r"(?:\d[ .\-]?){9,}")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in one column of a line, and how to mend it."""

    column: Text
    title: Text
    mend: Text


@dataclass(frozen=True, slots=True)
class Judged:
    """One line: the request that it makes, or what is wrong with it."""

    number: int
    cells: tuple[str, ...]
    asked: Asked | None = None
    mistakes: tuple[Mistake, ...] = ()


@dataclass(slots=True)
class Known:
    """What the lines are judged by, read once for the whole file."""

    units: Mapping[str, Organisation]
    facts: Mapping[str, UnitFacts]
    accounts: set[tuple[str, str]]
    seen: set[tuple[str, str]] = field(default_factory=set)


def judge(actor: Actor, lines: Lines) -> list[Judged]:
    """Every line with all of its mistakes, in a number of queries that does not grow with them."""
    known = _known(lines)
    return [_judge(actor, number, cells, known) for number, cells in lines]


def request_all(actor: Actor, judged: list[Judged]) -> tuple[list[Account], list[Judged]]:
    """Make the requests of the good lines; them, and the lines that were not taken."""
    made, left = [], []
    for line in judged:
        if line.asked is None:
            left.append(line)
            continue
        try:
            made.append(request(actor, line.asked))
        except StepRefused as refused:
            # Somebody else was faster with the same person.
            mistakes = tuple(Mistake(NAME, reason.title, reason.mend) for reason in refused.reasons)
            left.append(Judged(line.number, line.cells, None, mistakes))
    return made, left


def services_of(text: str) -> tuple[list[Service], list[str]]:
    """Services from the guidance's numbers (`1, 3`) or their codes; and the parts that name none."""
    services, unknown = [], []
    for part in re.split(r"[,;/\s]+", text.strip(" ()")):
        told = part.strip("()")
        number = whole(told)
        if number is not None and 1 <= number <= len(Service):
            services.append(list(Service)[number - 1])
        elif told in set(Service):
            services.append(Service(told))
        elif told:
            unknown.append(told[:20])
    return services, unknown


def holds_number(text: str) -> bool:
    """Whether a text holds what could be somebody's number: none belongs into the portal."""
    return holds_personal_number(text) or _MANY_DIGITS.search(text) is not None


def _known(lines: Lines) -> Known:
    codes = set()
    for _, cells in lines:
        try:
            codes.add(str(OrganisationCode.parse(cells[3])))
        except InvalidIdentifier:
            continue
    units = dict(Organisation.objects.in_bulk(codes))
    former = FormerCode.objects.select_related("organisation").filter(code__in=codes - units.keys())
    units |= {each.code: each.organisation for each in former}
    keys = {unit.code for unit in units.values()}
    emails = {cells[2].strip().lower() for _, cells in lines}
    taken = Account.objects.filter(unit__in=keys, email__in=emails).exclude(state=AccountState.CLOSED)
    return Known(units, facts_of(keys), set(taken.values_list("unit_id", "email")))


def _judge(actor: Actor, number: int, cells: tuple[str, ...], known: Known) -> Judged:
    unit = _unit(cells[3], known)
    services, unknown = services_of(cells[4])
    mistakes = [*_person(cells), *_place(actor, cells[3], unit), *_services(cells[4], unknown)]
    if unit is not None:
        mistakes += _granted(services, known.facts[unit.code])
        mistakes += _once(unit.code, cells[2].lower(), known)
    if mistakes or unit is None:
        return Judged(number, cells, None, tuple(mistakes))
    return Judged(number, cells, Asked(unit, cells[0], cells[1], cells[2], tuple(services)))


def _unit(code: str, known: Known) -> Organisation | None:
    try:
        return known.units.get(str(OrganisationCode.parse(code)))
    except InvalidIdentifier:
        return None


def _person(cells: tuple[str, ...]) -> Iterator[Mistake]:
    for column, cell in zip((NAME, POSITION), cells, strict=False):
        if not cell:
            yield Mistake(column, Text("Để trống", "Empty"), Text("Điền vào ô này", "Fill it in"))
        elif len(cell) > LONGEST:
            yield Mistake(column, Text("Dài quá 100 ký tự", "Longer than 100 letters"), Text("Rút gọn", "Shorten it"))
        elif cell[0] in "=+-@":
            yield Mistake(
                column,
                Text("Ô bắt đầu như công thức", "It begins like a formula"),
                Text("Ghi chữ thường", "Plain text"),
            )
    for column, cell in zip(COLUMNS, cells, strict=True):
        if column is not UNIT and holds_number(cell):
            yield Mistake(
                column,
                Text("Có dãy số giống số định danh cá nhân, CMND", "It holds what looks like a personal number"),
                Text("Không ghi số giấy tờ của cá nhân vào đây", "No number of a person belongs here"),
            )
    try:
        validate_email(cells[2])
    except ValidationError:
        yield Mistake(
            EMAIL,
            Text("Không phải địa chỉ thư điện tử", "It is no e-mail address"),
            Text("Ghi dạng ten@coquan.gov.vn", "Write it like name@agency.gov.vn"),
        )


def _place(actor: Actor, code: str, unit: Organisation | None) -> Iterator[Mistake]:
    if unit is None:
        yield Mistake(
            UNIT,
            Text("Không có đơn vị mang mã này", "There is no unit with this code"),
            Text("Dùng mã định danh cơ quan, ví dụ H55.30.12", "Use the organisation's code, such as H55.30.12"),
        )
    elif not acts_for(actor, unit.code):
        yield Mistake(
            UNIT,
            Text("Đơn vị này không thuộc cơ quan của bạn", "This unit is not of your organisation"),
            Text("Đơn vị đó tự lập đề nghị", "That unit asks by itself"),
        )
    elif not unit.is_open(clock.today()) or Level(unit.level) not in CHARTS[current().chart].account_routes:
        yield Mistake(
            UNIT,
            Text("Đơn vị này không còn hoạt động", "This unit is there no longer"),
            Text("Dùng mã của đơn vị kế thừa", "Use its successor's code"),
        )


def _services(text: str, unknown: list[str]) -> Iterator[Mistake]:
    if not text:
        yield Mistake(SERVICES, Text("Để trống", "Empty"), Text("Ghi số của dịch vụ, ví dụ 1, 3", "Such as 1, 3"))
    elif unknown:
        told = ", ".join(unknown)
        yield Mistake(
            SERVICES,
            Text(f"Không có dịch vụ {told}", f"There is no service {told}"),
            Text("Ghi số từ 1 đến 4, cách nhau bằng dấu phẩy", "Numbers from 1 to 4, with commas"),
        )


def _granted(services: list[Service], facts: UnitFacts) -> Iterator[Mistake]:
    missing = [str(number) for number, each in enumerate(Service, 1) if each in services and each not in facts.granted]
    if missing:
        told = ", ".join(missing)
        yield Mistake(
            SERVICES,
            Text(f"Cơ quan chưa được duyệt dịch vụ {told}", f"The organisation has not been granted service {told}"),
            Text("Bỏ dịch vụ này, hoặc đăng ký dịch vụ trước", "Take it off, or apply for it first"),
        )


def _once(unit: str, email: str, known: Known) -> Iterator[Mistake]:
    if (unit, email) in known.accounts:
        yield Mistake(
            EMAIL,
            Text("Người này đã có tài khoản hoặc đề nghị", "This person has an account or a request already"),
            Text("Bỏ dòng này", "Take this line out"),
        )
    elif (unit, email) in known.seen:
        yield Mistake(
            EMAIL, Text("Trùng với một dòng ở trên", "The same as a line above"), Text("Bỏ dòng này", "Take it out")
        )
    known.seen.add((unit, email))
