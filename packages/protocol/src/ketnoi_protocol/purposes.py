"""What an agency may write as the purpose of a request for consent: words for the citizen, and nothing to follow.

The citizen reads it as it stands, beside what the system says itself. So no address, mark-up, line break or hidden
character stands in it. No public text rules this: the limits are our choice [OC].
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ketnoi_protocol.personal_number import holds_personal_number

_ENDINGS: Final = (
    "app|asia|biz|blog|cc|click|club|co|com|dev|edu|example|fun|gov|icu|info|io|link|live|ly|me|mobi|net|online|org|pro|"
    "shop|site|store|tk|top|tv|vip|vn|website|work|world|xyz"
)
# What people, and programs that make links of texts, take for an address. Two words joined by a full stop are one where
# both are in small letters without diacritics; TP.HCM and G15.TP110 are none.
_ADDRESS: Final = re.compile(
    rf"://|\bwww\.|@|(?<![^\W_])(?i:[a-z0-9-]+\.(?:{_ENDINGS}))(?![^\W_])|\b[a-z0-9-]{{2,}}\.[a-z]{{2,}}\b"
    r"|\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b",
)
_HIDDEN: Final = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))
"""Categories: control and format characters (which turn the order of letters), private ones, ends of lines."""


def why_no_purpose(text: str) -> str | None:
    """Why a text cannot be a purpose (English, without quoting any of it); None where it can."""
    if not text.strip():
        return "says nothing"
    if any(unicodedata.category(each) in _HIDDEN for each in text):
        return "holds a line break or a hidden character"
    plain = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    if "<" in plain or ">" in plain:
        return "holds a tag: < or >"
    if _ADDRESS.search(plain):
        return "holds an address of the net"
    if holds_personal_number(text):
        return "is shown and kept, so no personal number stands in it"
    return None
