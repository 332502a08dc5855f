"""A ministry through all four population services to production, over both platforms, without any PC06."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from journeys.portal.browsing import BrowserVisitor
from ketnoi_protocol.services import Environment, Platform, Service
from ketnoi_testbed.cast import EDUCATION, HANDLER, LAO_CAI
from ketnoi_testbed.country import Country
from ketnoi_testbed.server_office import enforce
from ketnoi_testbed.visitor import PageRefused
from ketnoi_testbed.walk import Walk


def test_a_ministry_goes_to_production_with_four_services(
    country: Country, browse: Callable[[str], BrowserVisitor]
) -> None:
    for instance in ("VDXP-TEST", "NDXP-TEST", "VDXP", "NDXP"):
        enforce(country, instance)
    walk = Walk(country, EDUCATION, sit=browse)
    walk.register(tuple(Service))
    assert walk.register_on(Environment.TEST) == [Platform.VDXP, Platform.NDXP]
    walk.accept()
    walk.take_account(Environment.TEST)
    walk.check_connection()
    walk.list_account(EDUCATION.officer, EDUCATION.officer_email)
    assert len(walk.try_out()) == 2 * len(Service)
    walk.send_survey()
    walk.confirm_test()
    walk.sign_papers()
    # Paper 5 is missing: without A05 and A06 nothing goes on.
    with pytest.raises(LookupError):
        walk.hand_in()
    walk.assess()
    walk.hand_in()
    assert walk.stands() == "C06 thẩm định hồ sơ"
    with pytest.raises(PageRefused) as elsewhere:
        walk.page(LAO_CAI.pc06)
    assert elsewhere.value.status == 404, "a ministry's dossier is no business of a province's PC06"
    walk.accept_papers(HANDLER)
    walk.take(HANDLER, "submit_to_leadership")
    with pytest.raises(LookupError):
        walk.decide(2)
    walk.decide(1)
    walk.decide(2)
    walk.register_on(Environment.PRODUCTION)
    walk.take(HANDLER, "go_live")
    walk.take_account(Environment.PRODUCTION)
    walk.activate(EDUCATION.officer)
    for service in Service:
        walk.until_answered(Environment.PRODUCTION, service)
