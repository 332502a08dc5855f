"""The way of one application through the portal's own pages, taken by the people whose acts they are."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from types import TracebackType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import typst

from ketnoi_portal.onboarding.registration import Registration
from ketnoi_protocol.services import Environment, Platform, Service, System
from ketnoi_testbed.cast import ASSESSORS, HANDLER, LEADERS, OPERATORS, Applicant
from ketnoi_testbed.country import Country
from ketnoi_testbed.forms import registration
from ketnoi_testbed.visitor import Form, Page, Upload, Value, Visitor

HANOI: Final = ZoneInfo("Asia/Ho_Chi_Minh")
ANSWER: Final = "Đã thực hiện theo hồ sơ cấp độ 3 được phê duyệt; có phân công, quy trình và nhật ký kèm theo."
_KEY = re.compile(r"/ho-so/([0-9a-f-]{36})/")


class Walk:
    """One application of one applicant. Each method is an act of somebody; it raises PageRefused or LookupError."""

    def __init__(self, country: Country, applicant: Applicant, system: System = System.POPULATION) -> None:
        self.country = country
        self.applicant = applicant
        self.system = system
        self.key = ""
        self.number = ""
        self._stack = contextlib.ExitStack()
        self._visitors: dict[str, Visitor] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # Moving about

    def of(self, name: str) -> Visitor:
        """Somebody's browser, signed in."""
        if name not in self._visitors:
            self._visitors[name] = self._stack.enter_context(Visitor(self.country.portal.url, name))
        return self._visitors[name]

    def page(self, name: str, beneath: str = "") -> Page:
        """The application's page as somebody sees it, or a page beneath it."""
        return self.of(name).open(f"/ho-so/{self.key}/{beneath}")

    def form(self, name: str, step: str, unit: str = "") -> Form:
        """The form of a step on the application's page. Raises LookupError when it is not offered."""
        page = self.page(name)
        for form in page.forms(f"/viec/{step}/"):
            if dict(form.values()).get("unit", "") == unit:
                return form
        raise LookupError(f"{name} is not offered {step} {unit}: {page.text[:1500]}")

    def take(
        self, name: str, step: str, unit: str = "", values: Mapping[str, Value] | None = None, **files: Upload
    ) -> Page:
        """Somebody takes a step."""
        return self.form(name, step, unit).send(values, files=files)

    def stands(self, name: str = HANDLER) -> str:
        """The stage, in the page's words."""
        return self.page(name).told("badge")[0]

    # Seed 2.1: registration and test

    def register(self, services: Iterable[Service]) -> Registration:
        """The clerk fills the form in, the representative sends it."""
        clerk = self.of(self.applicant.clerk)
        begun = clerk.open("/ho-so/moi/").form(self.system).send(button=self.system)
        found = _KEY.search(begun.url)
        assert found is not None, begun.url
        self.key = found[1]
        form = registration(list(self.country.worlds.values()), self.applicant.code, services)
        first, second = filled_in(form)
        # Without JavaScript the servers' part comes once the services are saved.
        page = self.page(self.applicant.clerk, "phieu/").form("duties").send(first, button="Lưu nháp")
        page.form("duties").send({**first, **second}, button="Lưu và kiểm tra")
        self.page(self.applicant.representative, "kiem-tra/").form("/viec/submit/").send()
        return form

    def register_on(self, environment: Environment) -> list[str]:
        """The operators of the platforms register the servers; on which platforms."""
        done = []
        for platform in self.platforms:
            operator = self.of(OPERATORS[platform])
            unit = f"{platform}/{environment}"
            operator.open(f"/nen-tang/ho-so/{self.key}/?unit={unit}").form("revision").send(button="register")
            done.append(platform.value)
        return done

    @property
    def platforms(self) -> list[Platform]:
        """Where the applicant has servers."""
        part = self.country.test.agencies[self.applicant.code].part
        return list(part.platforms or Platform)

    def accept(self) -> Page:
        """C06 accepts."""
        return self.take(HANDLER, "accept")

    # Seed 2.1 and 2.2: survey and assessment

    def send_survey(self) -> Page:
        """The representative answers every question, attaches what is asked for, and sends it to A05."""
        form = self.page(self.applicant.representative, "khao-sat/").form("a_network")
        answers: dict[str, Value] = dict.fromkeys(form.texts, ANSWER)
        proof = ("bien-ban.pdf", document("Biên bản kiểm tra, đánh giá"), "application/pdf")
        return form.send(answers, files=dict.fromkeys(form.files, proof), button="send")

    def assess(self) -> None:
        """A05 and A06 confirm that the system is secure: paper 5."""
        today = self.today()
        for assessor, name in ASSESSORS.items():
            said: dict[str, Value] = {
                "number": f"12/XN-{assessor.upper()}",
                "dated": today.isoformat(),
                "scope": "Hệ thống thông tin và kết nối nêu trong hồ sơ",
                "valid_until": today.replace(year=today.year + 1, day=min(today.day, 28)).isoformat(),
            }
            self.take(name, "confirm_security", assessor, said)

    def decide(self, level: int) -> Page:
        """A level of leadership agrees."""
        said: dict[str, Value] = {"number": f"{level}/QĐ-BCA", "dated": self.today().isoformat()}
        return self.take(LEADERS[level - 1], "decide", str(level), said)

    def today(self) -> date:
        """The date in Vietnam."""
        return self.country.test.clock.now().astimezone(HANOI).date()


def document(title: str) -> bytes:
    """A small PDF, as somebody scans or writes one."""
    return typst.compile(f"#set page(width: 120mm, height: 80mm)\n= {title}".encode())


def filled_in(form: Registration) -> tuple[dict[str, Value], dict[str, Value]]:
    """A registration as fields of the page: those that are there at once, and those of the servers."""
    first: dict[str, Value] = {
        name: str(getattr(form, name))
        for name in ("duties", "information_system", "information_system_code", "security_level", "level_decision",
                     "per_day", "peak_per_second", "months", "notify")
    }  # fmt: skip
    for prefix in ("technical", "head"):
        contact: Any = getattr(form, prefix)
        first |= {f"{prefix}-{name}": getattr(contact, name) for name in contact.__struct_fields__}
    for each in form.services:
        first[f"{each.service}-chosen"] = True
        first[f"{each.service}-procedures"] = "\n".join(each.procedures)
        first[f"{each.service}-purpose"] = each.purpose
        if each.fields:
            first[f"{each.service}-fields"] = list(each.fields)
    second: dict[str, Value] = {}
    for server in form.servers:
        prefix = f"{server.platform}-{server.environment}"
        second |= {
            f"{prefix}-server": server.server,
            f"{prefix}-subsystem": server.subsystem,
            f"{prefix}-address": server.address,
            f"{prefix}-pem": server.certificate,
        }
    return first, second
