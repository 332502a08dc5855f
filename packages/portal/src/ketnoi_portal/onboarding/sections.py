"""What other rooms add to an application's page: sections, pages for single steps, words for their acts.

A room registers in its AppConfig.ready(); a section with a key that is there already takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Case
from ketnoi_portal.process.roles import Actor


@dataclass(frozen=True, slots=True)
class Page:
    """One reader's look at one application. Whoever gets this may see the application already."""

    request: HttpRequest
    application: Application
    case: Case
    actor: Actor


def _always(page: Page) -> bool:
    return True


def _nothing(page: Page) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its template is rendered with `page`, `application`, `case`, `actor`, and what `context` gives.

    `order` places it: 0–9 at the top, 10–89 among the facts, 90 and more at the end. The page prints the title.
    """

    key: str
    title: Text
    template: str
    context: Callable[[Page], Mapping[str, Any]] = _nothing
    visible: Callable[[Page], bool] = _always
    order: int = 50


_SECTIONS: dict[str, Section] = {}
_STEP_PAGES: dict[str, str] = {}
_WORDS: dict[str, Text] = {}


def register(section: Section) -> Section:
    """Show this section on every application's page to whom it concerns."""
    _SECTIONS[section.key] = section
    return section


def page_for(step_name: str, url_name: str) -> None:
    """This step is taken on a page of its own: `reverse(url_name, args=[application.pk])`, with `?unit=…`."""
    _STEP_PAGES[step_name] = url_name


def words_for(act: str, text: Text) -> None:
    """How the timeline names an audited act that is no step of the process."""
    _WORDS[act] = text


def sections(page: Page) -> list[Section]:
    """The sections that this reader sees, in order."""
    return sorted((each for each in _SECTIONS.values() if each.visible(page)), key=lambda each: each.order)


def own_page(step_name: str) -> str | None:
    """The name of the page that a room has registered for a step."""
    return _STEP_PAGES.get(step_name)


def act_words(act: str) -> Text | None:
    """The registered words for an act."""
    return _WORDS.get(act)
