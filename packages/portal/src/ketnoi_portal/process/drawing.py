"""The process as a picture (SVG) and as tables (Markdown), made from the tables that the rules read."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.account_steps import ACCOUNT_STEPS
from ketnoi_portal.process.case import STAGE_TITLES, Stage
from ketnoi_portal.process.charts import CHARTS, LEVEL_TITLES, Chart, Level
from ketnoi_portal.process.requirements import GATE_TITLES, REQUIREMENTS
from ketnoi_portal.process.roles import DESK_TITLES, ROLES, DeskKind
from ketnoi_portal.process.seed import PASSAGES
from ketnoi_portal.process.step import Step
from ketnoi_portal.process.unit_commitments import UNIT_STEPS
from ketnoi_portal.process.workflow import STEPS
from ketnoi_protocol.services import System

LANES: Final = (
    Text("Cơ quan", "Agency"),
    Text("PC06", "PC06"),
    Text("C06", "C06"),
    Text("Lãnh đạo", "Leadership"),
    Text("Kết thúc", "Over"),
)

# Where each stage stands in the picture: lane and row.
_PLACES: Final = {
    Stage.DRAFT: (0, 0),
    Stage.SUBMITTED: (2, 0),
    Stage.RETURNED: (0, 1),
    Stage.OPENING: (2, 2),
    Stage.TESTING: (0, 3),
    Stage.TESTED: (0, 4),
    Stage.WITH_PC06: (1, 5),
    Stage.WITH_C06: (2, 5),
    Stage.WITH_LEADERSHIP: (3, 5),
    Stage.APPROVED: (2, 7),
    Stage.LIVE: (0, 8),
    Stage.SUSPENDED: (2, 9),
    Stage.REFUSED: (4, 0),
    Stage.WITHDRAWN: (4, 3),
    Stage.REVOKED: (4, 7),
    Stage.EXPIRED: (4, 8),
    Stage.SUPERSEDED: (4, 9),
}
_LANE, _ROW, _BOX, _HIGH, _TOP, _LEFT = 256, 96, 226, 46, 84, 20

# Steps that lead to one place from nearly everywhere would only cover the rest with lines.
_NOT_DRAWN: Final = frozenset({"withdraw", "discard", "supersede", "replace_certificate", "remove_from_platform"})


def state_diagram() -> str:
    """The stages by whose turn it is, and the steps between them; each arrow bears its number in the table of steps."""
    width = _LEFT * 2 + _LANE * len(LANES)
    height = _TOP + _ROW * (1 + max(row for _, row in _PLACES.values())) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13">',
        '<title id="title">Các giai đoạn của một đăng ký kết nối · the stages of an application</title>',
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#5b6470"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for lane, title in enumerate(LANES):
        x = _LEFT + lane * _LANE
        if lane % 2 == 0:
            parts.append(f'<rect x="{x}" y="10" width="{_LANE}" height="{height - 20}" fill="#f5f2ec"/>')
        parts.append(
            f'<text x="{x + _LANE / 2}" y="38" text-anchor="middle" font-weight="700" fill="#8c1515">{title.vi}</text>'
            f'<text x="{x + _LANE / 2}" y="56" text-anchor="middle" fill="#5b6470">{title.en}</text>'
        )
    parts += [_arrow(source, target, numbers) for (source, target), numbers in _arrows().items()]
    parts += [_box(stage) for stage in Stage]
    return "\n".join([*parts, "</svg>\n"])


def _arrows() -> dict[tuple[Stage, Stage], list[int]]:
    """Between which stages steps lead, with the steps' numbers."""
    found: dict[tuple[Stage, Stage], list[int]] = {}
    for number, step in enumerate(STEPS, 1):
        if step.name in _NOT_DRAWN:
            continue
        for source, target in _moves(step):
            found.setdefault((source, target), []).append(number)
    return found


def _moves(step: Step) -> Iterable[tuple[Stage, Stage]]:
    # Two effects move an application by themselves.
    if step.name == "pass_connection_check":
        return [(Stage.OPENING, Stage.TESTING)]
    if step.name == "decide":
        return [(Stage.WITH_LEADERSHIP, Stage.APPROVED)]
    if step.target is None:
        return []
    return [(source, step.target) for source in sorted(step.sources) if source is not step.target]


def _middle(stage: Stage) -> tuple[float, float]:
    lane, row = _PLACES[stage]
    return _LEFT + lane * _LANE + _LANE / 2, _TOP + row * _ROW + _HIGH / 2


def _box(stage: Stage) -> str:
    x, y = _middle(stage)
    title = STAGE_TITLES[stage]
    strong = stage is Stage.LIVE
    fill, ink = ("#8c1515", "#ffffff") if strong else ("#ffffff", "#1d2733")
    small = "#f3dada" if strong else "#5b6470"
    return (
        f'<g><rect x="{x - _BOX / 2}" y="{y - _HIGH / 2}" width="{_BOX}" height="{_HIGH}" rx="8" fill="{fill}" '
        f'stroke="#8c1515" stroke-width="1.2"/>'
        f'<text x="{x}" y="{y - 4}" text-anchor="middle" fill="{ink}" font-weight="600" font-size="12.5">'
        f"{escape(title.vi)}</text>"
        f'<text x="{x}" y="{y + 13}" text-anchor="middle" fill="{small}" font-size="11">{escape(title.en)}</text></g>'
    )


