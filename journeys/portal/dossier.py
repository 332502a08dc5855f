"""One application as its people see it in their browsers: begun, filled in, sent, and taken step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import expect

from journeys.portal.desk import Desk
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_protocol.services import Service, System

_KEY = re.compile(r"/ho-so/([0-9a-f-]{36})/")
_BODY = ("duties", "information_system", "information_system_code", "security_level", "level_decision",
         "per_day", "peak_per_second", "months", "notify")  # fmt: skip


def rightly_and_wrongly(services: Iterable[Service]) -> dict[str, str]:
    """The code of each test call: every service is asked once with a licensed procedure and once without."""
    return {
        f"{service}/{outcome}": code
        for service in services
        for outcome, code in (("answered", "00"), ("refused", "23"))
    }


class Dossier:
    """An application by its key."""

    def __init__(self, key: str) -> None:
        self.key = key

    @classmethod
    def begin(cls, desk: Desk, system: System = System.POPULATION) -> Dossier:
        """A clerk begins one."""
        desk.go("/ho-so/moi/")
        desk.page.locator(f"button[name=system][value={system}]").click()
        desk.page.wait_for_url(_KEY)
        found = _KEY.search(desk.page.url)
        assert found is not None
        return cls(found[1])

    def open(self, desk: Desk, beneath: str = "") -> Desk:
        """Its page, or one beneath it."""
        return desk.go(f"/ho-so/{self.key}/{beneath}")

    def fill_in(self, desk: Desk, form: Registration) -> Desk:
        """The clerk fills the form in; the servers' part comes by itself as services are ticked."""
        page = self.open(desk, "phieu/").page
        unfold = "() => document.querySelectorAll('#registration details').forEach(each => { each.open = true; })"
        for each in form.services:
            page.evaluate(unfold)
            page.locator(f"[name='{each.service}-chosen']").check()
            page.locator(f"[name='{each.service}-procedures']").fill("\n".join(each.procedures))
            page.locator(f"[name='{each.service}-purpose']").fill(each.purpose)
            for name in each.fields:
                page.locator(f"[name='{each.service}-fields'][value='{name}']").check()
        whole = page.locator("#registration")
        for server in form.servers:
            prefix = f"{server.platform}-{server.environment}"
            expect(page.locator(f"[name='{prefix}-server']")).to_have_count(1)
        page.evaluate(unfold)
        values: dict[str, Any] = {name: getattr(form, name) for name in _BODY}
        values["security_level"] = str(form.security_level)
        for prefix in ("technical", "head"):
            contact = getattr(form, prefix)
            values |= {f"{prefix}-{name}": getattr(contact, name) for name in contact.__struct_fields__}
        for server in form.servers:
            prefix = f"{server.platform}-{server.environment}"
            values |= {
                f"{prefix}-server": server.server,
                f"{prefix}-subsystem": server.subsystem,
                f"{prefix}-address": server.address,
                f"{prefix}-pem": server.certificate,
            }
        desk.fill(whole, values)
        page.locator("button[name=check]").click()
        page.wait_for_url("**/kiem-tra/")
        return desk

    def send(self, desk: Desk) -> Desk:
        """The representative sends it."""
        self.open(desk, "kiem-tra/")
        desk.send("/viec/submit/")
        return desk

    def take(self, desk: Desk, step: str, unit: str = "", **values: Any) -> Desk:
        """Somebody takes a step on its page."""
        self.open(desk)
        form = desk.page.locator(f"form[action$='/viec/{step}/']").filter(
            has=desk.page.locator(f"input[name=unit][value='{unit}']")
        )
        folded = desk.page.locator("details:not([open])").filter(has=form)
        if folded.count():
            folded.locator("summary").first.click()
        desk.fill(form, values)
        form.get_by_role("button").last.click()
        desk.page.wait_for_load_state("domcontentloaded")
        expect(desk.page.locator("main .error[role=alert]")).to_have_count(0)
        return desk

    def at_the_platform(self, desk: Desk, unit: str) -> Desk:
        """The operator's page of its registration on one platform in one environment (`VDXP/test`)."""
        return desk.go(f"/nen-tang/ho-so/{self.key}/?unit={unit}")

    def register(self, desk: Desk, unit: str) -> Desk:
        """The platform's operator registers it there."""
        self.at_the_platform(desk, unit)
        return desk.press("register").sees("Đã có trên nền tảng")

    def remove(self, desk: Desk, unit: str, reason: str) -> Desk:
        """The platform's operator removes it again."""
        self.at_the_platform(desk, unit).page.locator("[name=reason]").fill(reason)
        return desk.press("remove")

    def offers(self, desk: Desk, step: str) -> bool:
        """Whether somebody is offered a step there."""
        self.open(desk)
        return desk.page.locator(f"#acts [id^='act-{step}-']").count() > 0


ALL = tuple(Service)
