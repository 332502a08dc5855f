"""With JavaScript a part of a page comes by itself (htmx), and nothing else of the page moves."""

from __future__ import annotations

from playwright.sync_api import expect

from journeys.portal.conftest import SitDown
from journeys.portal.dossier import Dossier
from ketnoi_protocol.services import Environment, Service
from ketnoi_testbed.cast import CONSTRUCTION


def test_the_servers_part_comes_by_itself_and_nothing_else_of_the_page_moves(sit_down: SitDown) -> None:
    desk = sit_down(CONSTRUCTION.clerk)
    dossier = Dossier.begin(desk)
    page = dossier.open(desk, "phieu/").page
    page.evaluate("() => { window.thisVeryPage = true; }")
    page.evaluate("() => document.querySelectorAll('#registration details').forEach(each => { each.open = true; })")
    page.locator("[name='duties']").fill("Chưa lưu")
    servers = page.locator("#servers [name$='-server']")
    expect(servers).to_have_count(0)
    with page.expect_response(lambda response: response.url.endswith("/phieu/may-chu/")) as coming:
        page.locator(f"[name='{Service.VERIFY_CITIZEN}-chosen']").check()
    part = coming.value
    assert part.status == 200
    assert part.request.headers["hx-request"] == "true"
    assert "<html" not in part.text(), "a part of the page came, not a page"
    names = [f"NDXP-{environment}-server" for environment in Environment]
    expect(servers).to_have_count(len(names))
    assert servers.evaluate_all("all => all.map(each => each.name)") == names
    # Another platform's service brings its own, and what was not sent is still there.
    page.locator(f"[name='{Service.LOOK_UP_CITIZEN}-chosen']").check()
    expect(servers).to_have_count(2 * len(names))
    page.locator(f"[name='{Service.VERIFY_CITIZEN}-chosen']").uncheck()
    expect(page.locator("#servers [name^='NDXP-']")).to_have_count(0)
    assert page.evaluate("() => window.thisVeryPage") is True, "the page was not loaded again"
    expect(page.locator("[name='duties']")).to_have_value("Chưa lưu")
    desk.is_accessible()
    assert desk.broken == []
    # It was asked for, and nothing was saved.
    dossier.open(desk, "phieu/")
    expect(servers).to_have_count(0)
