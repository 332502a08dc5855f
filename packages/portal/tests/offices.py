"""The offices of the guidance and the people in them, made anew for each test."""

from __future__ import annotations

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.staff.models import Assignment, Person, hats_of

BODIES = {
    "G15": ("Bộ Tư pháp", Level.MINISTRY, None),
    "G22": ("Văn phòng Chính phủ", Level.MINISTRY, None),
    "G14": ("Bộ Thông tin và Truyền thông", Level.MINISTRY, None),
    "H55": ("Tỉnh Thái Nguyên", Level.PROVINCE, None),
    "H55.02": ("Sở Tư pháp tỉnh Thái Nguyên", Level.DEPARTMENT, "H55"),
    "H55.30": ("Thành phố Thái Nguyên", Level.DISTRICT, "H55"),
    "H55.30.12": ("Phường Hoàng Văn Thụ", Level.COMMUNE, "H55.30"),
    "H38": ("Tỉnh Lào Cai", Level.PROVINCE, None),
}
DESKS = {
    "c06": (DeskKind.C06, "G01.C06", ""),
    "a05": (DeskKind.A05, "G01.A05", ""),
    "a06": (DeskKind.A06, "G01.A06", ""),
    "lanh-dao": (DeskKind.LEADERSHIP, "G01", ""),
    "vdxp": (DeskKind.VDXP_OPERATOR, "G22", ""),
    "ndxp": (DeskKind.NDXP_OPERATOR, "G14", ""),
    "ndop": (DeskKind.NDOP_OPERATOR, "G01.C12", ""),
    "pc06-h55": (DeskKind.PC06, "G01.PC06.H55", "H55"),
    "pc06-h38": (DeskKind.PC06, "G01.PC06.H38", "H38"),
    "doi-h55-30": (DeskKind.DISTRICT_POLICE, "G01.CAH.H5530", "H55.30"),
}


def found() -> None:
    """Every body and desk."""
    for code, (name, level, parent) in BODIES.items():
        Organisation.objects.create(code=code, name=name, level=level, parent_id=parent)
    for slug, (kind, organisation, area) in DESKS.items():
        Desk.objects.create(slug=slug, kind=kind, title=slug, organisation=organisation, area=area)


def person(name: str) -> Person:
    """Somebody, with no role yet."""
    return Person.objects.create_user(f"{name}@example.vn", full_name=name)


def at_desk(slug: str, role: Role, *, level: int = 0, name: str = "") -> Actor:
    """Somebody with a role at a desk, as an actor."""
    who = person(name or f"{role}-{slug}-{level}")
    Assignment.objects.create(
        person=who, role=role, desk_id=slug, leadership_level=level, since=clock.now(), given_by="test"
    )
    return hats_of(who)[f"desk:{slug}"]


def at_agency(code: str, role: Role = Role.REPRESENTATIVE, *, name: str = "") -> Actor:
    """Somebody with a role at an organisation that applies, as an actor."""
    who = person(name or f"{role}-{code}".replace(".", "-"))
    Assignment.objects.create(person=who, role=role, organisation_id=code, since=clock.now(), given_by="test")
    return hats_of(who)[f"agency:{code}"]
