"""The pictures in the docs. Each is taken by the journey in which its page has something to show:

KETNOI_PICTURES=$PWD/docs/pictures/portal .venv/bin/python -m pytest journeys/portal
"""

from __future__ import annotations

from pathlib import Path

from journeys.portal.desk import Desk

DOCS = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "portal"

NAMES = frozenset(
    {
        "account", "accounts", "alarms", "application", "audit-log", "certificates", "dossier", "figures", "form",
        "home", "how-to-connect", "letter", "mailroom", "objections", "operator", "queue", "servers", "sign-in-cards",
        "stops", "survey",
    }
)  # fmt: skip


class Pictures:
    """Takes them into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, desk: Desk, name: str) -> None:
        """Of the page that a desk sees. It must be fit to be seen: nothing serious for a screen reader, no fault."""
        assert name in NAMES
        desk.is_accessible()
        desk.picture(self._folder / f"{name}.png")
        assert desk.broken == [], name
