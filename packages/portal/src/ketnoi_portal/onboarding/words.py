"""Names for people: services, units of steps, what is missing, who acted."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.case import ASSESSORS, Case
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.effects import call_of, paper_of, platform_of
from ketnoi_portal.process.removal import REMOVAL_STEPS
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.process.rotation import ROTATION_STEPS
from ketnoi_protocol.services import Catalogue, Environment, Service, System

ENVIRONMENTS: Final = {
    Environment.TEST: Text("thử nghiệm", "test"),
    Environment.PRODUCTION: Text("chính thức", "production"),
}
OUTCOMES: Final = {
    "answered": Text("được trả lời", "answered"),
    "refused": Text("bị từ chối đúng quy định", "refused as it must be"),
}
PAPERS: Final = {
    1: Text("(1) Đăng ký sử dụng dịch vụ", "(1) Service registration"),
    2: Text("(2) Đăng ký tài khoản", "(2) Account registration"),
    3: Text("(3) Cam kết của tổ chức", "(3) The organisation's commitment"),
    4: Text("(4) Cam kết của cá nhân", "(4) Personal commitment"),
}
_OF_A_SERVER: Final = frozenset(
    {
        "register_on_platform",
        "remove_from_platform",
        "replace_certificate",
        *(each.name for each in (*ROTATION_STEPS, *REMOVAL_STEPS)),
    }
)
_ITEMS: Final = {
    "test": Text("môi trường thử nghiệm", "test environment"),
    "claim": Text("chưa có người đại diện nhận", "nobody has claimed it"),
    "check": Text("chưa có lần kiểm tra đạt", "no check has passed"),
    "agency": Text("chờ cơ quan", "waiting for the agency"),
    "survey": Text("phiếu khảo sát", "survey form"),
    "account": Text("chưa có tài khoản nào", "no account yet"),
    "expired": Text("đã quá hạn", "time is over"),
}


def service_title(service: Service | str, system: System | str) -> Text:
    """A service's name in the catalogue."""
    entry = Catalogue.load().entry(system, service, Environment.TEST)
    return Text(entry.title_vi, entry.title_en)


def unit_words(step_name: str, unit: str, case: Case) -> Text | None:
    """What a step is taken for, in words; None where it stands for the whole application."""
    if not unit:
        return None
    if step_name in _OF_A_SERVER:
        platform, environment = platform_of(unit)
        told = ENVIRONMENTS[environment]
        return Text(f"{platform}, {told.vi}", f"{platform}, {told.en}")
    if step_name == "take_account":
        return ENVIRONMENTS[Environment(unit)]
    if step_name == "record_test_call":
        service, outcome = call_of(unit)
        title, ended = service_title(service, case.system), OUTCOMES[outcome]
        return Text(f"{title.vi}: {ended.vi}", f"{title.en}: {ended.en}")
    if step_name in ("decide", "decline"):
        return CHARTS[case.chart_name].leadership[int(unit) - 1].title
    if unit in ASSESSORS:
        return DESK_TITLES[DeskKind(unit)]
    if step_name in ("file_paper", "accept_paper", "reject_paper", "withdraw_commitment"):
        number, account = paper_of(unit)
        title = PAPERS[number]
        return Text(f"{title.vi}: {account}", f"{title.en}: {account}") if account else title
    return Text(unit, unit)


def item_words(item: str, case: Case) -> Text:
    """One thing that a requirement misses, in words."""
    if item in case.services:
        return service_title(item, case.system)
    if item.isdigit() and case.defects and item == str(case.defects):
        return Text(f"còn {item} lỗi", f"{item} to mend")
    for desk in ASSESSORS:
        if item == DESK_TITLES[desk].vi:
            return DESK_TITLES[desk]
    for level in case.chart.leadership:
        if item == level.title.vi:
            return level.title
    return _ITEMS.get(item, Text(item, item))
