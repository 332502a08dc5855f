"""The survey form and the security assessment, begun within the test: seed §2.1 and paper 5 of §2.2."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process import effects
from ketnoi_portal.process.case import Confirmation, Stage
from ketnoi_portal.process.requirements import L761, TT46
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.process.step import BEFORE_PRODUCTION, RUNNING, TEST_STAGES, Step, stages

ASSESSMENT_STEPS: Final[tuple[Step, ...]] = (
    Step(
        "send_survey",
        Text("Gửi phiếu khảo sát", "Send the survey form"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        TEST_STAGES | stages(Stage.TESTED),
        None,
        ("2.1/4",),
        "490/KH-BCA-A05",
        effect=lambda case, unit: case.but(survey_sent=True),
        when=lambda case: not case.survey_sent,
    ),
    Step(
        "ask_agency",
        Text("Hỏi thêm cơ quan", "Ask the agency"),
        Role.ASSESSOR,
        None,
        BEFORE_PRODUCTION | RUNNING,
        None,
        ("2.1/4",),
        f"{TT46}, Điều 6",
        effect=effects.ask,
        units=effects.each_assessor,
        when=lambda case: case.survey_sent,
        desk_of=effects.assessor_of,
        needs_reason=True,
    ),
    Step(
        "answer_assessor",
        Text("Trả lời A05, A06", "Answer the assessor"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        BEFORE_PRODUCTION | RUNNING,
        None,
        ("2.1/4",),
        f"{TT46}, Điều 6",
        effect=effects.answer,
        units=lambda case: sorted(case.open_questions),
        needs_reason=True,
    ),
    Step(
        "confirm_security",
        Text("Xác nhận bảo đảm an ninh, an toàn", "Confirm the security"),
        Role.ASSESSOR,
        None,
        BEFORE_PRODUCTION | RUNNING,
        None,
        ("2.2/5",),
        f"{TT46}, Điều 6",
        papers=(5,),
        effect=effects.says(Confirmation.VALID),
        units=effects.each_assessor,
        when=lambda case: case.survey_sent,
        desk_of=effects.assessor_of,
        decides=True,
    ),
    Step(
        "deny_security",
        Text("Không xác nhận", "Do not confirm"),
        Role.ASSESSOR,
        None,
        BEFORE_PRODUCTION | RUNNING,
        None,
        ("2.2/5",),
        f"{TT46}, Điều 6",
        papers=(5,),
        effect=effects.says(Confirmation.DENIED),
        units=effects.each_assessor,
        when=lambda case: case.survey_sent,
        desk_of=effects.assessor_of,
        decides=True,
        needs_reason=True,
    ),
    Step(
        "declare_change",
        Text("Khai báo thay đổi thiết kế", "Declare a change of design"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        BEFORE_PRODUCTION | RUNNING,
        None,
        ("2.2/5",),
        f"{TT46}, Điều 6",
        effect=effects.all_stale,
        when=lambda case: any(said is Confirmation.VALID for _, said in case.confirmations),
        needs_reason=True,
    ),
    Step(
        "lapse_confirmation",
        Text("Văn bản xác nhận hết hạn", "The confirmation lapses"),
        Role.SYSTEM,
        None,
        BEFORE_PRODUCTION | RUNNING,
        None,
        ("2.2/5",),
        f"{TT46}, Điều 6",
        effect=lambda case, unit: case.with_confirmation(DeskKind(unit), Confirmation.STALE),
        # The date alone has made it stale already: this writes it down and tells everybody.
        units=effects.said_by(Confirmation.VALID, Confirmation.STALE),
        desk_of=lambda case, unit: DeskKind.AGENCY,
    ),
    Step(
        "replace_certificate",
        Text("Thay chứng thư của máy chủ bảo mật", "Replace the security server's certificate"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        BEFORE_PRODUCTION,
        None,
        ("2.1/3",),
        L761,
        # The platform must register the new one before anything is open again.
        effect=effects.deregister,
        units=effects.registered,
        needs_reason=True,
    ),
)
