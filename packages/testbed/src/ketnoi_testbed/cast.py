"""Who plays which part in the test bed's stories: names of offices.toml, as they stand on the sign-in cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ketnoi_protocol.services import Platform

HANDLER: Final = "Phan Anh Dũng"
SERVER_OFFICERS: Final = ("Đặng Quang Vinh", "Hồ Thị Lan")
AUDITOR: Final = "Trịnh Công Tâm"
ASSESSORS: Final = {"a05": "Lương Thế Sơn", "a06": "Quách Thu Huyền"}
LEADERS: Final = ("Nguyễn Văn Hùng", "Trần Quốc Khánh")
OPERATORS: Final = {Platform.VDXP: "Đinh Thị Thảo", Platform.NDXP: "Lâm Chí Kiên"}


@dataclass(frozen=True)
class Applicant:
    """A newcomer: its code, representative, clerk, PC06 (none for a ministry), and first officer with their address."""

    code: str
    representative: str
    clerk: str
    pc06: str = ""
    officer: str = ""
    officer_email: str = ""


LAO_CAI: Final = Applicant("H38", "Vàng Thị Mai", "Lý Văn Páo", "Giàng A Lử", "Lò Thị Thu", "mot-cua@lao-cai.example")
EDUCATION: Final = Applicant("G03", "Đỗ Minh Khôi", "Lê Thu Trang", "", "Ninh Văn Phú", "mot-cua@giao-duc.example")
HEALTH: Final = Applicant("G18", "Bùi Thanh Hà", "Cao Việt Anh")
CONSTRUCTION: Final = Applicant("G17", "Phùng Gia Bách", "Tô Thị Vân")
HAU_GIANG: Final = Applicant(
    "H30", "Võ Thị Kim Chi", "Lâm Quốc Trí", "Huỳnh Văn Lợi", "Đoàn Mỹ Duyên", "mot-cua@hau-giang.example"
)
