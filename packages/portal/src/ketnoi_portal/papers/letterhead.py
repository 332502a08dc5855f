"""Who issues a paper, where, and who signs it: the parts of the decree's layout that follow from the organisation.

Nghị định 30/2020/NĐ-CP, Phụ lục I, mục II: tên cơ quan ban hành (2), địa danh (4), chức vụ của người ký (7).
"""

from __future__ import annotations

from typing import Any, Final

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.charts import Level

_TERRITORIES: Final = {
    Level.PROVINCE: ("tỉnh ", "thành phố "),
    Level.DISTRICT: ("huyện ", "quận ", "thị xã ", "thành phố "),
    Level.COMMUNE: ("xã ", "phường ", "thị trấn ", "đặc khu "),
}
_COMMITTEE: Final = "Ủy ban nhân dân"
_CAPITAL: Final = "Hà Nội"


def is_territory(organisation: Organisation) -> bool:
    """Whether the organisation is a province, district or commune itself, for which its people's committee acts."""
    return organisation.name.lower().startswith(_TERRITORIES.get(Level(organisation.level), ("\0",)))


def issuer_of(organisation: Organisation) -> tuple[list[str], list[str]]:
    """The bodies above, and the lines of the issuer's own name."""
    if is_territory(organisation):
        return [], [_COMMITTEE, organisation.name]
    above = organisation.parent
    if above is None:
        return [], [organisation.name]
    name = organisation.name
    if name.lower().endswith(f" {above.name.lower()}"):
        name = name[: -len(above.name) - 1]
    return [full_name(above)], [name]


def full_name(organisation: Organisation) -> str:
    """The organisation as the text of a paper names it."""
    name = organisation.name
    return f"{_COMMITTEE} {name[0].lower()}{name[1:]}" if is_territory(organisation) else name


def place_of(organisation: Organisation) -> str:
    """The place name before the date: the territory's own name; of a body of the centre, where it has its seat."""
    level = Level(organisation.level)
    if level is Level.MINISTRY:
        return _bare(organisation.address.rpartition(",")[2].strip() or _CAPITAL, Level.PROVINCE)
    if is_territory(organisation) or organisation.parent is None:
        return _bare(organisation.name, level)
    return place_of(organisation.parent)


def _bare(name: str, level: Level) -> str:
    for kind in _TERRITORIES.get(level, ()):
        if name.lower().startswith(kind):
            return name[len(kind) :]
    return name


def place_and_date(place: str, year: int) -> str:
    """As the office fills it in: day and month are written when the paper is signed and numbered."""
    return f"{place}, ngày\u2003\u2002tháng\u2003\u2002năm {year}"


def signature_of(organisation: Organisation, position: str, name: str) -> dict[str, Any]:
    """The seat of the signature for the head: TM. for a committee, KT. where a deputy signs."""
    head = position.strip() or ("Chủ tịch" if is_territory(organisation) else "Thủ trưởng cơ quan")
    deputy = head.lower().startswith("phó ")
    lines = [f"TM. {_COMMITTEE}"] if is_territory(organisation) else []
    # Who signs for the head is named under the head's office: "KT. GIÁM ĐỐC" above "PHÓ GIÁM ĐỐC".
    lines += [f"KT. {head[4:]}", head] if deputy else [head]
    return {"office": lines, "how": "", "name": name}
