"""The way of one application through the portal's own pages, taken by the people whose acts they are."""

from __future__ import annotations

import io
import re
import time
import tomllib
import uuid
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import msgspec
import typst

from ketnoi_client import consents
from ketnoi_client.problems import KetnoiError, Refused
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_portal.onboarding.sign_in import SignInEntry
from ketnoi_protocol.services import Environment, Platform, Service, System
from ketnoi_testbed.account_walk import CODE
from ketnoi_testbed.asking import ask, person_of
from ketnoi_testbed.browsers import Browsers
from ketnoi_testbed.cards import Cards
from ketnoi_testbed.cast import ASSESSORS, HANDLER, LEADERS, OPERATORS, Applicant
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.country import Country
from ketnoi_testbed.forms import registration
from ketnoi_testbed.visitor import Form, Page, Upload, Value

HANOI: Final = ZoneInfo("Asia/Ho_Chi_Minh")
PATIENCE: Final = 180.0
"""Seconds to wait for what the portal's worker does by itself, on a machine that has other things to do."""
NOT_LICENSED: Final = "KHONG-CO"
LOOKED_UP: Final = ("HoVaTen", "NgayThangNamSinh")
PURPOSE: Final = "Giải quyết thủ tục hành chính"
ANSWER: Final = "Đã thực hiện theo hồ sơ cấp độ 3 được phê duyệt; có phân công, quy trình và nhật ký kèm theo."
_KEY = re.compile(r"/ho-so/([0-9a-f-]{36})/")


