"""Field licences: which fields of a person exist for the services, which are sensitive, and what a grant opens.

A grant names fields one by one. A sensitive field (law 91/2025/QH15 and decree 356/2025: ethnic group, religion;
blood group by prudence, our choice) is therefore never opened by a wildcard or along with another field.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the answers name it, with what people read about it."""

    vi: str
    en: str
    sensitive: bool = False


FIELDS: dict[str, Field] = {
    "SoDinhDanh": Field("số định danh cá nhân", "personal number"),
    "SoCMND": Field("số chứng minh nhân dân", "old ID number"),
    "HoVaTen": Field("họ, chữ đệm và tên", "full name"),
    "GioiTinh": Field("giới tính", "sex"),
    "DanToc": Field("dân tộc", "ethnic group", sensitive=True),
    "TonGiao": Field("tôn giáo", "religion", sensitive=True),
    "TinhTrangHonNhan": Field("tình trạng hôn nhân", "marital status"),
    "NhomMau": Field("nhóm máu", "blood group", sensitive=True),
    "NgayThangNamSinh": Field("ngày, tháng, năm sinh", "birth date"),
    "NoiDangKyKhaiSinh": Field("nơi đăng ký khai sinh", "place of birth registration"),
    "QueQuan": Field("quê quán", "home town"),
    "ThuongTru": Field("nơi thường trú", "permanent residence"),
    "NoiOHienTai": Field("nơi ở hiện tại", "current residence"),
    "QuocTich": Field("quốc tịch", "nationality"),
    "Cha": Field("cha", "father"),
    "Me": Field("mẹ", "mother"),
    "VoChong": Field("vợ hoặc chồng", "spouse"),
    "NguoiDaiDien": Field("người đại diện", "representative"),
    "ChuHo": Field("chủ hộ và quan hệ với chủ hộ", "head of the household and the relation to them"),
    "TinhTrangChetMatTich": Field("tình trạng chết, mất tích", "death or missing status"),
}
"""Element name → field, in the order in which an answer shows them."""

SENSITIVE = frozenset(name for name, field in FIELDS.items() if field.sensitive)


def licensed(granted: Iterable[str]) -> tuple[str, ...]:
    """The fields that a grant opens, in answer order. A name that is no field opens nothing."""
    names = frozenset(granted)
    return tuple(name for name in FIELDS if name in names)
