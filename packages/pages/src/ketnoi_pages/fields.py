"""The fields of a citizen as people read them, and which of them are sensitive."""

from __future__ import annotations

from typing import Final

from .text import Text

FIELDS: Final = {
    "SoDinhDanh": Text("Số định danh cá nhân", "Personal number"),
    "SoCMND": Text("Số CMND", "Old ID number"),
    "HoVaTen": Text("Họ và tên", "Full name"),
    "GioiTinh": Text("Giới tính", "Sex"),
    "DanToc": Text("Dân tộc", "Ethnic group"),
    "TonGiao": Text("Tôn giáo", "Religion"),
    "TinhTrangHonNhan": Text("Tình trạng hôn nhân", "Marital status"),
    "NhomMau": Text("Nhóm máu", "Blood group"),
    "NgayThangNamSinh": Text("Ngày, tháng, năm sinh", "Date of birth"),
    "NoiDangKyKhaiSinh": Text("Nơi đăng ký khai sinh", "Place of birth registration"),
    "QueQuan": Text("Quê quán", "Hometown"),
    "ThuongTru": Text("Nơi thường trú", "Permanent residence"),
    "NoiOHienTai": Text("Nơi ở hiện tại", "Current residence"),
    "QuocTich": Text("Quốc tịch", "Nationality"),
    "Cha": Text("Cha", "Father"),
    "Me": Text("Mẹ", "Mother"),
    "VoChong": Text("Vợ hoặc chồng", "Spouse"),
    "NguoiDaiDien": Text("Người đại diện hợp pháp", "Legal representative"),
    "ChuHo": Text("Chủ hộ", "Head of household"),
    "TinhTrangChetMatTich": Text("Đã chết, mất tích", "Dead or missing"),
}
"""Every field that a licence may name."""

SENSITIVE: Final = frozenset({"DanToc", "TonGiao", "NhomMau"})
"""Sensitive data under NĐ 356/2025/NĐ-CP; the blood group by prudence."""
