"""A consent in the words of a citizen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from ketnoi_identity.consent import representing
from ketnoi_identity.consent.records import Kept, state
from ketnoi_identity.looks.words import SERVICES, FieldWords, Mood, fields_of
from ketnoi_identity.site.agencies import name_of, procedure_name
from ketnoi_pages.text import Text
from ketnoi_protocol.consent import ConsentState
from ketnoi_protocol.services import Service

LEARNS: Final = {
    Service.CONFIRM_IDENTITY_NUMBER: Text(
        "Cơ quan khai số định danh, số CMND và họ tên; bạn đồng ý cho biết chúng đúng hay không đúng là của bạn. Không "
        "có dữ liệu nào khác.",
        "The agency claims a personal number, an old ID number and a name; you agree that it is told whether they are "
        "yours. No other data.",
    ),
    Service.VERIFY_HOUSEHOLD: Text(
        "Cơ quan nêu tên từng người; bạn đồng ý cho biết đúng hay không: họ cùng hộ với bạn, và quan hệ trong hộ. "
        "Không có dữ liệu nào khác.",
        "The agency names persons; you agree that it is told whether they live in your household, and in which "
        "relation. No other data.",
    ),
    Service.LOOK_UP_CITIZEN: Text(
        "Cơ quan nhận được những thông tin này của bạn:", "The agency is given these data of yours:"
    ),
    Service.VERIFY_CITIZEN: Text(
        "Cơ quan khai những thông tin này và được trả lời từng điểm đúng hay không; không nhận thêm dữ liệu nào:",
        "The agency claims these data and is told yes or no to each; it is given nothing else:",
    ),
}
_GOT_NOTHING: Final = Text(
    "Cơ quan đã xin những điều này và không nhận được gì.", "The agency asked for this and was given nothing."
)
_STATES: Final[dict[ConsentState, tuple[Text, Mood]]] = {
    ConsentState.WAITING: (Text("Đang chờ bạn", "Waiting for you"), "warn"),
    ConsentState.AGREED: (Text("Đang có hiệu lực", "In force"), "good"),
    ConsentState.REFUSED: (Text("Bạn đã từ chối", "You refused"), ""),
    ConsentState.EXPIRED: (Text("Đã hết hạn", "Over"), ""),
    ConsentState.REVOKED: (Text("Bạn đã rút lại", "You took it back"), ""),
}
_FOR_A_CHILD: Final = {
    ConsentState.REFUSED: Text("Người đại diện đã từ chối", "The representative refused"),
    ConsentState.REVOKED: Text("Người đại diện đã rút lại", "The representative took it back"),
}
_USED_UP: Final = Text("Đã dùng xong", "Used up")
_UNANSWERED: Final = Text("Hết hạn, bạn chưa trả lời", "Over, not answered")
_UNITS: Final = (
    (365 * 86_400, Text("năm", "year")),
    (86_400, Text("ngày", "day")),
    (3_600, Text("giờ", "hour")),
    (60, Text("phút", "minute")),
    (1, Text("giây", "second")),
)


class Shown(NamedTuple):
    """One consent as pages have it."""

    kept: Kept
    agency: str
    unit: str | None
    procedure: Text | None
    service: Text
    learns: Text
    fields: list[FieldWords]
    lasts: Text
    state: ConsentState
    state_words: Text
    mood: Mood

    @property
    def as_read(self) -> Kept:
        """The consent with what its codes are called here, for what is signed and kept."""
        called = {
            "organisation": self.agency,
            "unit": self.unit,
            "procedure": None if self.procedure is None else self.procedure._asdict(),
            "service": self.service._asdict(),
            "learns": self.learns._asdict(),
            "fields": [each.name._asdict() for each in self.fields],
        }
        return replace(self.kept, called=called)

    @property
    def waits(self) -> bool:
        """Whether it waits for the citizen."""
        return self.state is ConsentState.WAITING

    @property
    def is_named(self) -> bool:
        """Whether it is known how the agency is called: nobody agrees to a code."""
        return self.agency != self.kept.organisation

    @property
    def decided_at_desk(self) -> bool:
        """Whether the decision was recorded at a police desk."""
        return (self.kept.decided_by or "").startswith("desk:")

    @property
    def by_representative(self) -> bool:
        """Whether a representative agreed or refused for a child, at a desk or in an account of their own."""
        proof = (self.kept.proof or {}).get("proof") or {}
        return representing.is_by_guardian(self.kept.decided_by) or "representative" in proof

    @property
    def used_up(self) -> bool:
        """Whether it was agreed to for one time, which a question has used."""
        return self.holds and self.kept.one_time and self.kept.used_up_by is not None

    @property
    def holds(self) -> bool:
        """Whether there is something to take back."""
        return self.state is ConsentState.AGREED


def shown(kept: Kept, at: datetime, names: dict[str, str] | None = None) -> Shown:
    """A consent in words; `names` where those of its agency and unit are known."""
    names = names or {}
    stands = state(kept, at)
    words, mood = _STATES[stands]
    if stands is ConsentState.AGREED and kept.one_time and kept.used_up_by is not None:
        words, mood = _USED_UP, ""
    elif stands is ConsentState.EXPIRED and kept.agreed is None:
        words = _UNANSWERED
    elif representing.is_by_guardian(kept.revoked_by or kept.decided_by):
        words = _FOR_A_CHILD.get(stands, words)
    return Shown(
        kept,
        names.get(kept.organisation) or name_of(kept.organisation),
        (names.get(kept.unit) or name_of(kept.unit)) if kept.unit != kept.organisation else None,
        procedure_name(kept.procedure_code),
        SERVICES[kept.service],
        LEARNS[kept.service] if kept.agreed or stands is ConsentState.WAITING else _GOT_NOTHING,
        fields_of(tuple(kept.fields)),
        duration(kept.lasts_seconds),
        stands,
        words,
        mood,
    )


def duration(seconds: int) -> Text:
    """So many seconds in words, by the largest unit that says it exactly, else by two."""
    parts, left = [], seconds
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append((count, unit))
        if len(parts) == 2:
            break
    return Text(
        " ".join(f"{count} {unit.vi}" for count, unit in parts),
        " ".join(f"{count} {unit.en}{'' if count == 1 else 's'}" for count, unit in parts),
    )
