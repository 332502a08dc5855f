"""What must be there before a gate opens: the papers of the guidance, and what they rest on.

Each row says at which gates it is asked for, for which system, on what basis, and what is missing in a case. The
rules ask every row at every gate; a page shows the same rows as a checklist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.case import ASSESSORS, Case, Confirmation, Outcome, PaperState, Rotation
from ketnoi_portal.process.roles import DESK_TITLES
from ketnoi_protocol.services import Environment, Service, System


class Gate(StrEnum):
    """A point that an application passes only when its requirements are met."""

    SUBMIT = "submit"
    ACCEPT = "accept"
    CONFIRM_TEST = "confirm_test"
    HAND_IN = "hand_in"
    LEADERSHIP = "leadership"
    GO_LIVE = "go_live"


GATE_TITLES: Final = {
    Gate.SUBMIT: Text("Gửi đăng ký", "Sending the registration"),
    Gate.ACCEPT: Text("C06 tiếp nhận", "C06 accepts"),
    Gate.CONFIRM_TEST: Text("Xác nhận thử nghiệm xong", "Confirming the test"),
    Gate.HAND_IN: Text("Nộp hồ sơ", "Handing the dossier in"),
    Gate.LEADERSHIP: Text("Trình lãnh đạo", "Submitting to leadership"),
    Gate.GO_LIVE: Text("Chạy chính thức", "Going live"),
}

BOTH: Final = frozenset(System)
POPULATION: Final = frozenset({System.POPULATION})

# From the hand-in on everything is asked for again at each gate, so that what has lapsed meanwhile stops it.
_FROM_HAND_IN: Final = frozenset({Gate.HAND_IN, Gate.LEADERSHIP, Gate.GO_LIVE})
_ACCEPTED: Final = frozenset({Gate.LEADERSHIP, Gate.GO_LIVE})


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row. `paper` is its number in seed §2.2; `missing` names what is not there yet (empty: met)."""

    key: str
    title: Text
    mend: Text
    gates: frozenset[Gate]
    systems: frozenset[System]
    legal: str
    seed: str
    missing: Callable[[Case], list[str]]
    paper: int | None = None


def _form(case: Case) -> list[str]:
    return [str(case.defects)] if case.defects else []


def _claimed(case: Case) -> list[str]:
    return [] if case.claimed else ["claim"]


def _registered(environment: Environment) -> Callable[[Case], list[str]]:
    return lambda case: [each for each in sorted(case.platforms) if (each, environment) not in case.registered]


def _account(case: Case) -> list[str]:
    return [] if Environment.TEST in case.accounts_taken else [Environment.TEST.value]


def _connection(case: Case) -> list[str]:
    return [] if case.connection_checked else ["check"]


def _calls(outcome: Outcome) -> Callable[[Case], list[str]]:
    def missing(case: Case) -> list[str]:
        return [service for service in Service if service in case.services and (service, outcome) not in case.calls]

    return missing


def _test_confirmed(case: Case) -> list[str]:
    return [] if case.test_confirmed else ["agency"]


def _survey(case: Case) -> list[str]:
    return [] if case.survey_sent else ["survey"]


def _confirmed(case: Case) -> list[str]:
    return [DESK_TITLES[each].vi for each in ASSESSORS if case.confirmation(each) is not Confirmation.VALID]


def _filed(number: int) -> Callable[[Case], list[str]]:
    return lambda case: [] if case.paper(number) is not None else [str(number)]


def _is_accepted(number: int) -> Callable[[Case], list[str]]:
    return lambda case: [] if case.paper(number) is PaperState.ACCEPTED else [str(number)]


def _accounts_listed(case: Case) -> list[str]:
    return [] if case.listed else ["account"]


def _commitments(wanted: frozenset[PaperState]) -> Callable[[Case], list[str]]:
    def missing(case: Case) -> list[str]:
        return [account for account in sorted(case.listed) if case.paper(4, account) not in wanted]

    return missing


def _unchecked(case: Case) -> list[str]:
    there = (Environment.PRODUCTION, Rotation.ALONE)
    return [each for each in sorted(case.platforms) if (there[0], case.rotation((each, there[0]))) == there]


def _within_time(case: Case) -> list[str]:
    return ["expired"] if case.expired else []


_ANY: Final = frozenset(PaperState)
TT46: Final = "Thông tư 46/2022/TT-BCA"
L761: Final = "761/VPCP-KSTT"
OUR_CHOICE: Final = f"{L761}; lựa chọn của cổng [OC]"


