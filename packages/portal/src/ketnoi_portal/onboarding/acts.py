"""What the reader of an application may do next, each act with its form or its own page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.sections import Page, own_page
from ketnoi_portal.onboarding.step_forms import DANGEROUS, EXPLAINED, StepForm
from ketnoi_portal.onboarding.words import unit_words
from ketnoi_portal.process.requirements import Missing, missing
from ketnoi_portal.process.rules import steps_for
from ketnoi_portal.process.step import Step
from ketnoi_portal.process.turns import awaited

# Steps that need more than a form of this room; without the room that does them they are not offered.
ELSEWHERE = frozenset({"take_account", "file_paper", "list_account", "send_survey"})


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its step and unit, the unit in words, the form, or the address of the page where it is done.

    `gaps` is what is still missing for it; as long as there is something the form is not offered. `awaited`: the
    application waits for it, other acts are possible beside it.
    """

    step: Step
    unit: str
    words: Text | None
    form: StepForm
    page: str | None
    gaps: tuple[Missing, ...] = ()
    awaited: bool = False

    @property
    def key(self) -> str:
        """Names it on the page."""
        return f"act-{self.step.name}-{self.unit.replace('/', '-')}"

    @property
    def explained(self) -> Text | None:
        """What it brings about, where that is not plain."""
        return EXPLAINED.get(self.step.name)

    @property
    def dangerous(self) -> bool:
        """Whether it ends or closes something."""
        return self.step.name in DANGEROUS

    @property
    def has_fields(self) -> bool:
        """Whether there is anything to fill in."""
        return any(not field.is_hidden for field in self.form)


def asked_of(application: Application) -> frozenset[str]:
    """The registrations (`VDXP/test`) that operators have been asked for and have not decided."""
    rows = application.platform_registrations.filter(state=PlatformRegistration.ASKED)
    return frozenset(
        f"{platform}/{environment}" for platform, environment in rows.values_list("platform", "environment")
    )


def acts_for(page: Page) -> list[Act]:
    """Every act that is the reader's, also those for which something is missing; what is awaited comes first."""
    waited = {(turn.step, turn.unit) for turn in awaited(page.case, asked_of(page.application))}
    acts = []
    for step, unit in steps_for(page.case, page.actor):
        address = _address(page, step, unit)
        if address is None and (step.name in ELSEWHERE or step.names_unit):
            continue
        form = StepForm(
            step,
            initial={"unit": unit, "revision": page.application.revision},
            auto_id=f"id_{step.name}-{unit.replace('/', '-')}-%s",
        )
        gaps = tuple(missing(page.case, step.gate)) if step.gate is not None else ()
        words = unit_words(step.name, unit, page.case) if not step.names_unit else None
        is_awaited = (step.name, "" if step.names_unit else unit) in waited
        acts.append(Act(step, unit, words, form, address, gaps, is_awaited))
    return sorted(acts, key=lambda act: not act.awaited)


def _address(page: Page, step: Step, unit: str) -> str | None:
    name = own_page(step.name)
    if name is None:
        return None
    try:
        address = reverse(name, args=[page.application.pk])
    except NoReverseMatch:
        return None
    return f"{address}?{urlencode({'unit': unit})}" if unit and not step.names_unit else address
