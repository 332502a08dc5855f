"""Relations to the head of a household.

No official list of codes was found; the words are those of circular 55/2021/TT-BCA, article 6, and the codes are
our choice. A real list is dropped in by replacing this table.
"""

from __future__ import annotations

from typing import Final

HEAD: Final = "QH00"

RELATIONS: Final[dict[str, tuple[str, str]]] = {
    HEAD: ("chủ hộ", "head of the household"),
    "QH01": ("vợ", "wife"),
    "QH02": ("chồng", "husband"),
    "QH03": ("cha đẻ", "father"),
    "QH04": ("mẹ đẻ", "mother"),
    "QH05": ("cha vợ, cha chồng", "father-in-law"),
    "QH06": ("mẹ vợ, mẹ chồng", "mother-in-law"),
    "QH07": ("cha nuôi", "adoptive father"),
    "QH08": ("mẹ nuôi", "adoptive mother"),
    "QH09": ("cha dượng", "stepfather"),
    "QH10": ("mẹ kế", "stepmother"),
    "QH11": ("con đẻ", "child"),
    "QH12": ("con nuôi", "adopted child"),
    "QH13": ("con riêng của vợ hoặc chồng", "stepchild"),
    "QH14": ("con rể", "son-in-law"),
    "QH15": ("con dâu", "daughter-in-law"),
    "QH16": ("ông nội, bà nội", "paternal grandparent"),
    "QH17": ("ông ngoại, bà ngoại", "maternal grandparent"),
    "QH18": ("cụ nội, cụ ngoại", "great-grandparent"),
    "QH19": ("cháu nội, cháu ngoại", "grandchild"),
    "QH20": ("chắt", "great-grandchild"),
    "QH21": ("anh, chị, em ruột", "brother or sister"),
    "QH22": ("anh, chị, em cùng cha khác mẹ hoặc cùng mẹ khác cha", "half-brother or half-sister"),
    "QH23": ("anh rể, em rể", "brother-in-law"),
    "QH24": ("chị dâu, em dâu", "sister-in-law"),
    "QH25": ("cháu ruột", "nephew or niece"),
    "QH26": ("bác, chú, cậu, cô, dì", "uncle or aunt"),
    "QH27": ("người giám hộ", "guardian"),
    "QH28": ("người được giám hộ", "ward"),
    "QH29": ("cùng ở nhờ, thuê, mượn", "lodger"),
    "QH99": ("quan hệ khác", "other relation"),
}
"""Code → (Vietnamese, English)."""
