"""Text as it is searched: small letters, no accents."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """`Tỉnh Điện Biên` → `tinh dien bien`."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(each for each in apart if not unicodedata.combining(each)).split())
