"""What a browser says of itself, in words that help somebody to know their own phone again."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("coc_coc", "Cốc Cốc"),
    ("SamsungBrowser", "Samsung"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def device_name(request: HttpRequest) -> str:
    """Such as `Android · Chrome`; nothing that the browser wrote stands in it."""
    told = request.META.get("HTTP_USER_AGENT", "")
    found = [next((name for sign, name in table if sign in told), "") for table in (_SYSTEMS, _BROWSERS)]
    return " · ".join(each for each in found if each) or "?"
