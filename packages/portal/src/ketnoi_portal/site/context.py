"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from ketnoi_portal.site.navigation import menu


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """The reader's language, the actor and their offices, the menu, and whether this is a rehearsal."""
    return {
        "language": get_language() or "vi",
        "actor": getattr(request, "actor", None),
        "offices": getattr(request, "offices", ()),
        "navigation": menu(request),
        "rehearsal": settings.REHEARSAL,
    }
