"""What every page knows."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.utils.translation import get_language

from ketnoi_identity.settings import current
from ketnoi_pages.text import Text

_FILES = (
    "identity/identity.css",
    "identity/posted.js",
    "identity/offline.js",
    "accounts/keys.js",
    "consent/waiting.js",
    "consent/receipt.js",
)
# Shown to whoever has signed in: address, words.
TABS = (
    ("/dong-y/", Text("Đồng ý", "Consents")),
    ("/du-lieu/", Text("Dữ liệu", "My data")),
    ("/luot-xem/", Text("Lượt xem", "Who looked")),
    ("/tai-khoan/", Text("Tài khoản", "Account")),
)


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """The reader's language, the account, the tabs, whether this is a rehearsal, and the release of the files."""
    account, desk = getattr(request, "account", None), getattr(request, "desk", None)
    tabs = (*TABS, ("/ban/", Text("Tại bàn", "Desk"))) if desk else TABS
    return {
        "language": get_language() or "vi",
        "account": account,
        "desk_officer": desk,
        "tabs": [(address, title, request.path.startswith(address)) for address, title in tabs] if account else [],
        "rehearsal": settings.REHEARSAL,
        "release": release(),
        "address": current().base_url.rstrip("/"),
    }


@cache
def release() -> str:
    """A digest of style sheet and script, which stands in their addresses."""
    found = hashlib.sha256()
    for name in _FILES:
        path = finders.find(name)
        if path:
            found.update(Path(path).read_bytes())
    return found.hexdigest()[:12]
