"""What other rooms add to the page of somebody's day: their own queues and news."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ketnoi_pages.text import Text


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its template is rendered with what `context` gives; one that comes out empty is left out."""

    key: str
    title: Text
    template: str
    context: Callable[[HttpRequest], Mapping[str, Any]]
    visible: Callable[[HttpRequest], bool] = lambda request: True
    order: int = 50


_PANELS: dict[str, Panel] = {}


def register(panel: Panel) -> Panel:
    """Show this panel to whom it concerns; one of the same key takes the place of the one before."""
    _PANELS[panel.key] = panel
    return panel


def panels(request: HttpRequest) -> list[tuple[Panel, SafeString]]:
    """The panels of one reader, as HTML."""
    found = []
    for panel in sorted(_PANELS.values(), key=lambda each: each.order):
        if panel.visible(request):
            html = render_to_string(panel.template, dict(panel.context(request)), request=request)
            if html.strip():
                found.append((panel, html))
    return found