def _arrow(source: Stage, target: Stage, numbers: list[int]) -> str:
    (x1, y1), (x2, y2) = _middle(source), _middle(target)
    # There and back run beside each other, not on one line.
    aside = 12 if source > target else -12
    curve = ""
    if y1 == y2:
        right = x2 > x1
        begin, end = (
            (x1 + (_BOX / 2 if right else -_BOX / 2), y1 + aside),
            (x2 - (_BOX / 2 if right else -_BOX / 2), y2 + aside),
        )
    else:
        down = y2 > y1
        lean = 0.25 * max(-_LANE, min(_LANE, x2 - x1))
        begin = (x1 + lean + aside, y1 + (_HIGH / 2 if down else -_HIGH / 2))
        end = (x2 - lean + aside, y2 - (_HIGH / 2 if down else -_HIGH / 2))
    half = ((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2)
    if y2 < y1 - 2 * _ROW and x2 < x1:
        # A long way back goes round the boxes: first along the row, then up the lane.
        begin, end = (x1 - _BOX / 2, y1), (x2 + aside, y2 + _HIGH / 2)
        curve, half = f"H{end[0] + 40:.0f} Q{end[0]:.0f} {y1:.0f} {end[0]:.0f} {y1 - 40:.0f} ", (x1 - _LANE, y1)
    told = ", ".join(map(str, numbers))
    wide = 8 + 7 * len(told)
    return (
        f'<path d="M{begin[0]:.0f} {begin[1]:.0f} {curve}L{end[0]:.0f} {end[1]:.0f}" fill="none" stroke="#5b6470" '
        f'marker-end="url(#tip)"/>'
        f'<rect x="{half[0] - wide / 2:.0f}" y="{half[1] - 9:.0f}" width="{wide}" height="18" rx="9" fill="#fff8e6" '
        f'stroke="#c9a227"/><text x="{half[0]:.0f}" y="{half[1] + 4:.0f}" text-anchor="middle" font-size="11" '
        f'fill="#1d2733">{told}</text>'
    )


# Tables


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def both(text: Text) -> str:
    """Vietnamese above, English beneath."""
    return f"{text.vi}<br>*{text.en}*"


def steps() -> str:
    """Every step: who, from where to where, at which gate, with which papers, on what basis."""
    rows = [
        (
            str(number),
            both(step.title),
            f"{ROLES[step.role].title.vi}<br>{DESK_TITLES[step.desk].vi if step.desk else _SEVERAL[step.name]}",
            ", ".join(STAGE_TITLES[stage].vi for stage in Stage if stage in step.sources),
            STAGE_TITLES[step.target].vi if step.target else "–",
            GATE_TITLES[step.gate].vi if step.gate else "–",
            ", ".join(map(str, step.papers)) or "–",
            step.legal,
            ", ".join(step.seed),
        )
        for number, step in enumerate(STEPS, 1)
    ]
    head = (
        "số",
        "bước · step",
        "ai · who",
        "từ · from",
        "đến · to",
        "điều kiện · gate",
        "giấy tờ",
        "căn cứ",
        "hướng dẫn",
    )
    return table(head, rows)


_OPERATOR: Final = "đơn vị vận hành nền tảng đó"
_ASSESSOR: Final = "A05 hoặc A06"
_DOSSIER: Final = "nơi đang giữ hồ sơ: PC06 hoặc C06"
_SEVERAL: Final = {
    "register_on_platform": _OPERATOR,
    "remove_from_platform": _OPERATOR,
    "register_beside": _OPERATOR,
    "drop_certificate": _OPERATOR,
    "retire_certificate": _OPERATOR,
    "pass_check_after_removal": "–",
    "ask_agency": _ASSESSOR,
    "confirm_security": _ASSESSOR,
    "deny_security": _ASSESSOR,
    "accept_paper": _DOSSIER,
    "reject_paper": _DOSSIER,
    "return_dossier": _DOSSIER,
    "pass_connection_check": "–",
    "fail_connection_check": "–",
    "record_test_call": "–",
    "lapse_confirmation": "–",
    "reach_end_date": "–",
    "supersede": "–",
    "pass_rotation_check": "–",
    "fail_rotation_check": "–",
    "follow_certificate": "–",
}


def requirements() -> str:
    """What each gate asks for, by system."""
    marks = {True: "●", False: ""}
    rows = [
        (
            both(row.title),
            str(row.paper or ""),
            ", ".join(GATE_TITLES[gate].vi for gate in GATE_TITLES if gate in row.gates),
            marks[System.POPULATION in row.systems],
            marks[System.IDENTITY in row.systems],
            row.legal,
            row.seed,
        )
        for row in REQUIREMENTS
    ]
    head = ("yêu cầu · requirement", "giấy tờ", "khi · at", "dân cư", "định danh", "căn cứ", "hướng dẫn")
    return table(head, rows)


def receivers(chart: Chart) -> str:
    """Who receives what, by level, under one chart."""

    def route(desks: tuple[DeskKind, ...] | None, *after: str) -> str:
        return " → ".join([*(DESK_TITLES[desk].vi for desk in desks), *after]) if desks else "–"

    rows = [
        (
            both(LEVEL_TITLES[level]),
            route(chart.dossier_routes.get(level), *(each.title.vi for each in chart.leadership)),
            route(chart.account_routes.get(level)),
        )
        for level in Level
    ]
    told = table(("cấp · level", "hồ sơ chạy chính thức · dossier", "tài khoản khai thác · accounts"), rows)
    return f"{told}\n\n{_own_requests(chart)}"


def _own_requests(chart: Chart) -> str:
    """Who decides what a deciding body asks for itself, under one chart."""
    lines = [
        f"- {DESK_TITLES[first].vi}: {DESK_TITLES[second].vi} quyết định thay. *{DESK_TITLES[second].en} decides for "
        f"{DESK_TITLES[first].en}.*"
        for first, second in chart.substitutes.items()
    ]
    lines += [
        f"- {DESK_TITLES[desk].vi}: không có cấp nào ở trên, nên quyết định cả cho đơn vị của chính mình (`{body}`). "
        f"*{DESK_TITLES[desk].en}: nobody stands above it, so it decides for its own body (`{body}`), too.*"
        for desk, body in chart.last_instance.items()
    ]
    lines.append(
        f"- Cơ quan quản lý dữ liệu (`{chart.keeper}`) không đăng ký với chính mình. *The keeper of the registers "
        f"(`{chart.keeper}`) does not apply to itself.*"
    )
    head = "Đề nghị của chính nơi quyết định [OC] · What a deciding body itself asks for [OC]:"
    return "\n".join([head, "", *lines])


def sentences() -> str:
    """Every passage of the guidance and what carries it out, or that nothing does yet."""
    carried: dict[str, list[str]] = {}
    for kind, rows in (
        ("bước", STEPS),
        ("bước tài khoản", ACCOUNT_STEPS),
        ("bước cam kết đơn vị", UNIT_STEPS),
    ):
        for number, step in enumerate(rows, 1):
            for id_ in step.seed:
                carried.setdefault(id_, []).append(f"{kind} {number}")
    for row in REQUIREMENTS:
        carried.setdefault(row.seed, []).append(f"`{row.key}`")
    told = [
        (each.id, each.text, ", ".join([*carried.get(each.id, []), *(f"`{place}`" for place in each.carried_by)]))
        for each in PASSAGES
        if not each.is_title
    ]
    return table(("số", "hướng dẫn · the guidance", "thực hiện bởi · carried out by"), told)


def process_page(note: str) -> str:
    """The whole page of reference."""
    charts = "\n\n".join(
        f"### `{chart.name}`: {chart.title.vi} · {chart.title.en}\n\n{receivers(chart)}" for chart in CHARTS.values()
    )
    return f"""{note}
# Quy trình · The process

Mọi bảng dưới đây in từ dữ liệu mà cổng dùng để quyết định. Every table here is printed from the data that the portal
decides by.

![Các giai đoạn và các bước](process.svg)

Rút đăng ký, thay chứng thư, gỡ khỏi nền tảng và thay bằng đăng ký mới không vẽ trong hình. Withdrawing, replacing a
certificate, removal from a platform and replacement by a newer application are not drawn.

## Các bước · Steps

{steps()}

### Chứng thư kế tiếp · The next certificate

Máy chủ bảo mật đổi chứng thư xác thực mà không ngừng cuộc gọi nào: chứng thư kế tiếp được đăng ký bên cạnh chứng thư
cũ, kiểm tra kết nối đạt dưới chứng thư mới rồi chứng thư cũ mới được gỡ. Hướng dẫn không nói đến việc này; các bước
là lựa chọn của cổng [OC]. Khi chạy chính thức chỉ cần một lần kiểm tra đạt, vì điều đã duyệt không đổi.
Trước khi chạy chính thức, thay chứng thư của môi trường thử nghiệm thì thử nghiệm làm lại từ đầu: bằng chứng gọi thử
chỉ tính cho một chứng thư. *A server changes its authentication certificate while calls go on: the next one is
registered beside the old one, a connection check passes under it, and only then the old one is retired. The guidance
says nothing of it: these steps are our own choice. In production one passed check is asked, since nothing approved
changes. Before production another certificate in the test environment makes the test begin anew: the proofs of test
calls count for one certificate.*

## Yêu cầu · Requirements

{requirements()}

## Ai tiếp nhận · Who receives what

{charts}

## Từng câu của hướng dẫn · The guidance, sentence by sentence

Các bước tài khoản ở [trang tài khoản](accounts.md). Steps of accounts are on the [page of accounts](accounts.md).

{sentences()}
"""
