"""The portal keeps no citizen's number where it is read: lines of a letter that hold one are shown without digits."""

from __future__ import annotations

import re

from ketnoi_protocol.personal_number import holds_personal_number


def without_personal_numbers(text: str) -> str:
    """The text, with `•` for the digits of every line that holds a personal number (of all, when one spans lines)."""
    if not holds_personal_number(text):
        return text
    lines = [re.sub(r"\d", "•", line) if holds_personal_number(line) else line for line in text.split("\n")]
    shown = "\n".join(lines)
    return re.sub(r"\d", "•", shown) if holds_personal_number(shown) else shown
