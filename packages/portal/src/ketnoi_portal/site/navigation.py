"""The main menu: one row for each entry, and who sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.urls import reverse

from ketnoi_pages.text import Text
from ketnoi_portal.process.roles import PLATFORM_OF, Actor, DeskKind, Role


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: the page's name in urls.py, and whether somebody sees it (None: nobody has signed in)."""

    title: Text
    page: str
    shown_to: Callable[[Actor | None], bool]


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry in one page's menu; `here`: the page lies beneath it."""

    title: Text
    address: str
    here: bool


def _applies(actor: Actor | None) -> bool:
    """The steps are for whoever applies, or may one day."""
    return actor is None or actor.desk is DeskKind.AGENCY


def _strangers(actor: Actor | None) -> bool:
    return actor is None


def _admits(actor: Actor | None) -> bool:
    return actor is not None and actor.desk in {DeskKind.C06, DeskKind.PC06} and Role.HANDLER in actor.roles


def _knows_agencies(actor: Actor | None) -> bool:
    return actor is not None and actor.desk in {DeskKind.C06, DeskKind.PC06}


def _has_servers(actor: Actor | None) -> bool:
    return actor is not None and actor.desk is DeskKind.C06


def _operates_a_platform(actor: Actor | None) -> bool:
    return actor is not None and actor.desk in PLATFORM_OF


def _signed_in(actor: Actor | None) -> bool:
    return actor is not None


def _sees_figures(actor: Actor | None) -> bool:
    return actor is not None and (actor.desk in {DeskKind.C06, DeskKind.PC06} or Role.AUDITOR in actor.roles)


def _works_on_accounts(actor: Actor | None) -> bool:
    return actor is not None and bool(_ACCOUNTS.get(actor.desk, frozenset()) & actor.roles)


_HANDLING = frozenset({Role.HANDLER, Role.AUDITOR})
_ACCOUNTS = {
    DeskKind.AGENCY: frozenset({Role.REPRESENTATIVE, Role.CLERK, Role.OFFICER}),
    DeskKind.COMMUNE_POLICE: _HANDLING,
    DeskKind.DISTRICT_POLICE: _HANDLING,
    DeskKind.PC06: _HANDLING,
    DeskKind.C06: _HANDLING,
}


def _checks(actor: Actor | None) -> bool:
    return actor is not None and Role.AUDITOR in actor.roles


def _reads_mail(actor: Actor | None) -> bool:
    return actor is not None and actor.desk is DeskKind.C06 and bool(actor.roles & {Role.HANDLER, Role.AUDITOR})


def _answers_citizens(actor: Actor | None) -> bool:
    """Of agencies, those that are in it for the first time find the page by the letter and the panel of their day."""
    return actor is not None and actor.desk is DeskKind.C06 and bool(actor.roles & {Role.HANDLER, Role.AUDITOR})


# Rooms add their own rows, in the order in which people look for them.
ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(Text("Việc của tôi", "My day"), "day", _signed_in),
    Entry(Text("Tìm hồ sơ", "Search"), "day_search", _signed_in),
    Entry(Text("Tài khoản cán bộ", "Accounts"), "accounts:start", _works_on_accounts),
    Entry(Text("Số liệu", "Figures"), "day_figures", _sees_figures),
    Entry(Text("Bàn thư", "Mail desk"), "mailroom:desk", _reads_mail),
    Entry(Text("Dịch vụ", "Services"), "public:services", _strangers),
    Entry(Text("Các bước kết nối", "How to connect"), "public:connect", _applies),
    Entry(Text("Cơ quan", "Agencies"), "agencies:list", _knows_agencies),
    Entry(Text("Mở tài khoản cơ quan", "Admissions"), "staff:admissions", _admits),
    Entry(Text("Đăng ký nền tảng", "Registrations"), "publication:registrations", _operates_a_platform),
    Entry(Text("Cảnh báo", "Alarms"), "alarms:list", _has_servers),
    Entry(Text("Phản ánh", "Objections"), "identities:list", _answers_citizens),
    Entry(Text("Máy chủ", "Servers"), "publication:overview", _has_servers),
    Entry(Text("Nhân sự", "People"), "staff:people", _signed_in),
    Entry(Text("Nhật ký", "Audit log"), "audit:log", _checks),
)


def menu(request: HttpRequest) -> list[Shown]:
    """What stands in the menu of this page; the entry with the longest address above the page is where one is."""
    actor: Actor | None = getattr(request, "actor", None)
    shown = [(entry.title, reverse(entry.page)) for entry in ENTRIES if entry.shown_to(actor)]
    above = max((address for _, address in shown if request.path.startswith(address)), key=len, default="")
    if request.resolver_match is not None and request.resolver_match.namespace == "connection":
        # Pages of one application, whose addresses only begin as those of the public steps do.
        above = ""
    return [Shown(title, address, address == above) for title, address in shown]
