"""The page on which the world is seen, in a real browser: ask, watch the nine steps, see the evidence verified."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from ketnoi_client import doctor
from ketnoi_testbed.show.board import Board
from ketnoi_testbed.show.inspector import Inspector
from ketnoi_testbed.world import World


@pytest.fixture
def page(world: World) -> Iterator[Page]:
    board = Board()
    world.listen(board.told)
    inspector = Inspector(world, board)
    world.run(inspector.start())
    try:
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            shown = browser.new_page()
            shown.goto(inspector.url, wait_until="domcontentloaded")
            yield shown
            browser.close()
    finally:
        world.run(inspector.stop())
        world.around.listeners.remove(board.told)


def test_a_question_is_asked_and_seen_step_by_step(page: Page, world: World) -> None:
    expect(page.locator("#world-vi")).to_have_text(world.plan.vi)
    page.locator("#ask button").click()
    expect(page.locator("#calls li")).to_have_count(1, timeout=15_000)
    expect(page.locator("#calls li").first).to_contain_text("trả lời", timeout=15_000)
    page.locator("#calls li").first.click()
    for side in ("consumer", "provider"):
        expect(page.locator(f"#steps-{side} > li")).to_have_count(9)
    page.locator("#show-kept").click()
    expect(page.locator("#kept")).to_contain_text("HỢP LỆ", ignore_case=True, timeout=20_000)
    told = page.locator("body").inner_text()
    assert world.people.full.personal_number not in told


def test_a_call_that_the_security_server_answers_itself_is_called_by_its_name(page: Page, world: World) -> None:
    assert all(finding.passed for finding in doctor.examine(world.agency("H55")))
    expect(page.locator("#calls li").first).to_contain_text("allowedMethods", timeout=15_000)
    expect(page.locator("#detail-title")).to_contain_text("allowedMethods")


@pytest.mark.parametrize("width", [360, 420, 701, 1001, 1400])
def test_it_fits_a_narrow_window_too(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("#ask button").click()
    expect(page.locator("#steps-provider > li")).to_have_count(9, timeout=15_000)
    page.locator("#show-kept").click()
    expect(page.locator("#kept")).to_contain_text("HỢP LỆ", timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
