"""The language of the pages is the reader's choice, kept from page to page."""

from __future__ import annotations

from playwright.sync_api import expect

from journeys.portal.conftest import SitDown
from ketnoi_testbed.cast import HANDLER


def test_whoever_chooses_a_language_reads_it_until_they_choose_again(sit_down: SitDown) -> None:
    desk = sit_down(HANDLER).go("/viec/")
    html, heading = desk.page.locator("html"), desk.page.locator("h1")
    expect(html).to_have_attribute("lang", "vi")
    vietnamese = heading.inner_text()
    desk.page.get_by_role("button", name="English").click()
    expect(html).to_have_attribute("lang", "en")
    assert desk.page.url.endswith("/viec/"), "one stays where one was"
    assert heading.inner_text() != vietnamese
    desk.is_accessible().go("/so-lieu/").is_accessible()
    expect(html).to_have_attribute("lang", "en")
    desk.page.get_by_role("button", name="Tiếng Việt").click()
    expect(html).to_have_attribute("lang", "vi")
    expect(desk.go("/viec/").page.locator("h1")).to_have_text(vietnamese)
