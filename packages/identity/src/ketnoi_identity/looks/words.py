"""A look in the words of a citizen: what an agency did, what came of it, and what it got."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from ketnoi_pages.fields import FIELDS, SENSITIVE
from ketnoi_pages.text import Text
from ketnoi_protocol.citizens import CLAIMED_MEMBER, Look
from ketnoi_protocol.envelope import FOUND, NO_MATCH
from ketnoi_protocol.services import Service, System

from .refusals import refusal

Mood = Literal["", "good", "warn"]

SYSTEMS: Final = {
    System.POPULATION: Text("Cơ sở dữ liệu quốc gia về dân cư", "National Population Database"),
    System.IDENTITY: Text("Định danh và xác thực điện tử", "Electronic identity"),
}
SERVICES: Final = {
    Service.CONFIRM_IDENTITY_NUMBER: Text(
        "Xác nhận số định danh và CMND có đúng là của bạn không", "Confirm that personal number and old ID are yours"
    ),
    Service.VERIFY_HOUSEHOLD: Text("Xác thực hộ gia đình", "Verify a household"),
    Service.LOOK_UP_CITIZEN: Text("Tra cứu thông tin của bạn", "Look up your data"),
    Service.VERIFY_CITIZEN: Text("Kiểm tra thông tin của bạn đúng hay không", "Check whether your data are as claimed"),
}
_ANSWERED: Final = {
    Service.CONFIRM_IDENTITY_NUMBER: Text(
        "Cơ quan hỏi số và họ tên có đúng là của bạn không, và được trả lời: đúng.",
        "The agency asked whether number and name are yours, and was told: yes.",
    ),
    Service.LOOK_UP_CITIZEN: Text(
        "Cơ quan đã nhận được những thông tin dưới đây.", "The agency was given the data below."
    ),
    Service.VERIFY_CITIZEN: Text(
        "Cơ quan khai thông tin của bạn và được trả lời từng điểm đúng hay không; không nhận thêm dữ liệu nào.",
        "The agency claimed things about you and was told yes or no to each; it was given nothing else.",
    ),
}
_NO_MATCH: Final = Text(
    "Điều cơ quan khai không khớp với dữ liệu của bạn. Không có dữ liệu nào được cung cấp.",
    "What the agency claimed does not agree with your data. No data were given.",
)
_HOUSEHOLD: Final = Text(
    "Cơ quan hỏi những người được nêu tên có cùng hộ với bạn không. Chỉ có câu trả lời đúng hay không.",
    "The agency asked whether the persons it named live in your household. It was told yes or no alone.",
)
REPEATED: Final = Text("Gửi lại câu hỏi trước", "An earlier question sent again")
"""The agency sent the same question once more, and was given the same answer: no further use of the consent."""
_NAMED: Final = Text(
    "Cơ quan đã hỏi, hoặc định hỏi, về một hộ gia đình, trong đó có nêu tên bạn. Việc cụ thể và kết quả thuộc về người "
    "được hỏi nên không hiện ở đây.",
    "The agency asked, or meant to ask, about a household in which it named you. The matter and what came of it are "
    "those of the person it asked about, so they are not shown here.",
)
_WAS_NAMED: Final = Text("Có nêu tên bạn", "You were named")
_GIVEN: Final = Text("Đã trả lời", "Answered")
_NOTHING: Final = Text("Không khớp", "No match")
_REFUSED: Final = Text("Bị từ chối", "Refused")
_OFFICERS: Final = {
    "proved_by_eid": Text(
        "Đã chứng minh mình là ai bằng tài khoản định danh điện tử mức 2", "Proved by an eID account at level 2"
    ),
    "asserted_by_agency": Text(
        "Do cơ quan tự khai, chưa kiểm tra bằng tài khoản định danh",
        "Named by the agency itself, not proved by an eID account",
    ),
}


class Told(NamedTuple):
    """What came of a look: one word with its mood, and a sentence."""

    short: Text
    mood: Mood
    sentence: Text


def outcome(look: Look) -> Told:
    """What came of a look, in words."""
    if look.role == CLAIMED_MEMBER:
        # Whether the question was answered is not told: it may have been refused.
        return Told(_WAS_NAMED, "", _NAMED)
    if look.result is None:
        return Told(_GIVEN, "good", _HOUSEHOLD)
    if look.result == FOUND:
        return Told(_GIVEN, "good", _ANSWERED.get(look.service, _GIVEN))
    if look.result == NO_MATCH:
        return Told(_NOTHING, "", _NO_MATCH)
    return Told(_REFUSED, "warn", refusal(look.result))


class FieldWords(NamedTuple):
    """A field as people read it."""

    name: Text
    sensitive: bool


def fields_of(names: tuple[str, ...]) -> list[FieldWords]:
    """Fields in words; what has none keeps its name."""
    return [FieldWords(FIELDS.get(name, Text(name, name)), name in SENSITIVE) for name in names]


def officer(look: Look) -> Text | None:
    """Who vouches for the officer."""
    return _OFFICERS.get(look.officer_identity or "")
