"""Who may agree for a child: by law 91/2025/QH15 art. 24 its legal representative exercises its rights to its data.

Where that leaves something open the reading is ours [OC]: up to which age (under 14, as accounts have it; the law on
children counts up to 16), and that saying no is the child's own right too. So nobody under 14 agrees alone, whoever
represents them does; each of the two refuses and takes back alone, which is how a child from 7 on keeps its own say.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from ketnoi_pages.clock import HANOI
from ketnoi_pages.text import Text
from ketnoi_protocol.birth_date import BirthDate

from ..accounts import rules

NOT_ALONE: Final = Text(
    "Người dưới 14 tuổi không tự đồng ý một mình. Cha, mẹ hoặc người đại diện theo pháp luật trả lời thay, trên "
    "tài khoản của mình hoặc tại Công an cấp xã. Bạn vẫn có thể từ chối.",
    "Nobody under 14 agrees alone. A parent or legal representative answers for you, in their own account or at "
    "the commune police. You may still refuse.",
)
NOBODY_SPEAKS: Final = Text(
    "Người này dưới 14 tuổi: chỉ ghi đồng ý khi có cha, mẹ hoặc người đại diện theo pháp luật nói thay.",
    "This person is under 14: agreeing is recorded only where a parent or legal representative speaks.",
)


_GUARDIAN: Final = "guardian:"


def by_guardian(account: UUID) -> str:
    """As a consent keeps that the guardian with this account decided."""
    return f"{_GUARDIAN}{account}"


def is_by_guardian(by: str | None) -> bool:
    """Whether a consent was decided so."""
    return (by or "").startswith(_GUARDIAN)


def is_needed(birth: str, at: datetime) -> bool:
    """Whether somebody with this birth date (`yyyy-mm-dd`, `yyyy-mm` or `yyyy`) agrees only by a representative."""
    return rules.needs_guardian(rules.age(BirthDate.parse(birth), at.astimezone(HANOI).date()))
