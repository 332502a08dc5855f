"""Everything that changes organisations and desks."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies import table
from ketnoi_portal.agencies.models import Desk, FormerCode, Import, Organisation
from ketnoi_portal.agencies.rules import may_keep
from ketnoi_portal.audit.models import record
from ketnoi_portal.files.models import Blob
from ketnoi_portal.process.charts import Chart, Level
from ketnoi_portal.process.roles import DESK_TITLES, Actor, DeskKind
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode

_NOT_YOURS = Reason(
    "not_your_role",
    Text("Chỉ cán bộ quản trị của C06 sửa danh mục này", "Only C06's server officers keep this list"),
    Text("Đề nghị C06 cập nhật", "Ask C06 to change it"),
)
_PEOPLE_THERE = Reason(
    "people_there",
    Text("Bộ phận này còn người làm việc", "People still work at this desk"),
    Text("Chấm dứt vai trò của họ ở đây trước", "End their roles here first"),
)
_NO_CODE = Reason(
    "no_code",
    Text("Không phải mã định danh cơ quan", "This is no organisation code"),
    Text("Ghi mã dạng G01.C06 hoặc H55", "Write a code such as G01.C06 or H55"),
)
_TAKEN = Reason(
    "slug_taken",
    Text("Đã có bộ phận với tên ngắn này", "There is a desk of this short name"),
    Text("Chọn tên ngắn khác", "Choose another short name"),
)


@dataclass(frozen=True, slots=True)
class DeskFacts:
    """What is written of a desk."""

    kind: DeskKind
    title: str
    organisation: str
    area: str = ""
    email: str = ""


def import_organisations(actor: Actor, file_name: str, data: bytes) -> Import:
    """Take every good line of a table; what cannot be taken stands in the rejects.

    Nothing is ever deleted: bodies that the file does not name stay as they are. Raises StepRefused, UnreadableTable.
    """
    _keeps(actor)
    read = table.read(data)
    with transaction.atomic():
        added = changed = 0
        rejects = list(read.rejects)
        taken: list[table.Row] = []
        # Parents are shorter than their units, so they come first.
        for row in sorted(read.rows, key=lambda row: (row.code.count("."), row.line)):
            reason = _objection(row)
            if reason is not None:
                rejects.append(table.Reject(row.line, row.text, reason))
                continue
            is_new, is_changed = _write(row)
            added, changed = added + is_new, changed + is_changed
            taken.append(row)
        for row in taken:
            reason = _link(row)
            if reason is not None:
                rejects.append(table.Reject(row.line, row.text, reason))
        rejects.sort(key=lambda reject: reject.line)
        done = Import.objects.create(
            file_name=file_name[:200], sha256=sha256(data).hexdigest(), at=clock.now(), by=actor.person, added=added,
            changed=changed, same=len(taken) - added - changed, rejected=len(rejects),
            rejects=Blob.keep(table.written(rejects), "text/csv") if rejects else None,
        )  # fmt: skip
        record(
            actor, "import_organisations", "import", done.pk,
            after={"added": added, "changed": changed, "rejected": len(rejects), "sha256": done.sha256},
        )  # fmt: skip
    return done


def open_desk(actor: Actor, slug: str, facts: DeskFacts) -> Desk:
    """A new desk. Raises StepRefused."""
    _keeps(actor)
    organisation, area = _codes(facts)
    with transaction.atomic():
        if Desk.objects.filter(pk=slug).exists():
            raise StepRefused([_TAKEN])
        desk = Desk.objects.create(
            slug=slug, kind=facts.kind, title=facts.title, organisation=organisation, area=area, email=facts.email
        )
        record(actor, "open_desk", "desk", slug, after={"kind": facts.kind, "area": area, "organisation": organisation})
    return desk


def change_desk(actor: Actor, desk: Desk, title: str, email: str) -> None:
    """Another title or address; what it is and where stays, because acts refer to it. Raises StepRefused."""
    _keeps(actor)
    with transaction.atomic():
        before = {"title": desk.title, "email": desk.email}
        desk.title, desk.email = title, email
        desk.save(update_fields=["title", "email"])
        record(actor, "change_desk", "desk", desk.pk, before=before, after={"title": title, "email": email})


def close_desk(actor: Actor, desk: Desk) -> None:
    """Close a desk that nobody works at any more; its area falls to the next wider desk. Raises StepRefused."""
    _keeps(actor)
    with transaction.atomic():
        locked = Desk.objects.select_for_update().get(pk=desk.pk)
        if locked.assignments.filter(until=None).exists():
            raise StepRefused([_PEOPLE_THERE])
        locked.closed_on = clock.today()
        locked.save(update_fields=["closed_on"])
        record(actor, "close_desk", "desk", desk.pk)


def make_offices(actor: Actor, chart: Chart) -> list[Desk]:
    """The desks of a chart that are not there yet: the central ones, and one for each province, district or commune.

    Which provinces there are comes from the organisations, whose codes are known only as far as they were imported.
    """
    _keeps(actor)
    wanted = [
        ("c06", DeskFacts(DeskKind.C06, "Cục C06, Bộ Công an", "G01.C06")),
        ("a05", DeskFacts(DeskKind.A05, "Cục A05, Bộ Công an", "G01.A05")),
        ("a06", DeskFacts(DeskKind.A06, "A06, Bộ Công an", "G01.A06")),
        ("lanh-dao", DeskFacts(DeskKind.LEADERSHIP, DESK_TITLES[DeskKind.LEADERSHIP].vi, "G01")),
    ]
    wanted += [
        (platform.lower(), DeskFacts(operator.desk, f"Vận hành {platform}, {operator.title.vi}", operator.organisation))
        for platform, operator in chart.operators.items()
    ]
    tiers = {kind for route in chart.account_routes.values() for kind in route}
    for level, kind, prefix, title in _POLICE:
        if kind in tiers:
            wanted += [
                (
                    f"{prefix}-{body.code.lower().replace('.', '-')}",
                    DeskFacts(kind, f"{title}, {body.name}", f"G01.{body.code}", body.code),
                )
                for body in Organisation.objects.filter(level=level, closed_on=None).order_by("code")
            ]
    with transaction.atomic():
        return [open_desk(actor, slug, facts) for slug, facts in wanted if not _is_there(slug, facts)]


_POLICE = (
    (Level.PROVINCE, DeskKind.PC06, "pc06", "Phòng PC06"),
    (Level.DISTRICT, DeskKind.DISTRICT_POLICE, "doi", "Đội QLHC về TTXH"),
    (Level.COMMUNE, DeskKind.COMMUNE_POLICE, "cax", "Công an cấp xã"),
)


def _is_there(slug: str, facts: DeskFacts) -> bool:
    """Whether there is this desk, or another one of its kind for the same area."""
    same = Desk.objects.filter(kind=facts.kind, area=facts.area, closed_on=None)
    return same.exists() or Desk.objects.filter(pk=slug).exists()


def _keeps(actor: Actor) -> None:
    if not may_keep(actor):
        raise StepRefused([_NOT_YOURS])


def _codes(facts: DeskFacts) -> tuple[str, str]:
    try:
        organisation = str(OrganisationCode.parse(facts.organisation))
        return organisation, str(OrganisationCode.parse(facts.area)) if facts.area else ""
    except InvalidIdentifier:
        raise StepRefused([_NO_CODE]) from None


def _objection(row: table.Row) -> Text | None:
    """Why the database cannot take a line, or None."""
    former = FormerCode.objects.filter(code=row.code).first()
    if former is not None:
        return Text(f"Là mã cũ của {former.organisation_id}", f"It is a former code of {former.organisation_id}")
    if row.parent is not None and not Organisation.objects.filter(pk=row.parent).exists():
        return Text(f"Chưa có cơ quan cấp trên {row.parent}", f"There is no parent {row.parent}")
    for code in row.former_codes:
        if Organisation.objects.filter(pk=code).exists():
            return Text(f"Mã cũ {code} đang là mã của cơ quan khác", f"{code} is another body's present code")
        if FormerCode.objects.filter(code=code).exclude(organisation=row.code).exists():
            return Text(f"Mã cũ {code} đã thuộc cơ quan khác", f"{code} was another body's code")
    return None


def _write(row: table.Row) -> tuple[bool, bool]:
    """Write a line; whether it is new, and whether it changed what was there."""
    facts = {
        "name": row.name, "level": row.level, "parent_id": row.parent or _nearest(row.code), "address": row.address,
        "email": row.email, "opened_on": row.opened_on, "closed_on": row.closed_on,
    }  # fmt: skip
    told = {name: value for name, value in facts.items() if value is not None}
    found = Organisation.objects.select_for_update().filter(pk=row.code).first()
    if found is None:
        Organisation.objects.create(code=row.code, **told)
    new_codes = [code for code in row.former_codes if not FormerCode.objects.filter(code=code).exists()]
    for code in new_codes:
        FormerCode.objects.create(code=code, organisation_id=row.code)
    if found is None:
        return True, False
    different = {name: value for name, value in told.items() if getattr(found, name) != value}
    for name, value in different.items():
        setattr(found, name, value)
    if different:
        found.save()
    return False, bool(different or new_codes)


def _nearest(code: str) -> str | None:
    """The nearest body above, by the code; None when none of them is there."""
    while "." in code:
        code = code.rpartition(".")[0]
        if Organisation.objects.filter(pk=code).exists():
            return code
    return None


def _link(row: table.Row) -> Text | None:
    """Write who succeeds a body, once all lines are in."""
    if row.successor is None:
        return None
    if not Organisation.objects.filter(pk=row.successor).exists():
        return Text(
            f"Đã nhập, nhưng chưa có cơ quan kế thừa {row.successor}",
            f"Taken, but there is no successor {row.successor}",
        )
    Organisation.objects.filter(pk=row.code).update(successor_id=row.successor)
    return None
