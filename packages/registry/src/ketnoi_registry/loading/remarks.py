"""Why a line was not taken, or what is to be known of it: codes, and words for whoever reads them."""

from __future__ import annotations

from typing import Final

from .columns import PLACES, RELATIVES

_NAMES: Final = {
    "birth_registration": ("nơi đăng ký khai sinh", "place of birth registration"),
    "hometown": ("quê quán", "hometown"),
    "permanent_residence": ("nơi thường trú", "permanent residence"),
    "current_residence": ("nơi ở hiện tại", "current residence"),
    "father": ("cha", "father"),
    "mother": ("mẹ", "mother"),
    "spouse": ("vợ hoặc chồng", "spouse"),
    "representative": ("người đại diện", "representative"),
}

NOTICES: Final = {
    "old_number_shared": (
        "đã nạp; số CMND này còn có người khác từng giữ",
        "taken; somebody else has held this old ID number too",
    ),
    "dead_before_birth": (
        "đã nạp; ngày chết hoặc mất tích trước ngày sinh",
        "taken; dead or missing since a day before the birth",
    ),
    "unit_unknown": (
        "đã nạp; bản đồ đơn vị hành chính không có đơn vị nào mang mã đó vào ngày đó, nên tra cứu không trả mã",
        "taken; the map has no unit with that code on that day, so look-ups tell no code",
    ),
    "units_missing": (
        "chưa nạp bản đồ cấp huyện hoặc cấp xã (load --units), nên tra cứu chưa trả mã các cấp đó",
        "the map of districts or communes has not been loaded (load --units), so look-ups tell no codes of theirs",
    ),
}
"""Lines that were taken all the same; `units_missing` stands beside the header, once."""

REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "column_count": ("số cột khác với dòng tiêu đề", "not as many columns as the header"),
    "quotation": ("dấu ngoặc kép sai", "quotation marks are not in pairs around a whole column"),
    "not_utf8": ("không phải UTF-8 (có thể là TCVN3, VNI)", "not UTF-8 (it may be TCVN3 or VNI)"),
    "nul": ("có ký tự NUL", "holds a NUL"),
    "line_too_long": ("dòng quá dài", "the line is too long"),
    "personal_number": ("số định danh phải có 12 chữ số", "the personal number has not 12 digits"),
    "name": (
        "thiếu tên, họ tên dài quá 100 ký tự, hoặc có ký tự không phải chữ Latinh Unicode (có thể là TCVN3, VNI)",
        "no given name, a whole name longer than 100 characters, or signs that are no Latin letters of Unicode",
    ),
    "birth_date": (
        "ngày sinh phải là yyyy, yyyy-mm hoặc yyyy-mm-dd có thật, từ 1850 đến hôm nay",
        "the birth date is no yyyy, yyyy-mm or yyyy-mm-dd that exists, from 1850 to today",
    ),
    "sex": ("giới tính phải là 0, 1 hoặc 2", "sex is not 0, 1 or 2"),
    "marital_status": ("tình trạng hôn nhân phải từ 0 đến 3", "marital status is not 0 to 3"),
    "ethnic_group": ("mã dân tộc phải có 2 chữ số", "the ethnic group has not 2 digits"),
    "religion": ("mã tôn giáo phải có 2 chữ số", "the religion has not 2 digits"),
    "nationality": ("quốc tịch phải là hai chữ cái ISO 3166-1", "the nationality is not two letters of ISO 3166-1"),
    "blood_group": ("nhóm máu phải từ 00 đến 04", "the blood group is not 00 to 04"),
    "old_id_numbers": (
        "CMND phải là 9 chữ số, kèm :từ:đến có thật",
        "old ID numbers are not 9 digits with :from:until that exist",
    ),
    **{
        name: (
            f"{_NAMES[name][0]}: mã đơn vị (2, 3 hoặc 5 chữ số) phải đi cùng ngày bắt đầu; quốc gia hai chữ cái",
            f"{_NAMES[name][1]}: a unit's code (2, 3 or 5 digits) goes with its first day; a country has two letters",
        )
        for name in PLACES
    },
    **{
        name: (
            f"{_NAMES[name][0]}: cần họ tên; số định danh 12 chữ số, CMND 9 chữ số, quốc tịch hai chữ cái",
            f"{_NAMES[name][1]}: a name is needed; 12 digits, 9 digits, a nationality of two letters",
        )
        for name in RELATIVES
    },
    "household": (
        "hộ: ba cột phải đủ hoặc trống; quan hệ phải có trong bảng; chủ hộ và chỉ chủ hộ có QH00",
        "household: all three columns or none; the relation is in the table; the head alone has QH00",
    ),
    "life_status": (
        "tình trạng phải là alive, dead hoặc missing; ngày có thật, không sau hôm nay; người còn sống không có ngày",
        "life status is not alive, dead or missing, or the day does not exist yet, or the living have one",
    ),
    "already_there": (
        "số định danh đã có trong CSDL hoặc ở dòng trước",
        "the personal number is there already, or in an earlier line",
    ),
    "not_there": ("không có ai mang số định danh này", "nobody has this personal number"),
}
"""Code → (Vietnamese, English). Codes are our choice; a code is never used for something else later."""


def words(code: str) -> tuple[str, str]:
    """What a code says, in Vietnamese and in English."""
    return REFUSALS.get(code) or NOTICES[code]