def _paper(number: int, title: Text, systems: frozenset[System], legal: str, seed: str) -> Iterable[Requirement]:
    """A paper that stands once: there when the dossier is handed in, accepted before leadership sees it."""
    yield Requirement(
        f"paper_{number}_filed",
        title,
        Text("Lập, ký và tải giấy tờ này lên", "Make, sign and upload this paper"),
        frozenset({Gate.HAND_IN}),
        systems,
        legal,
        seed,
        _filed(number),
        number,
    )
    yield Requirement(
        f"paper_{number}_accepted",
        title,
        Text("Đơn vị tiếp nhận phải chấp nhận giấy tờ này", "The receiving desk must accept this paper"),
        _ACCEPTED,
        systems,
        legal,
        seed,
        _is_accepted(number),
        number,
    )


REQUIREMENTS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "form_complete",
        Text("Phiếu đăng ký không còn lỗi", "The registration form has no defect"),
        Text("Sửa các lỗi mà phần kiểm tra trước nêu ra", "Mend the defects that the pre-check lists"),
        frozenset({Gate.SUBMIT, Gate.ACCEPT}),
        BOTH,
        f"{L761}, Phụ lục 2; {TT46}",
        "2.1/1",
        _form,
    ),
    Requirement(
        "claimed",
        Text(
            "Bản đăng ký gửi qua thư đã được người đại diện nhận", "What came by e-mail is claimed by a representative"
        ),
        Text(
            "Người đại diện của cơ quan đăng nhập và nhận bản đăng ký: địa chỉ thư của người gửi không chứng minh gì",
            "The organisation's representative signs in and claims it: a sender's address proves nothing",
        ),
        frozenset({Gate.SUBMIT}),
        BOTH,
        L761,
        "2.1/1",
        _claimed,
    ),
    Requirement(
        "registered_for_test",
        Text("Máy chủ bảo mật đã đăng ký trên nền tảng thử nghiệm", "The security server is registered for testing"),
        Text("Đơn vị vận hành nền tảng phải đăng ký máy chủ (SS)", "The platform's operator must register the server"),
        frozenset({Gate.ACCEPT}),
        BOTH,
        L761,
        "2.1/1",
        _registered(Environment.TEST),
    ),
    Requirement(
        "account_taken",
        Text("Cơ quan đã nhận tài khoản tích hợp", "The agency has taken its integration account"),
        Text("Người đại diện nhận tài khoản tích hợp trên cổng", "The representative takes the account in the portal"),
        frozenset({Gate.CONFIRM_TEST}),
        BOTH,
        L761,
        "2.1/2",
        _account,
    ),
    Requirement(
        "connection_checked",
        Text("Kết nối giữa hai hệ thống đã kiểm tra đạt", "The connection between both systems was checked"),
        Text("Chạy kiểm tra kết nối cho đến khi mọi mục đạt", "Run the connection check until every item passes"),
        frozenset({Gate.CONFIRM_TEST}) | _FROM_HAND_IN,
        BOTH,
        L761,
        "2.1/2",
        _connection,
    ),
    Requirement(
        "call_answered",
        Text("Mỗi dịch vụ có một lần gọi thử được trả lời, có bằng chứng", "Each service has an answered test call"),
        Text("Gọi thử dịch vụ này rồi nộp bằng chứng (.asice)", "Make a test call and hand in its evidence"),
        frozenset({Gate.CONFIRM_TEST}) | _FROM_HAND_IN,
        BOTH,
        L761,
        "2.1/3",
        _calls(Outcome.ANSWERED),
    ),
    Requirement(
        "call_refused",
        Text("Mỗi dịch vụ có một lần gọi thử bị từ chối đúng quy định, có bằng chứng", "Each has a refused test call"),
        Text(
            "Gọi thử với điều kiện phải bị từ chối (ví dụ thủ tục không được phép) rồi nộp bằng chứng",
            "Make a call that must be refused (say, with an unlicensed procedure) and hand in its evidence",
        ),
        frozenset({Gate.CONFIRM_TEST}) | _FROM_HAND_IN,
        BOTH,
        L761,
        "2.1/3",
        _calls(Outcome.REFUSED),
    ),
    Requirement(
        "test_confirmed",
        Text("Cơ quan đã xác nhận thử nghiệm xong", "The agency has confirmed the test"),
        Text("Người đại diện xác nhận thử nghiệm xong", "The representative confirms the test"),
        frozenset({Gate.CONFIRM_TEST}) | _FROM_HAND_IN,
        BOTH,
        L761,
        "2.1/3",
        _test_confirmed,
    ),
    Requirement(
        "survey_sent",
        Text("Phiếu khảo sát đã gửi A05", "The survey form was sent to A05"),
        Text("Điền và gửi phiếu khảo sát trong giai đoạn thử nghiệm", "Fill the survey form in and send it"),
        frozenset({Gate.CONFIRM_TEST}),
        BOTH,
        f"490/KH-BCA-A05; {TT46}, Điều 6",
        "2.1/4",
        _survey,
    ),
    *_paper(
        1,
        Text("(1) Đăng ký sử dụng dịch vụ", "(1) Service registration"),
        BOTH,
        f"{L761}; {TT46}",
        "2.2/1",
    ),
    *_paper(
        2,
        Text("(2) Đăng ký tài khoản sử dụng dịch vụ", "(2) Account registration"),
        POPULATION,
        L761,
        "2.2/2",
    ),
    Requirement(
        "accounts_listed",
        Text("Bản đăng ký tài khoản nêu ít nhất một tài khoản", "The account registration lists an account"),
        Text("Thêm những tài khoản đầu tiên vào giấy tờ số 2", "Add the first accounts to paper 2"),
        _FROM_HAND_IN,
        POPULATION,
        L761,
        "2.2/2",
        _accounts_listed,
        2,
    ),
    *_paper(
        3,
        Text("(3) Cam kết của tổ chức", "(3) The organisation's commitment"),
        POPULATION,
        f"{L761}; {TT46}",
        "2.2/3",
    ),
    Requirement(
        "commitments_filed",
        Text("(4) Cam kết của cá nhân: mỗi tài khoản một bản", "(4) A personal commitment for each account"),
        Text("Tải lên bản cam kết đã ký của người này", "Upload the signed commitment of this person"),
        frozenset({Gate.HAND_IN}),
        POPULATION,
        f"{L761}; {TT46}",
        "2.2/4",
        _commitments(_ANY),
        4,
    ),
    Requirement(
        "commitments_accepted",
        Text("(4) Cam kết của cá nhân: mỗi tài khoản một bản", "(4) A personal commitment for each account"),
        Text("Đơn vị tiếp nhận phải chấp nhận từng bản cam kết", "The receiving desk must accept every commitment"),
        _ACCEPTED,
        POPULATION,
        f"{L761}; {TT46}",
        "2.2/4",
        _commitments(frozenset({PaperState.ACCEPTED})),
        4,
    ),
    Requirement(
        "security_confirmed",
        Text("(5) A05, A06 xác nhận bảo đảm an ninh, an toàn", "(5) Confirmed by A05 and A06"),
        Text("Chờ A05, A06 xác nhận; bản cũ phải đánh giá lại", "A05 and A06 must confirm; a stale one is renewed"),
        _FROM_HAND_IN,
        BOTH,
        f"{TT46}, Điều 6; 490/KH-BCA-A05",
        "2.2/5",
        _confirmed,
        5,
    ),
    Requirement(
        "registered_for_production",
        Text("Máy chủ bảo mật đã đăng ký trên nền tảng chính thức", "Registered on the production platform"),
        Text("Đơn vị vận hành nền tảng phải đăng ký máy chủ (SS)", "The platform's operator must register the server"),
        frozenset({Gate.GO_LIVE}),
        BOTH,
        L761,
        "1/2",
        _registered(Environment.PRODUCTION),
    ),
    Requirement(
        "checked_after_removal",
        Text("Chứng thư thay chứng thư đã bị gỡ đã kiểm tra đạt", "What replaces a removed certificate was checked"),
        Text(
            "Kiểm tra kết nối dưới chứng thư mới cho đến khi mọi mục đạt",
            "Run the check under the new certificate until every item passes",
        ),
        frozenset({Gate.GO_LIVE}),
        BOTH,
        OUR_CHOICE,
        "1/3",
        _unchecked,
    ),
    Requirement(
        "within_time",
        Text("Còn trong thời hạn được duyệt", "Within the approved time"),
        Text("Gửi đăng ký gia hạn", "Send an application to renew"),
        frozenset({Gate.GO_LIVE}),
        BOTH,
        TT46,
        "2.2/0",
        _within_time,
    ),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A requirement that is not met, and what of it is missing."""

    requirement: Requirement
    items: tuple[str, ...]


def asked_for(case: Case, gate: Gate, rows: Iterable[Requirement] = REQUIREMENTS) -> list[Requirement]:
    """The rows that a gate asks for in this case."""
    return [row for row in rows if gate in row.gates and case.system in row.systems]


def missing(case: Case, gate: Gate, rows: Iterable[Requirement] = REQUIREMENTS) -> list[Missing]:
    """Everything that is missing at a gate, in the table's order; empty when it may be passed."""
    found = ((row, tuple(row.missing(case))) for row in asked_for(case, gate, rows))
    return [Missing(row, items) for row, items in found if items]
