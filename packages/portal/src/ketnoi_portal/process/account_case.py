"""One officer's account, and one unit's own commitment, as the rules see them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from ketnoi_pages.text import Text
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.charts import CHARTS, Chart, Level
from ketnoi_portal.process.roles import DeskKind
from ketnoi_protocol.services import Service, System


class AccountState(StrEnum):
    """Where an account stands. WITH_DESK is completed by the position in the chart's route."""

    DRAFT = "draft"
    WITH_DESK = "with_desk"
    RETURNED = "returned"
    CREATED = "created"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    CLOSED = "closed"


ACCOUNT_STATE_TITLES: Final = {
    AccountState.DRAFT: Text("Đang lập", "Draft"),
    AccountState.WITH_DESK: Text("Đang xem xét", "Under review"),
    AccountState.RETURNED: Text("Trả lại", "Returned"),
    AccountState.CREATED: Text("Đã tạo, chờ kích hoạt", "Created, waiting for activation"),
    AccountState.ACTIVE: Text("Đang hoạt động", "Active"),
    AccountState.SUSPENDED: Text("Tạm khóa", "Suspended"),
    AccountState.EXPIRED: Text("Hết hạn", "Expired"),
    AccountState.CLOSED: Text("Đã đóng", "Closed"),
}


class AccountCase(msgspec.Struct, frozen=True, cache_hash=True):
    """Everything a rule may ask about one account.

    `person` is whose it is, once known. `position` counts the desks of the route from 0. `commitment` is the one
    personal commitment, `unit_commitment` the unit's own. `granted` are the services that a running application
    opens for the unit, `live` those of them that are in production now. `suspended_by` is the desk that suspended it,
    None where a rule or the unit did. `reviewed`: no yearly review waits for the unit. `activated`: its officer has
    confirmed it since C06 created it. `ended`: it has an end date, and that has passed.
    """

    system: System
    unit: str
    level: Level
    chart_name: str
    state: AccountState = AccountState.DRAFT
    position: int = 0
    services: frozenset[Service] = frozenset()
    granted: frozenset[Service] = frozenset()
    live: frozenset[Service] = frozenset()
    commitment: PaperState | None = None
    unit_commitment: PaperState | None = None
    person: str = ""
    suspended_by: DeskKind | None = None
    activated: bool = False
    reviewed: bool = True
    ended: bool = False

    @property
    def chart(self) -> Chart:
        """The hierarchy under which it was asked for."""
        return CHARTS[self.chart_name]

    @property
    def route(self) -> tuple[DeskKind, ...]:
        """The desks that it passes, the one that manages it first, C06 last."""
        return self.chart.account_routes[self.level]

    @property
    def desk(self) -> DeskKind:
        """The desk that has it now, or (once through) the one that manages it."""
        return self.route[self.position] if self.state is AccountState.WITH_DESK else self.route[0]

    @property
    def is_last(self) -> bool:
        """Whether no desk follows."""
        return self.position + 1 == len(self.route)

    def but(self, **changes: Any) -> AccountCase:
        """The same account with these changes."""
        return msgspec.structs.replace(self, **changes)


class UnitCommitmentState(StrEnum):
    """What became of the commitment that a unit handed over."""

    FILED = "filed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


UNIT_COMMITMENT_TITLES: Final = {
    UnitCommitmentState.FILED: Text("Chờ tiếp nhận", "Waiting for the desk"),
    UnitCommitmentState.ACCEPTED: Text("Đã tiếp nhận", "Accepted"),
    UnitCommitmentState.REJECTED: Text("Không chấp nhận", "Rejected"),
    UnitCommitmentState.WITHDRAWN: Text("Đã rút", "Withdrawn"),
}


class UnitCase(msgspec.Struct, frozen=True):
    """A unit's own commitment: `state` is None before the first one is handed over."""

    unit: str
    level: Level
    chart_name: str
    state: UnitCommitmentState | None = None
    person: str = ""

    @property
    def route(self) -> tuple[DeskKind, ...]:
        """The desks that the unit's accounts pass; the first one manages them, and its commitment."""
        return CHARTS[self.chart_name].account_routes[self.level]

    @property
    def desk(self) -> DeskKind:
        """The desk that manages the unit."""
        return self.route[0]

    def but(self, **changes: Any) -> UnitCase:
        """The same with these changes."""
        return msgspec.structs.replace(self, **changes)
