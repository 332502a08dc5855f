"""A platform operator's desk: what a newcomer's server needs on the platform waits there, and nowhere else."""

from __future__ import annotations

from journeys.portal.conftest import SitDown
from journeys.portal.dossier import Dossier
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_protocol.services import Platform, Service
from ketnoi_testbed.cast import CONSTRUCTION, HANDLER, OPERATORS
from ketnoi_testbed.country import Country
from ketnoi_testbed.forms import registration
from ketnoi_testbed.world import World


def known_servers(world: World) -> set[SecurityServerId]:
    """Whom the members of NDXP know, by the configuration that the platform has signed."""
    state = world.server(Platform.NDXP, "G15").hosted.running.state
    return set(state.globalconf.current().servers)


def test_a_server_is_registered_by_its_platforms_operator(country: Country, sit_down: SitDown) -> None:
    own = country.test.server(Platform.NDXP, "G17").id
    clerk, representative = sit_down(CONSTRUCTION.clerk), sit_down(CONSTRUCTION.representative)
    dossier = Dossier.begin(clerk)
    dossier.fill_in(clerk, registration(list(country.worlds.values()), "G17", [Service.VERIFY_CITIZEN]))
    dossier.send(representative)

    stranger = sit_down(OPERATORS[Platform.VDXP])
    refused = stranger.page.goto(f"/ho-so/{dossier.key}/")
    assert refused is not None
    assert refused.status == 404, "it is no business of the other platform's"
    handler = sit_down(HANDLER)
    dossier.open(handler).sees("NDXP-TEST:GOV:G17:SS01")
    assert not dossier.offers(handler, "register_on_platform")
    assert "còn thiếu" in dossier.open(handler).text, "C06 cannot accept before the platform knows the server"

    operator = sit_down(OPERATORS[Platform.NDXP])
    operator.go("/nen-tang/").sees("Bộ Xây dựng")
    assert own not in known_servers(country.test)
    dossier.at_the_platform(operator, "NDXP/test").sees("Máy chủ bảo mật: chưa có").is_accessible()
    dossier.register(operator, "NDXP/test")
    country.test.until(lambda: own in known_servers(country.test), within=60)
    assert country.production.server(Platform.NDXP, "G17").id not in known_servers(country.production)
    assert dossier.offers(handler, "accept")

    # What was given can be taken back, with a reason.
    dossier.remove(operator, "NDXP/test", "Máy chủ chuyển đi nơi khác")
    country.test.until(lambda: own not in known_servers(country.test), within=60)
    dossier.open(handler).sees("còn thiếu")
    assert operator.broken == []
