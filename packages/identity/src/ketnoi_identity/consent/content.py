"""What a citizen is shown and decides about, as octets that a signature binds."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .records import Kept


class Decision(StrEnum):
    """What a citizen may do with a consent."""

    AGREE = "agree"
    REFUSE = "refuse"
    TAKE_BACK = "take_back"


def shown(kept: Kept, decision: Decision) -> dict[str, Any]:
    """Everything that the citizen is shown of a request, and what is decided. Nobody's number stands in it.

    `called` are the words that stood on the page for the codes, in both languages: names may be others a year later.
    None where nobody read a page.
    """
    return {
        "consent": kept.id,
        "decision": decision.value,
        "organisation": kept.organisation,
        "unit": kept.unit,
        "service": kept.service.value,
        "fields": list(kept.fields),
        "procedure": kept.procedure_code,
        "purpose": kept.purpose,
        "one_time": kept.one_time,
        "lasts_seconds": kept.lasts_seconds,
        "asked_at": moment(kept.asked_at),
        "answer_by": moment(kept.answer_by),
        "called": kept.called,
    }


def challenge_of(kept: Kept, decision: Decision) -> bytes:
    """The 32 octets that stand for this decision about this request: whoever signs them signs nothing else."""
    return hashlib.sha256(canonical(shown(kept, decision))).digest()


def canonical(content: Any) -> bytes:
    """JSON in the one form of RFC 8785, for what needs no numbers but whole ones.

    Names are ASCII here, so that their order is that of UTF-16 too. Raises ValueError for anything else: numbers with
    a point, whole ones that JSON's readers may round, names that are not ASCII.
    """
    _check(content)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def moment(at: datetime) -> str:
    """A moment as it is written in what is signed: RFC 3339, UTC, microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _check(content: Any) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            if not isinstance(name, str) or not name.isascii():
                raise ValueError("a name is not ASCII")
            _check(value)
    elif isinstance(content, list | tuple):
        for each in content:
            _check(each)
    elif isinstance(content, int):
        if abs(content) >= 2**53:
            raise ValueError("a whole number is too large")
    elif not (content is None or isinstance(content, str)):
        raise ValueError("neither text nor whole number")
