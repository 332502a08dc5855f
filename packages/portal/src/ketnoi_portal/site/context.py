"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from ketnoi_portal.settings import current


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """The actor, the hats that the person may put on, and whether this is a rehearsal."""
    return {
        "actor": getattr(request, "actor", None),
        "hats": getattr(request, "hats", ()),
        "rehearsal": current().rehearsal,
    }
