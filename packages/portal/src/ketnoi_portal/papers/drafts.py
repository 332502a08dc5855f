"""Drafts for those who decide: an assessor's confirmation, leadership's decision sheet, and the survey form."""

from __future__ import annotations

from typing import Any, Final

from ketnoi_pages import clock
from ketnoi_portal.onboarding.models import Application, Assessment, Survey
from ketnoi_portal.papers.contents import BASES, SYSTEMS, framed, marked, services_of
from ketnoi_portal.papers.letterhead import full_name, place_and_date
from ketnoi_portal.process.case import ASSESSORS, Confirmation, Outcome, PaperState
from ketnoi_portal.process.effects import each_paper, paper_of
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.process.survey import BLOCKS
from ketnoi_protocol.services import System

_MINISTRY: Final = "Bộ Công an"
# A06's full name stands in no public source: its label is printed as the guidance writes it.
_OFFICES: Final = {
    DeskKind.A05: "Cục An ninh mạng và phòng, chống tội phạm sử dụng công nghệ cao",
    DeskKind.A06: "A06",
    DeskKind.C06: "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
}
_STATES: Final = {PaperState.FILED: "Đã nộp, chưa chấp nhận", PaperState.ACCEPTED: "Đã chấp nhận", None: "Chưa có"}
_TITLES: Final = {
    1: "(1) Đăng ký sử dụng dịch vụ",
    2: "(2) Đăng ký tài khoản sử dụng dịch vụ",
    3: "(3) Cam kết của tổ chức",
    4: "(4) Cam kết của cá nhân",
}


def survey(application: Application) -> dict[str, Any]:
    """Phiếu khảo sát hệ thống kết nối, to A05, with what has been answered so far."""
    kept = Survey.objects.filter(application=application).first()
    answers = kept.answers if kept else {}
    files: dict[str, list[str]] = {}
    for each in kept.attachments.order_by("pk") if kept else ():
        files.setdefault(each.question, []).append(each.file_name)
    form, system = application.registration, System(application.system)
    data = framed(
        application.organisation,
        "Phiếu khảo sát",
        f"Hệ thống kết nối với {SYSTEMS[system]}",
        to=f"{_OFFICES[DeskKind.A05]} (A05), {_MINISTRY}.",
        head=form.head,
    )
    data |= {
        "information_system": form.information_system,
        "security_level": f"Cấp độ {form.security_level}" if form.security_level else "",
        "blocks": [
            {
                "title": f"{block.letter}) {block.title.vi}",
                "items": [
                    {
                        "question": each.title.vi,
                        "answer": answers.get(each.key, ""),
                        "attachments": files.get(each.key, []),
                    }
                    for each in block.questions
                ],
            }
            for block in BLOCKS
        ],
    }
    return marked(data, application.number, "khảo sát")


def confirmation(application: Application, assessor: DeskKind, said: Assessment | None = None) -> dict[str, Any]:
    """Văn bản xác nhận of A05 or A06; without an assessment its fields are left open."""
    form, system = application.registration, System(application.system)
    data = framed(
        application.organisation,
        "Văn bản xác nhận",
        "Bảo đảm bảo mật, an ninh, an toàn thông tin\ncủa hệ thống công nghệ thông tin",
        to=f"{full_name(application.organisation)}.",
        head=form.head,
        recipients=("Như trên", "Cục C06", f"Lưu: VT, {DESK_TITLES[assessor].vi.removeprefix('Cục ')}"),
    )
    data |= _from(assessor)
    data |= {
        "basis": [f"{each[:-1]};" for each in BASES[system]] + ["Căn cứ Kế hoạch số 490/KH-BCA-A05 ngày 22/11/2021."],
        "system": SYSTEMS[system],
        "office": _OFFICES[assessor],
        "information_system": form.information_system,
        "security_level": f"Cấp độ {form.security_level}" if form.security_level else "",
        "scope": said.scope if said else "",
        "result": _result(said),
        "conditions": said.conditions if said else "",
        "validity": f"đến ngày {said.valid_until:%d/%m/%Y}" if said and said.valid_until else "",
        "draft": True,
    }
    if said and said.number:
        data["number"] = said.number
    return marked(data, application.number, f"5/{assessor}")


def _result(said: Assessment | None) -> str:
    if said is None:
        return ""
    kept = said.said == Confirmation.VALID
    return "bảo đảm an ninh, an toàn thông tin để kết nối" if kept else "chưa bảo đảm an ninh, an toàn thông tin"


def decision_sheet(application: Application) -> dict[str, Any]:
    """Phiếu trình: what C06 lays before leadership, with each level's place."""
    case, form = application.case(), application.registration
    system = System(application.system)
    data = framed(
        application.organisation,
        "Phiếu trình",
        f"Đưa kết nối {SYSTEMS[system]}\nvào chạy chính thức",
        to="Lãnh đạo phê duyệt.",
        head=form.head,
        recipients=("Như trên", "Lưu: VT, C06"),
    )
    data |= _from(DeskKind.C06)
    said = {each.level: each for each in application.decisions.filter(standing=True, agreed=True)}
    rows = [(unit, case.paper(*paper_of(unit))) for unit in each_paper(case)]
    data |= {
        "basis": BASES[system],
        "system": SYSTEMS[system],
        "dossier": application.number,
        "papers": [{"title": paper_title(unit), "state": _STATES[state]} for unit, state in rows]
        + [
            {"title": f"(5) Xác nhận của {DESK_TITLES[each].vi}", "state": _confirmed(case, each)} for each in ASSESSORS
        ],
        "services": services_of(application),
        "months": f"{form.months} tháng",
        "test": _test(application),
        "levels": [
            {"title": level.title.vi, "said": _agreed(said.get(number))}
            for number, level in enumerate(case.chart.leadership, 1)
        ],
        "draft": True,
    }
    return marked(data, application.number, "phiếu trình")


def paper_title(unit: str) -> str:
    """A paper's title with its account."""
    number, account = paper_of(unit)
    return _TITLES[number] + (f": {account}" if account else "")


def _confirmed(case: Any, assessor: DeskKind) -> str:
    said = case.confirmation(assessor)
    return {
        Confirmation.VALID: "Đã xác nhận",
        Confirmation.STALE: "Hết giá trị, phải đánh giá lại",
        Confirmation.DENIED: "Không xác nhận",
    }.get(said, "Chưa có")


def _agreed(decision: Any) -> str:
    if decision is None:
        return ""
    day = f", ngày {decision.dated:%d/%m/%Y}" if decision.dated else ""
    return f"Đồng ý. Số {decision.number}{day}"


def _test(application: Application) -> str:
    counted = application.test_calls.filter(counts=True)
    answered = counted.filter(outcome=Outcome.ANSWERED).count()
    refused = counted.filter(outcome=Outcome.REFUSED).count()
    checked = "đạt" if application.connection_checked else "chưa đạt"
    return (
        f"Kiểm tra kết nối: {checked}. Số lần gọi thử được trả lời có bằng chứng: {answered}; số lần gọi thử bị từ "
        f"chối đúng quy định có bằng chứng: {refused}."
    )


def _from(office: DeskKind) -> dict[str, Any]:
    """Issued by an office of the ministry, in the capital, signed by its head."""
    return {
        "author": _OFFICES[office],
        "superior": [_MINISTRY],
        "issuer": [_OFFICES[office]],
        "place-and-date": place_and_date("Hà Nội", clock.today().year),
        "signature": {"office": ["Cục trưởng"], "how": "", "name": ""},
    }
