"""What an account rests on: one row each, asked for again at every gate from the first desk to activation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.account_case import AccountCase
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.requirements import L761, TT46
from ketnoi_protocol.services import Service, System


class AccountGate(StrEnum):
    """A point that an account passes only when its requirements are met."""

    REQUEST = "request"
    HAND_OVER = "hand_over"
    FORWARD = "forward"
    CREATE = "create"
    ACTIVATE = "activate"
    RESUME = "resume"
    RENEW = "renew"


_FROM_HAND_OVER: Final = frozenset(AccountGate) - {AccountGate.REQUEST}
_FROM_FORWARD: Final = _FROM_HAND_OVER - {AccountGate.HAND_OVER}


@dataclass(frozen=True, slots=True)
class AccountRequirement:
    """One row. `missing` names what is not there yet (empty: met)."""

    key: str
    title: Text
    mend: Text
    gates: frozenset[AccountGate]
    legal: str
    seed: str
    missing: Callable[[AccountCase], list[str]]


def _named(services: Iterable[Service]) -> list[str]:
    wanted = set(services)
    return [str(number) for number, service in enumerate(Service, 1) if service in wanted]


ACCOUNT_REQUIREMENTS: Final[tuple[AccountRequirement, ...]] = (
    AccountRequirement(
        "population_only",
        Text(
            "Hệ thống Định danh và xác thực điện tử không cấp tài khoản ở đây: tài khoản sử dụng dịch vụ là tài khoản "
            "định danh điện tử, cam kết đã gắn với điều khoản sử dụng tài khoản đó",
            "The identity system gives no accounts here: its services are used with an electronic identity account, "
            "and the commitment stands in that account's terms",
        ),
        Text(
            "Người dùng đăng ký tài khoản định danh điện tử; cổng này không cần làm gì thêm",
            "Have the person register an electronic identity account; nothing more is needed here",
        ),
        frozenset(AccountGate),
        L761,
        "2.2/12",
        lambda case: [] if case.system is System.POPULATION else [case.system.value],
    ),
    AccountRequirement(
        "services_chosen",
        Text("Tài khoản nêu ít nhất một dịch vụ", "The account names a service"),
        Text("Chọn dịch vụ mà người này cần", "Choose the services that this person needs"),
        _FROM_HAND_OVER,
        L761,
        "2.2/2",
        lambda case: [] if case.services else ["1-4"],
    ),
    AccountRequirement(
        "services_granted",
        Text("Dịch vụ nằm trong phạm vi cơ quan được duyệt", "The services are among the organisation's"),
        Text(
            "Bỏ dịch vụ này, hoặc cơ quan đăng ký dịch vụ đó trước",
            "Take this service off, or have the organisation apply for it first",
        ),
        _FROM_HAND_OVER,
        f"{L761}; {TT46}",
        "2.2/1",
        lambda case: _named(case.services - case.granted),
    ),
    AccountRequirement(
        "application_live",
        Text("Kết nối chính thức của cơ quan đang hoạt động", "The organisation's connection is in production"),
        Text(
            "Chờ kết nối của cơ quan được mở lại hoặc gia hạn",
            "Wait until the organisation's connection is resumed or renewed",
        ),
        _FROM_HAND_OVER,
        f"{L761}; {TT46}",
        "2.2/0",
        lambda case: _named((case.services & case.granted) - case.live),
    ),
    AccountRequirement(
        "unit_commitment_accepted",
        Text("Cam kết của đơn vị đã được tiếp nhận", "The unit's own commitment is accepted"),
        Text(
            "Đơn vị nộp bản cam kết của tổ chức cho bộ phận quản lý và chờ tiếp nhận",
            "Hand the unit's own commitment to the desk that manages it, and wait until it is accepted",
        ),
        _FROM_HAND_OVER,
        f"{L761}; {TT46}",
        "2.2/3",
        lambda case: [] if case.unit_commitment is PaperState.ACCEPTED else [case.unit],
    ),
    AccountRequirement(
        "commitment_filed",
        Text("Có bản cam kết của cá nhân: mỗi tài khoản một bản", "There is a personal commitment for the account"),
        Text("Tải lên bản cam kết đã ký của người này", "Upload the signed commitment of this person"),
        frozenset({AccountGate.HAND_OVER}),
        f"{L761}; {TT46}",
        "2.2/4",
        lambda case: [] if case.commitment is not None else ["4"],
    ),
    AccountRequirement(
        "commitment_accepted",
        Text("Bản cam kết của cá nhân đã được chấp nhận", "The personal commitment is accepted"),
        Text("Bộ phận đang giữ hồ sơ phải chấp nhận bản cam kết", "The desk that has the request must accept it"),
        _FROM_FORWARD,
        f"{L761}; {TT46}",
        "2.2/4",
        lambda case: [] if case.commitment is PaperState.ACCEPTED else ["4"],
    ),
    AccountRequirement(
        "review_confirmed",
        Text("Đơn vị đã xác nhận tài khoản trong kỳ rà soát", "The unit has confirmed it in the yearly review"),
        Text("Đơn vị xác nhận người này còn cần tài khoản", "The unit confirms that this person still needs it"),
        frozenset({AccountGate.ACTIVATE, AccountGate.RESUME, AccountGate.RENEW}),
        TT46,
        "2.2/10",
        lambda case: [] if case.reviewed else ["review"],
    ),
    AccountRequirement(
        "not_ended",
        Text("Tài khoản chưa hết hạn", "The account has not reached its end date"),
        Text("Bộ phận quản lý gia hạn tài khoản", "The desk that manages the account renews it"),
        frozenset({AccountGate.ACTIVATE, AccountGate.RESUME}),
        TT46,
        "2.2/10",
        lambda case: ["end"] if case.ended else [],
    ),
)


@dataclass(frozen=True, slots=True)
class MissingForAccount:
    """A requirement that is not met, and what of it is missing."""

    requirement: AccountRequirement
    items: tuple[str, ...]


def missing_for(
    case: AccountCase, gate: AccountGate, rows: Iterable[AccountRequirement] = ACCOUNT_REQUIREMENTS
) -> list[MissingForAccount]:
    """Everything that is missing at a gate, in the table's order; empty when it may be passed."""
    found = ((row, tuple(row.missing(case))) for row in rows if gate in row.gates)
    return [MissingForAccount(row, items) for row, items in found if items]
