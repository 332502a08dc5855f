"""The identity system: papers 1 and 5 alone, and the page says why there is no commitment of anybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from journeys.portal.browsing import BrowserVisitor
from ketnoi_protocol.services import Environment, Platform, Service, System
from ketnoi_testbed.cast import HANDLER, HEALTH
from ketnoi_testbed.country import Country
from ketnoi_testbed.server_office import enforce
from ketnoi_testbed.walk import Walk

SERVICES = (Service.VERIFY_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER)


def test_two_papers_lead_the_identity_system_to_production(
    country: Country, browse: Callable[[str], BrowserVisitor]
) -> None:
    for instance in ("NDXP-TEST", "NDXP"):
        enforce(country, instance)
    walk = Walk(country, HEALTH, System.IDENTITY, sit=browse)
    walk.register(SERVICES)
    assert walk.register_on(Environment.TEST) == [Platform.NDXP]
    walk.accept()
    walk.take_account(Environment.TEST)
    walk.check_connection()
    walk.try_out()
    walk.send_survey()
    walk.confirm_test()
    assert walk.units(HEALTH.representative) == ["1"]
    assert "Không có giấy tờ (4)" in walk.page(HEALTH.representative).text
    walk.sign_papers()
    with pytest.raises(LookupError):
        walk.hand_in()
    walk.assess()
    walk.hand_in()
    walk.accept_papers(HANDLER)
    walk.take(HANDLER, "submit_to_leadership")
    walk.decide(1)
    walk.decide(2)
    walk.register_on(Environment.PRODUCTION)
    walk.take(HANDLER, "go_live")
    walk.take_account(Environment.PRODUCTION)
    walk.until_answered(Environment.PRODUCTION, Service.VERIFY_CITIZEN)