class Walk(Browsers):
    """One application of one applicant. Each method is an act of somebody; it raises PageRefused or LookupError."""

    def __init__(
        self,
        country: Country,
        applicant: Applicant,
        system: System = System.POPULATION,
        sit: Callable[[str], Any] | None = None,
    ) -> None:
        super().__init__(country, sit)
        self.applicant = applicant
        self.system = system
        self.key = ""
        self.number = ""
        self.asked: list[Service] = []
        self._citizens: dict[Environment, Citizens] = {}
        self._cards: dict[Environment, Cards] = {}

    # Moving about

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

    def register(self, services: Iterable[Service], sign_in: Iterable[SignInEntry] = ()) -> Registration:
        """The clerk begins an application and fills its form in, the representative sends it.

        `sign_in`: where people come back to who sign in to the agency's system with eID, of the identity system alone.
        """
        begun = self.of(self.applicant.clerk).open("/ho-so/moi/").form(self.system).send(button=self.system)
        found = _KEY.search(begun.url)
        assert found is not None, begun.url
        self.key = found[1]
        self.asked = list(services)
        form = registration(list(self.country.worlds.values()), self.applicant.code, self.asked)
        form = msgspec.structs.replace(form, sign_in=tuple(sign_in))
        first, second = filled_in(form)
        # Without JavaScript the servers' part comes once the services are saved.
        self.page(self.applicant.clerk, "phieu/").form("duties").send(first, button="Lưu nháp")
        self.complete({**first, **second})
        self.send_form()
        return form

    def claim(self, key: str, services: Iterable[Service]) -> Page:
        """The representative claims a draft that came by e-mail."""
        self.key, self.asked = key, list(services)
        return self.take(self.applicant.representative, "claim")

    def complete(self, fields: Mapping[str, Value]) -> Page:
        """The clerk fills these fields of the form in and has all of it checked; what stands in the others stays."""
        return self.page(self.applicant.clerk, "phieu/").form("duties").send(fields, button="Lưu và kiểm tra")

    def send_form(self) -> Page:
        """The representative sends the form."""
        return self.page(self.applicant.representative, "kiem-tra/").form("/viec/submit/").send()

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
        return list(part.platforms or self.country.test.plan.instances.values())

    def accept(self) -> Page:
        """C06 accepts."""
        return self.take(HANDLER, "accept")

    def take_account(self, environment: Environment) -> str:
        """The representative takes the integration account; its key, shown once, goes into the agency's settings."""
        page = self.page(self.applicant.representative).follow(f"tai-khoan/?unit={environment}")
        taken = next(form for form in page.forms("how") if ("how", "new") in form.values()).save()
        with zipfile.ZipFile(io.BytesIO(taken)) as archive:
            told = tomllib.loads(archive.read("agency.toml").decode())
            account = told["accounts"][self.system]
            key = archive.read(account["key"])
        world = self.country.worlds[environment]
        world.agencies[self.applicant.code].take_account(self.system, account["id"], key, told["officer"])
        return str(account["id"])

    def call(self, environment: Environment, service: Service, **call: Any) -> tuple[str, str]:
        """One call by the agency's own client through both security servers: its message id and what came of it.

        `00` and `01` are answers, anything else is the code of a refusal.
        """
        world = self.country.worlds[environment]
        agency = world.agency(self.applicant.code)
        try:
            if self.system is System.IDENTITY:
                call |= self._agreed(environment, service)
            sent = ask(agency, world.people, service, system=self.system, **call)
        except KetnoiError as error:
            return error.message_id, error.problem.row.code if isinstance(error, Refused) else type(error).__name__
        return sent.message_id, sent.answer.ma_ket_qua

    def _agreed(self, environment: Environment, service: Service) -> dict[str, Any]:
        """What the identity system asks for beside the question: a citizen's consent, and in production an officer who
        is proved by their own eID account. Raises what the client raises."""
        world = self.country.worlds[environment]
        agency, row, told = world.agency(self.applicant.code), world.people.full, {}
        citizens = self._citizens.setdefault(environment, Citizens.of(world))
        cards = self._cards.setdefault(environment, Cards(world, citizens))
        if environment is Environment.PRODUCTION:
            told = self._officer(cards, citizens.enrol(world.people.family[0]))
        fields = LOOKED_UP if service is Service.LOOK_UP_CITIZEN else ()
        asked = consents.request(agency, person_of(row), service, purpose=PURPOSE, fields=fields, **told)
        citizen = citizens.enrol(row)
        cards.attest(citizen)
        citizen.agree(asked.answer.consent)
        if told:
            told = self._officer(cards, citizens.enrol(world.people.family[0]))
        return {**told, "consent": asked.answer.consent}

    def _officer(self, cards: Cards, officer: Citizen) -> dict[str, Any]:
        message_id = str(uuid.uuid4())
        code, card = cards.card(officer, self.applicant.code, message_id)
        return {"officer": code, "officer_token": card, "message_id": message_id}

    def until_answered(self, environment: Environment, service: Service, within: float = PATIENCE) -> str:
        """Ask until it is answered, as whoever has just been opened does; the message id. Raises TimeoutError."""
        ended = time.monotonic() + within
        while True:
            message_id, outcome = self.call(environment, service)
            if outcome in ("00", "01"):
                return message_id
            if time.monotonic() > ended:
                raise TimeoutError(f"{self.applicant.code} is still told {outcome}")
            time.sleep(0.5)

    def check_connection(self) -> Page:
        """The representative has the connection checked in both directions, until every item passes."""
        services = self.services()
        told = {
            platform.value: self.until_answered(Environment.TEST, service) for service, platform in services.items()
        }
        self.page(self.applicant.representative).form(f"{self.key}/kiem-tra/").send(told)
        return self.until(self.applicant.representative, "Đang thử nghiệm")

    def try_out(self) -> dict[str, tuple[str, str]]:
        """Each service is called once rightly and once wrongly, and the evidence of both is handed in."""
        handed = {}
        for service in self.services():
            answered = self.until_answered(Environment.TEST, service), "00"
            refused = self.call(Environment.TEST, service, procedure=NOT_LICENSED)
            for outcome, (message_id, code) in (("answered", answered), ("refused", refused)):
                unit = f"{service}/{outcome}"
                page = self.page(self.applicant.representative)
                form = next(form for form in page.forms("message_id") if ("unit", unit) in form.values())
                form.send({"message_id": message_id})
                handed[unit] = message_id, code
        return handed

    def confirm_test(self) -> Page:
        """The agency and C06 both confirm the test, once all evidence is verified."""
        ended = time.monotonic() + PATIENCE
        while len(self.page(self.applicant.representative).links("/goi-thu/")) < 4 * len(self.asked):
            if time.monotonic() > ended:
                raise TimeoutError(self.page(self.applicant.representative).text[:3000])
            time.sleep(0.5)
        self.take(self.applicant.representative, "confirm_test")
        return self.take(HANDLER, "complete_test")

    def services(self) -> dict[Service, Platform]:
        """What is asked for, and over which platform each service goes."""
        plan = self.country.test.plan
        return {each: plan.catalogue.entry(self.system, each, Environment.TEST).platform for each in self.asked}

    def until(self, name: str, text: str, within: float = PATIENCE) -> Page:
        """Look again until the application stands at this stage. Raises TimeoutError."""
        ended = time.monotonic() + within
        while True:
            page = self.page(name)
            if page.told("badge")[:1] == [text]:
                return page
            if time.monotonic() > ended:
                raise TimeoutError(f"{self.applicant.code}: {text} did not come to pass: {page.text[:1500]}")
            time.sleep(0.5)

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

    # Seed 2.2: the dossier

    def list_account(self, officer: str, email: str) -> Page:
        """The clerk lists a first account in paper 2."""
        form = self.papers(self.applicant.clerk).form("them-tai-khoan")
        return form.send({"full_name": officer, "position": "Cán bộ một cửa", "email": email})

    def papers(self, name: str, unit: str = "") -> Page:
        """The papers of the dossier, or one of them."""
        return self.of(name).open(f"/giay-to/{self.key}/" + (f"?unit={unit}" if unit else ""))

    def units(self, name: str) -> list[str]:
        """The papers that this dossier has."""
        return sorted({unquote(link.partition("?unit=")[2]) for link in self.papers(name).links("?unit=")})

    def sign_papers(self) -> list[str]:
        """Every paper is made, signed (in this rehearsal by test certificates) and put into the dossier."""
        signed = self.units(self.applicant.representative)
        for unit in signed:
            self.papers(self.applicant.representative, unit).form("/ky-thu").send()
        return signed

    def activate(self, officer: str) -> str:
        """An officer activates their account; its code, with which the agency asks from now on."""
        page = self.of(officer).open("/can-bo/cua-toi/").form("/activate/").send()
        found = CODE.search(page.text)
        if found is None:
            raise LookupError(page.text)
        side = self.country.production.agencies[self.applicant.code]
        side.ask_as(found[0])
        return found[0]

    def hand_in(self) -> Page:
        """The representative hands the dossier in: a locality to PC06, a ministry to C06."""
        return self.take(self.applicant.representative, "hand_in_to_pc06" if self.applicant.pc06 else "hand_in_to_c06")

    def accept_papers(self, name: str) -> list[str]:
        """The desk that has the dossier accepts each of its papers."""
        done = []
        for unit in self.units(name):
            for form in self.papers(name, unit).forms("/chap-nhan"):
                form.send()
                done.append(unit)
                break
        return done

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
    for entry in form.sign_in:
        first[f"sign_in-{entry.environment}-redirects"] = "\n".join(entry.redirects)
        first[f"sign_in-{entry.environment}-key"] = entry.key
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
