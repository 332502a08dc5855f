"""Why a question was refused, as the citizen whom it was about is told: in their words, without a field of a message.

The table of refusals (ketnoi_protocol.errors) speaks to agencies.
"""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_protocol import consent

_MALFORMED: Final = Text("Cơ quan gửi câu hỏi sai cách.", "The agency's question had a wrong form.")
_BUSY: Final = Text("Hệ thống lúc đó không trả lời được.", "The system could not answer at that time.")
_CITIZENS: Final = {
    "10": _MALFORMED,
    "11": _MALFORMED,
    consent.ANOTHER_QUESTION: Text(
        "Cơ quan dùng lại mã của một câu hỏi trước cho câu hỏi khác.",
        "The agency used the code of an earlier question again for another one.",
    ),
    "20": Text("Không chứng minh được câu hỏi là của cơ quan này.", "It could not be proved that this agency asked."),
    "21": Text("Cơ quan chưa được mở việc tra cứu này.", "The agency may not use this service yet."),
    "22": Text("Đơn vị hỏi chưa được phép tra cứu.", "The unit that asked has no permission to look."),
    "23": Text(
        "Cơ quan không được phép hỏi về bạn cho thủ tục này.",
        "The agency may not ask about you for this procedure.",
    ),
    "24": Text("Cán bộ đã hỏi không có quyền này.", "The officer who asked has no right to do so."),
    "26": Text("Cơ quan hỏi thông tin mà nó không được phép xem.", "The agency asked for data that it may not see."),
    consent.NOT_PROVED_OFFICER: Text(
        "Cán bộ đã hỏi không chứng minh được mình là ai.", "The officer who asked did not prove who they are."
    ),
    "30": Text("Cơ quan hỏi quá nhiều lần.", "The agency asked too often."),
    "41": _BUSY,
    "42": _BUSY,
    "43": _BUSY,
    consent.IDENTITY_UNAVAILABLE: _BUSY,
    "99": _BUSY,
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
_NOTHING_GIVEN: Final = Text(
    "Câu hỏi bị từ chối, không có dữ liệu nào được cung cấp.", "The question was refused; no data were given."
)


def refusal(code: str) -> Text:
    """Why a question was refused, and that nothing was given."""
    vi, en = _NOTHING_GIVEN.vi, _NOTHING_GIVEN.en
    if code not in _CITIZENS:
        return Text(f"{vi} (mã {code})", f"{en} (code {code})")
    told = _CITIZENS[code]
    return Text(f"{told.vi} {vi}", f"{told.en} {en}")
