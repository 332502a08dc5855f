"""The elements of answers in SOAP, in their order: what is written, read and described from the same tables.

A table names a type's children and the type of each; TEXT is a plain text. CongdanCollection's elements stand in
the order of QCVN 109:2017/BTTTT, those of c06-037 within a structure as public code of callers reads them; where
nothing was seen, it is our choice.
"""

from __future__ import annotations

from typing import Final

from ketnoi_protocol.citizen import ATTRIBUTES
from ketnoi_protocol.services import AnswerShape

TEXT: Final = ""
CITIZEN: Final = "CongDan"
COLLECTION: Final = "CongdanCollection"
AS_OF: Final = "ThoiDiemDuLieu"
COUNT: Final = "SoCongDan"
CONSENT: Final = "MaGiaoDichDongY"
"""AS_OF, COUNT and, of the identity system, CONSENT are attributes of CongdanCollection."""

Children = tuple[tuple[str, str], ...]
Types = dict[str, Children]

PLACES: Final = ("NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai")
RELATIVES: Final = ("Cha", "Me", "VoChong", "NguoiDaiDien")


def _texts(*names: str) -> Children:
    return tuple((name, TEXT) for name in names)


def _citizen(structures: dict[str, str]) -> Children:
    places, relatives = dict.fromkeys(PLACES, "Noi"), dict.fromkeys(RELATIVES, "ThanNhan")
    alike = {
        "HoVaTen": "HoVaTen",
        "NgayThangNamSinh": "NgaySinh",
        "ChuHo": "ChuHo",
        "TinhTrangChetMatTich": "TinhTrangChetMatTich",
    }
    known = {**alike, **places, **relatives, **structures}
    return tuple((name, known.get(name, TEXT)) for name in ATTRIBUTES)


_ALIKE: Final[Types] = {
    "HoVaTen": _texts("Ho", "ChuDem", "Ten"),
    "TinhTrangChetMatTich": _texts("TinhTrang", "TuNgay"),
}
_QCVN_RELATIVE: Final = (*_texts("SoDinhDanh", "SoCMND", "QuocTich"), ("HoVaTen", "HoVaTen"))

TYPES: Final[dict[AnswerShape, Types]] = {
    AnswerShape.QCVN_109: _ALIKE
    | {
        CITIZEN: _citizen({"DanToc": "DanToc", "TonGiao": "TonGiao"}),
        "DanToc": _texts("MaDanToc"),
        "TonGiao": _texts("MaTonGiao"),
        "NgaySinh": _texts("NgayThangNam", "NamThang", "Nam"),
        "Noi": _texts("MaDonViHanhChinh", "ChiTiet", "QuocGia"),
        "ThanNhan": _QCVN_RELATIVE,
        "ChuHo": (*_QCVN_RELATIVE, ("QuanHe", TEXT)),
    },
    AnswerShape.C06_037: _ALIKE
    | {
        CITIZEN: _citizen({}),
        "NgaySinh": _texts("Nam", "NamThang", "NgayThangNam"),
        "Noi": _texts("MaTinhThanh", "MaQuanHuyen", "MaPhuongXa", "ChiTiet", "QuocGia"),
        "ThanNhan": _texts("HoVaTen", "QuocTich", "SoDinhDanh", "SoCMND"),
        "ChuHo": _texts("QuanHe", "SoDinhDanh", "SoCMND", "HoVaTen", "QuocTich"),
    },
}
"""The types within CongdanCollection, for each shape of a look-up's answer."""
