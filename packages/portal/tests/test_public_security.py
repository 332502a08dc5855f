"""The ministry that keeps the registers applies for itself: its units may, C06 may not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import System

from .browsing import as_person
from .offices import at_agency, found

pytestmark = pytest.mark.django_db


@pytest.fixture
def bodies() -> dict[str, tuple[Organisation, Actor]]:
    """The ministry, C06, one of its divisions and another department, each with a representative."""
    found()
    told = {}
    for code, parent in (("G01", None), ("G01.C06", "G01"), ("G01.C06.P1", "G01.C06"), ("G01.C08", "G01")):
        body = Organisation.objects.create(code=code, name=code, level=Level.MINISTRY, parent_id=parent)
        told[code] = (body, at_agency(code))
    return told


@pytest.mark.parametrize("code", ["G01", "G01.C08"])
def test_the_ministry_and_its_other_units_begin(bodies: dict[str, tuple[Organisation, Actor]], code: str) -> None:
    body, rep = bodies[code]
    assert actions.begin(rep, body, System.POPULATION).organisation_id == code


@pytest.mark.parametrize("code", ["G01.C06", "G01.C06.P1"])
def test_c06_is_told_before_it_has_written_anything(bodies: dict[str, tuple[Organisation, Actor]], code: str) -> None:
    body, rep = bodies[code]
    with pytest.raises(StepRefused, match="own_request"):
        actions.begin(rep, body, System.POPULATION)
    answer = as_person(rep, f"agency:{code}").post(reverse("onboarding:begin"), {"system": "population"})
    assert answer.status_code == 403
    assert "C06 không đăng ký với chính mình" in answer.content.decode()
    assert not Application.objects.exists()
