"""The identity system: papers 1 and 5 alone, and the page says why there is no commitment of anybody.

With it the agency's system becomes one to which people sign in with eID, for as long as the approval lasts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from joserfc.jwk import ECKey

from journeys.portal.browsing import BrowserVisitor
from ketnoi_portal.onboarding.sign_in import SignInEntry
from ketnoi_protocol.services import Environment, Platform, Service, System
from ketnoi_testbed.cast import HANDLER, HEALTH
from ketnoi_testbed.country import Country
from ketnoi_testbed.server_office import enforce
from ketnoi_testbed.walk import Walk

SERVICES = (Service.VERIFY_CITIZEN, Service.CONFIRM_IDENTITY_NUMBER)
ADDRESS = "https://mot-cua.example/quay-lai"
KEY = ECKey.generate_key("P-256").as_pem(private=False).decode()
SIGN_IN = [SignInEntry(environment=each, redirects=(ADDRESS,), key=KEY) for each in Environment]
WITHIN = 60.0


def clients(country: Country, environment: Environment) -> dict[str, list[str]]:
    """To which systems people may sign in, by the identity system of an environment, and where they come back to."""
    with country.worlds[environment].identity.cursor() as cursor:
        return dict(cursor.execute("SELECT client_id, redirect_uris FROM client").fetchall())


def soon(holds: Callable[[], bool]) -> None:
    """It is so within a minute."""
    ended = time.monotonic() + WITHIN
    while not holds():
        assert time.monotonic() < ended
        time.sleep(0.5)


def test_two_papers_lead_the_identity_system_to_production(
    country: Country, browse: Callable[[str], BrowserVisitor]
) -> None:
    for instance in ("NDXP-TEST", "NDXP"):
        enforce(country, instance)
    walk = Walk(country, HEALTH, System.IDENTITY, sit=browse)
    walk.register(SERVICES, SIGN_IN)
    assert walk.register_on(Environment.TEST) == [Platform.NDXP]
    assert not clients(country, Environment.TEST)
    walk.accept()
    soon(lambda: clients(country, Environment.TEST) == {HEALTH.code: [ADDRESS]})
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
    soon(lambda: clients(country, Environment.PRODUCTION) == {HEALTH.code: [ADDRESS]})
    soon(lambda: "Điều khoản hiện hành" in walk.page(HANDLER).text)
    walk.take(HANDLER, "suspend", values={"reason": "Rà soát"})
    soon(lambda: not clients(country, Environment.PRODUCTION) and not clients(country, Environment.TEST))
