"""A look in the words of a citizen: what an agency did, what came of it, and what it got."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from ketnoi_pages.fields import FIELDS, SENSITIVE
from ketnoi_pages.text import Text
from ketnoi_protocol import consent
from ketnoi_protocol.citizens import CLAIMED_MEMBER, Look
from ketnoi_protocol.envelope import FOUND, NO_MATCH
from ketnoi_protocol.errors import row
from ketnoi_protocol.services import Service, System

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
_NAMED: Final = Text(
    "Cơ quan đã xác thực một hộ gia đình, trong đó có nêu tên bạn. Việc cụ thể thuộc về người được hỏi nên không hiện "
    "ở đây.",
    "The agency verified a household in which it named you. The matter is that of the person it asked about, so it is "
    "not shown here.",
)
_GIVEN: Final = Text("Đã trả lời", "Answered")
_NOTHING: Final = Text("Không khớp", "No match")
_REFUSED: Final = Text("Bị từ chối", "Refused")
_OFFICERS: Final = {
    "proved_by_eid": Text(
        "đã chứng minh bằng tài khoản định danh điện tử mức 2", "proved by an eID account at level 2"
    ),
    "asserted_by_agency": Text("do cơ quan khai và ký", "named and signed for by the agency"),
}


_TO_THE_CITIZEN: Final = {
    consent.NO_CONSENT: Text("Cơ quan không có sự đồng ý nào của bạn.", "The agency had no consent of yours."),
    consent.STILL_WAITING: Text("Lúc đó bạn chưa trả lời đề nghị.", "You had not answered the request yet."),
    consent.REFUSED: Text("Bạn đã từ chối đề nghị này.", "You had refused this request."),
    consent.ANOTHER_AGENCYS: Text(
        "Sự đồng ý được nêu là cho cơ quan khác.", "The consent that was named is for another agency."
    ),
    consent.ANOTHER_PERSONS: Text(
        "Sự đồng ý được nêu không phải cho người được hỏi.",
        "The consent that was named is another person's.",
    ),
    consent.WIDER_THAN_AGREED: Text("Cơ quan hỏi rộng hơn điều bạn đã đồng ý.", "It asked for more than you agreed."),
    consent.EXPIRED: Text("Sự đồng ý đã hết hạn.", "The consent was over."),
    consent.TAKEN_BACK: Text("Bạn đã rút lại sự đồng ý.", "You had taken the consent back."),
    consent.USED_UP: Text("Sự đồng ý một lần đã được dùng trước đó.", "The one-time consent had been used before."),
}
"""Refusals for want of consent, as the table of refusals tells them to agencies, told to the citizen."""


class Told(NamedTuple):
    """What came of a look: one word with its mood, and a sentence."""

    short: Text
    mood: Mood
    sentence: Text


def outcome(look: Look) -> Told:
    """What came of a look, in words."""
    if look.role == CLAIMED_MEMBER:
        return Told(_GIVEN, "", _NAMED)
    if look.result is None:
        return Told(_GIVEN, "good", _HOUSEHOLD)
    if look.result == FOUND:
        return Told(_GIVEN, "good", _ANSWERED.get(look.service, _GIVEN))
    if look.result == NO_MATCH:
        return Told(_NOTHING, "", _NO_MATCH)
    return Told(_REFUSED, "warn", refusal(look.result))


def refusal(code: str) -> Text:
    """Why a question was refused, and that nothing was given."""
    vi, en = "Câu hỏi bị từ chối, không có dữ liệu nào được cung cấp.", "The question was refused; no data were given."
    if code in _TO_THE_CITIZEN:
        told = _TO_THE_CITIZEN[code]
        return Text(f"{told.vi} {vi}", f"{told.en} {en}")
    try:
        why = row(code)
    except LookupError:
        return Text(f"{vi} (mã {code})", f"{en} (code {code})")
    return Text(f"{why.title_vi}. {vi}", f"{why.title_en}. {en}")


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
