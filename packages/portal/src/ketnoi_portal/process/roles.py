"""Desks, and the roles that people have at them.

The bodies are the guidance's; the roles within them are our choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.services import Platform


class DeskKind(StrEnum):
    """Who receives something, as a kind; a desk is one of a kind, for an area."""

    AGENCY = "agency"
    DISTRICT_POLICE = "district_police"
    COMMUNE_POLICE = "commune_police"
    PC06 = "pc06"
    C06 = "c06"
    A05 = "a05"
    A06 = "a06"
    LEADERSHIP = "leadership"
    VDXP_OPERATOR = "vdxp_operator"
    NDXP_OPERATOR = "ndxp_operator"
    NDOP_OPERATOR = "ndop_operator"


PLATFORM_OF: Final = {
    DeskKind.VDXP_OPERATOR: Platform.VDXP,
    DeskKind.NDXP_OPERATOR: Platform.NDXP,
    DeskKind.NDOP_OPERATOR: Platform.NDOP,
}
"""The platform that an operator's desk runs."""


DESK_TITLES: Final = {
    DeskKind.AGENCY: Text("Cơ quan đăng ký", "Agency"),
    DeskKind.DISTRICT_POLICE: Text(
        "Đội Quản lý hành chính về trật tự xã hội, Công an cấp huyện", "District police team for social order"
    ),
    DeskKind.COMMUNE_POLICE: Text("Công an cấp xã", "Commune police"),
    DeskKind.PC06: Text("Phòng PC06, Công an tỉnh, thành phố", "PC06, provincial police"),
    DeskKind.C06: Text("Cục C06", "C06"),
    DeskKind.A05: Text("Cục A05", "A05"),
    DeskKind.A06: Text("A06", "A06"),
    DeskKind.LEADERSHIP: Text("Lãnh đạo phê duyệt", "Leadership"),
    DeskKind.VDXP_OPERATOR: Text("Đơn vị vận hành VDXP", "Operator of VDXP"),
    DeskKind.NDXP_OPERATOR: Text("Đơn vị vận hành NDXP", "Operator of NDXP"),
    DeskKind.NDOP_OPERATOR: Text("Đơn vị vận hành NDOP", "Operator of NDOP"),
}


class Role(StrEnum):
    """What somebody may do at a desk."""

    REPRESENTATIVE = "representative"
    CLERK = "clerk"
    OFFICER = "officer"
    HANDLER = "handler"
    LEADER = "leader"
    ASSESSOR = "assessor"
    OPERATOR = "operator"
    PUBLISHER = "publisher"
    AUDITOR = "auditor"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One role: its titles, what it does in a sentence, and the desks that have it."""

    title: Text
    does: Text
    desks: frozenset[DeskKind]


_POLICE: Final = frozenset({DeskKind.DISTRICT_POLICE, DeskKind.COMMUNE_POLICE, DeskKind.PC06, DeskKind.C06})

ROLES: Final = {
    Role.REPRESENTATIVE: RoleRow(
        Text("Người đại diện", "Representative"),
        Text("Ký và gửi thay cho cơ quan, mời người khác", "Signs and sends for the agency, invites others"),
        frozenset({DeskKind.AGENCY}),
    ),
    Role.CLERK: RoleRow(
        Text("Cán bộ đầu mối", "Clerk"),
        Text("Soạn hồ sơ, chạy thử kết nối", "Prepares applications, runs the checks"),
        frozenset({DeskKind.AGENCY}),
    ),
    Role.OFFICER: RoleRow(
        Text("Cán bộ khai thác", "Officer"),
        Text("Có tài khoản khai thác, tự kích hoạt", "Has an account for asking and activates it"),
        frozenset({DeskKind.AGENCY}),
    ),
    Role.HANDLER: RoleRow(
        Text("Cán bộ thụ lý", "Handling officer"),
        Text("Tiếp nhận, trả lại, chuyển, tạo tài khoản", "Receives, returns, forwards, creates accounts"),
        _POLICE,
    ),
    Role.LEADER: RoleRow(
        Text("Lãnh đạo", "Leader"),
        Text("Đồng ý hoặc không đồng ý chạy chính thức", "Agrees to production, or does not"),
        frozenset({DeskKind.LEADERSHIP}),
    ),
    Role.ASSESSOR: RoleRow(
        Text("Cán bộ đánh giá", "Assessor"),
        Text("Đánh giá an ninh, an toàn, cấp văn bản xác nhận", "Assesses security and confirms it"),
        frozenset({DeskKind.A05, DeskKind.A06}),
    ),
    Role.OPERATOR: RoleRow(
        Text("Cán bộ vận hành nền tảng", "Platform operator"),
        Text("Quyết định đăng ký thành viên, máy chủ trên nền tảng", "Decides registrations on the platform"),
        frozenset(PLATFORM_OF),
    ),
    Role.PUBLISHER: RoleRow(
        Text("Cán bộ quản trị máy chủ bảo mật", "Server officer"),
        Text("Theo dõi và cho phép áp cấu hình lên máy chủ", "Watches servers and lets configuration be enforced"),
        frozenset({DeskKind.C06}),
    ),
    Role.AUDITOR: RoleRow(
        Text("Cán bộ kiểm tra", "Auditor"),
        Text("Xem mọi hồ sơ và nhật ký, không sửa gì", "Sees every dossier and log, changes nothing"),
        frozenset({DeskKind.C06, DeskKind.A05}),
    ),
    Role.SYSTEM: RoleRow(
        Text("Hệ thống", "The system"),
        Text("Ghi kết quả kiểm tra, hạn dùng", "Records checks and the passing of time"),
        frozenset(),
    ),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at one desk, with the roles that they have there now, delegated ones included.

    `organisation` is the code of the body the desk belongs to; `area` the code of what a police desk manages (empty:
    everything); `leadership_level` counts from 1 at a leadership desk. The portal itself acts as `SYSTEM_ACTOR`.
    """

    person: str
    desk: DeskKind
    organisation: str
    roles: frozenset[Role]
    area: str = ""
    leadership_level: int = 0

    def owns(self, applicant: str) -> bool:
        """Whether a request of `applicant` is this desk's own: of its body, or of a unit beneath."""
        if not self.organisation or not applicant:
            return False
        return OrganisationCode.parse(self.organisation).covers(OrganisationCode.parse(applicant))

    def manages(self, applicant: str) -> bool:
        """Whether `applicant` lies in this desk's area."""
        return not self.area or OrganisationCode.parse(self.area).covers(OrganisationCode.parse(applicant))


SYSTEM_ACTOR: Final = Actor("system", DeskKind.AGENCY, "", frozenset({Role.SYSTEM}))
