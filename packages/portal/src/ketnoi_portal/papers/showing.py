"""What pages show of papers: one row for each, with its state, its verdict in words, and what the reader may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.models import Application, Paper
from ketnoi_portal.onboarding.sections import Page
from ketnoi_portal.papers.acceptance import objection
from ketnoi_portal.papers.drafts import paper_title
from ketnoi_portal.papers.verdicts import Line, lines
from ketnoi_portal.process.case import Case, PaperState, Stage
from ketnoi_portal.process.effects import each_paper, paper_of
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import can_step, is_theirs
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.settings import current
from ketnoi_portal.staff.models import Person
from ketnoi_protocol.services import System

TITLES: Final = {
    1: Text("(1) Đăng ký sử dụng dịch vụ", "(1) Registration for the services"),
    2: Text("(2) Đăng ký tài khoản sử dụng dịch vụ", "(2) Registration of accounts"),
    3: Text("(3) Cam kết của tổ chức", "(3) Commitment of the organisation"),
    4: Text("(4) Cam kết của cá nhân", "(4) Personal commitment"),
}
STATES: Final = {
    None: Text("Chưa có", "Not there yet"),
    PaperState.FILED: Text("Đã nộp, chờ kiểm tra", "Handed in, to be checked"),
    PaperState.ACCEPTED: Text("Đã chấp nhận", "Accepted"),
}
IDENTITY_NOTE: Final = Text(
    "Hệ thống định danh và xác thực điện tử không cần giấy tờ (2), (3), (4): người dùng khai thác bằng tài khoản định "
    "danh điện tử, cam kết bảo đảm an ninh, an toàn và bảo mật đã nằm trong điều khoản sử dụng tài khoản đó; công dân "
    "đồng ý chia sẻ trên ứng dụng thì hệ thống mới cung cấp dữ liệu.",
    "The identity system needs no papers (2), (3), (4): its users have electronic identity accounts, whose terms of "
    "use hold the commitment; and data are shared only once the citizen has agreed in the app.",
)
DRAFTS: Final = {
    "phieu-khao-sat": (
        Text("Phiếu khảo sát đã điền (PDF)", "The survey form as filled in (PDF)"),
        frozenset({DeskKind.AGENCY, DeskKind.A05, DeskKind.A06}),
    ),
    "xac-nhan": (
        Text("Dự thảo văn bản xác nhận (PDF)", "Draft of the confirmation (PDF)"),
        frozenset({DeskKind.A05, DeskKind.A06}),
    ),
    "phieu-trinh": (
        Text("Dự thảo phiếu trình lãnh đạo (PDF)", "Draft of the decision sheet (PDF)"),
        frozenset({DeskKind.C06, DeskKind.LEADERSHIP}),
    ),
}
_READERS: Final = frozenset({DeskKind.AGENCY, DeskKind.PC06, DeskKind.C06, DeskKind.LEADERSHIP})


@dataclass(frozen=True, slots=True)
class Row:
    """One paper as a page shows it."""

    unit: str
    title: Text
    person: str
    state: PaperState | None
    paper: Paper | None
    verdict: tuple[Line, ...]
    last_rejected: str

    @property
    def state_title(self) -> Text:
        """The state in words."""
        return STATES[self.state]

    @property
    def badge(self) -> str:
        """The look of the state."""
        return {None: "", PaperState.FILED: "info", PaperState.ACCEPTED: "good"}[self.state]


def may_read(actor: Actor) -> bool:
    """Papers name people: they are for the agency, the desks of the dossier's route, leadership and auditors."""
    return actor.desk in _READERS or Role.AUDITOR in actor.roles


def rows(application: Application, case: Case) -> list[Row]:
    """Every paper that this dossier has, in order."""
    every = list(application.papers.select_related("file").defer("file__data").order_by("pk"))
    now = {(each.number, each.unit): each for each in every if each.current}
    taken_out = {(each.number, each.unit): each.removed_for for each in every if not each.current}
    names = {each.key: each.full_name for each in application.listed_accounts.filter(removed_at=None)}
    found = []
    for unit in each_paper(case):
        key = paper_of(unit)
        paper = now.get(key)
        found.append(
            Row(
                unit,
                TITLES[key[0]],
                names.get(key[1], ""),
                case.paper(*key),
                paper,
                tuple(lines(paper.verdict)) if paper else (),
                "" if paper else taken_out.get(key, ""),
            )
        )
    return found


def section(page: Page) -> Mapping[str, Any]:
    """The context of the section on an application's page."""
    return everything(page.application, page.case, page.actor)


def section_visible(page: Page) -> bool:
    """Whether the papers are shown on an application's page."""
    return may_read(page.actor) and is_gathered(page)


def is_gathered(page: Page) -> bool:
    """From the test on there is a dossier to gather."""
    return page.case.stage not in (Stage.DRAFT, Stage.SUBMITTED, Stage.RETURNED, Stage.REFUSED)


def drafts_for(actor: Actor) -> list[tuple[str, Text]]:
    """The drafts that somebody may take: the kind (as in the address) and its title."""
    return [(kind, title) for kind, (title, desks) in DRAFTS.items() if actor.desk in desks]


def everything(application: Application, case: Case, actor: Actor) -> dict[str, Any]:
    """All papers, listed accounts, and what this reader may do with them."""
    listed = application.listed_accounts.filter(removed_at=None).select_related("unit").order_by("pk")
    return {
        "rows": rows(application, case),
        "listed": listed,
        "identity_note": IDENTITY_NOTE if case.system is System.IDENTITY else None,
        "may_list": can_step(STEP["list_account"], case, "", actor),
        "may_unlist": any(can_step(STEP["unlist_account"], case, each.key, actor) for each in listed),
    }


def one(application: Application, case: Case, actor: Actor, unit: str) -> dict[str, Any]:
    """One paper and what this reader may do with it. Raises StopIteration where the dossier has no such paper."""
    row = next(each for each in rows(application, case) if each.unit == unit)
    unsigned = row.paper is not None and objection(row.paper, as_scan=True) is None
    valid = row.paper is not None and objection(row.paper, as_scan=False) is None
    accepts = can_step(STEP["accept_paper"], case, unit, actor)
    return {
        "row": row,
        "paper_name": paper_title(unit),
        "may_file": can_step(STEP["file_paper"], case, unit, actor),
        "may_sign": current().rehearsal and bool(current().signing.rehearsal_signer),
        "may_accept": accepts and valid,
        "may_accept_scan": accepts and unsigned,
        "cannot_accept": objection(row.paper, as_scan=False)
        if accepts and row.paper and not (valid or unsigned)
        else None,
        "may_reject": is_theirs(STEP["reject_paper"], case, unit, actor),
        "may_withdraw": can_step(STEP["withdraw_commitment"], case, unit, actor),
        "filed_by": _name(row.paper.filed_by) if row.paper else "",
        # Who handled it stands in the log; the agency deals with the desk, not with one officer.
        "accepted_by": _name(row.paper.accepted_by) if row.paper and actor.desk is not DeskKind.AGENCY else "",
    }


def _name(person: str) -> str:
    """The name of whoever acted."""
    found = Person.objects.filter(pk=person).first() if person.isdigit() else None
    return found.full_name if found else person
