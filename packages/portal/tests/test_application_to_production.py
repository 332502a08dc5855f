"""A province's application from the first draft to production, step by step against the database."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.audit.models import Event
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given, ProvedCall
from ketnoi_portal.process.case import Stage, opened
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication.desired import wanted_rights
from ketnoi_portal.publication.reading import approved_applications
from ketnoi_portal.settings import current
from ketnoi_protocol.services import Environment, System

from .forms import a_form
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("chart", "profile", "platform"),
    [("chart_2022", "2022-seed", "VDXP"), ("chart_2025", "2025", "NDOP")],
)
def test_from_draft_to_production_and_back(
    monkeypatch: pytest.MonkeyPatch, chart: str, profile: str, platform: str
) -> None:
    own = msgspec.structs.replace(current(), chart=chart, profile=profile)
    monkeypatch.setattr("ketnoi_portal.onboarding.actions.current", lambda: own)
    found()
    rep, c06, pc06 = at_agency("H55"), at_desk("c06", Role.HANDLER), at_desk("pc06-h55", Role.HANDLER)
    a05, a06 = at_desk("a05", Role.ASSESSOR), at_desk("a06", Role.ASSESSOR)
    operator, other = (at_desk(each, Role.OPERATOR) for each in (platform.lower(), "ndxp"))
    first, second = (at_desk("lanh-dao", Role.LEADER, level=level) for level in (1, 2))
    province = Organisation.objects.get(pk="H55")
    application = actions.begin(rep, province, System.POPULATION)
    with pytest.raises(StepRefused, match="missing:form_complete"):
        actions.take(rep, application, "submit")
    actions.save_form(rep, application, a_form(profile=profile))
    actions.take(rep, application, "submit")
    with pytest.raises(StepRefused):
        actions.take(other, application, "register_on_platform", f"{platform}/test")
    actions.take(operator, application, "register_on_platform", f"{platform}/test")
    application = actions.take(c06, application, "accept")
    assert opened(application.case()) == {Environment.TEST}
    actions.take(rep, application, "take_account", "test", Given(public_key="PEM"))
    actions.take(SYSTEM_ACTOR, application, "pass_connection_check")
    blob = Blob.keep(b"proof", "application/zip")
    proof = ProvedCall("id", "00", datetime(2026, 1, 1, tzinfo=UTC), blob, blob)
    for outcome in ("answered", "refused"):
        actions.take(SYSTEM_ACTOR, application, "record_test_call", f"look_up_citizen/{outcome}", Given(evidence=proof))
    actions.take(rep, application, "send_survey")
    for assessor, unit in ((a05, "a05"), (a06, "a06")):
        actions.take(assessor, application, "confirm_security", unit, Given(number="1/XN", dated=date(2026, 1, 1)))
    actions.take(rep, application, "confirm_test")
    actions.take(c06, application, "complete_test")
    account = Given(full_name="Cán bộ", position="CV", email="cb@example.vn", organisation=province)
    actions.take(rep, application, "list_account", "TK1", account)
    for unit in ("1", "2", "3", "4/TK1"):
        with pytest.raises(StepRefused, match="missing:"):
            actions.take(rep, application, "hand_in_to_pc06")
        signed = Given(file=blob, file_name="a.pdf", verdict={"state": "valid", "checked_at": "2026-01-01T00:00:00Z"})
        actions.take(rep, application, "file_paper", unit, signed)
    actions.take(rep, application, "hand_in_to_pc06")
    for unit in ("1", "2", "3", "4/TK1"):
        actions.take(pc06, application, "accept_paper", unit)
    actions.take(pc06, application, "forward")
    actions.take(c06, application, "submit_to_leadership")
    with pytest.raises(StepRefused):
        actions.take(second, application, "decide", "2", Given(number="2"))
    actions.take(first, application, "decide", "1", Given(number="1"))
    actions.take(second, application, "decide", "2", Given(number="2"))
    with pytest.raises(StepRefused, match="missing:registered_for_production"):
        actions.take(c06, application, "go_live")
    actions.take(operator, application, "register_on_platform", f"{platform}/production")
    application = actions.take(c06, application, "go_live")
    assert application.stage == Stage.LIVE
    assert application.valid_until is not None
    assert opened(application.case()) == set(Environment)
    # Exactly there, and nowhere else.
    for instance in ("VDXP", "NDXP", "NDOP", "VDXP-TEST", "NDXP-TEST", "NDOP-TEST"):
        assert len(wanted_rights(approved_applications(), instance)) == (instance.removesuffix("-TEST") == platform)
    application = actions.take(c06, application, "suspend", given=Given(reason="kiểm tra"))
    assert opened(application.case()) == frozenset()
    assert first_broken() is None
    assert Event.objects.filter(subject=str(application.pk)).count() > 20
    assert Application.objects.count() == 1
