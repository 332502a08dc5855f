"""The story of a citizen: an agency asks, the phone shows it, the citizen agrees, and takes it back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from ketnoi_client import consents
from ketnoi_client.agency import Call, Sent
from ketnoi_client.problems import Refused
from ketnoi_identity.accounts.registering import day_first
from ketnoi_identity.consent import words
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.looks.words import fields_of
from ketnoi_pages.text import Text
from ketnoi_protocol.services import Service, System
from ketnoi_testbed.asking import birth_of, person_of
from ketnoi_testbed.cards import Cards
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.desk import Desk
from ketnoi_testbed.show.story import StoryWentWrong
from ketnoi_testbed.show.terminal import BOLD, CYAN, DIM, GREEN, RED, Terminal
from ketnoi_testbed.world import World

CODE: Final = "G15"
ASKED: Final = ("HoVaTen", "NgayThangNamSinh", "ThuongTru")
PURPOSE: Final = "Đăng ký khai sinh cho con"
DAY: Final = 86_400
WITHIN: Final = 60.0
"""Seconds in which what was taken back is refused."""


class CitizenStory:
    """Tells it about one world that has the identity system, once."""

    def __init__(self, world: World, terminal: Terminal) -> None:
        self.world, self.terminal = world, terminal
        self.side = world.agencies[CODE]
        # Not whom `ketnoi-testbed person` names: the reader is to be that one.
        self.row = world.people.family[1]
        self._call = Call(system=System.IDENTITY, officer=world.plan.identity[CODE].officer)

    def tell(self) -> None:
        """The whole story. Raises StoryWentWrong, and whatever a call raises."""
        out = self.terminal
        out.heading(
            "7. Định danh và xác thực điện tử: công dân đồng ý rồi dữ liệu mới đi",
            "The identity system: data leave once the citizen has agreed",
        )
        citizens = Citizens.of(self.world)
        citizen = citizens.enrol(self.row)
        Cards(self.world, citizens).attest(citizen)
        self._refused("50", None, "chưa có sự đồng ý", "asked without a consent")
        code = self._ask()
        self._refused("51", code, "công dân chưa trả lời", "asked before the citizen has answered")
        self._on_the_phone(citizen, code)
        citizen.agree(code)
        out.both(
            "✓ công dân đồng ý, bằng mật khẩu và khóa của điện thoại", "the citizen agrees", indent=2, colour=GREEN
        )
        self._answered(code)
        self._taken_back(citizen, code)

    def open_desk(self) -> Desk:
        """The police desk at which whoever registers is attested, with officers who are nobody of the stories."""
        world, desk = self.world, Desk(self.world.identity, self.world.clock)
        desk.staff(Citizens.of(world), world.population, world.people.family)
        return desk

    def invite(self, settings: str, ketnoi: str, testbed: str) -> None:
        """How to play the citizen oneself: what to open, whom to be, and the commands by which one is asked.

        `ketnoi` and `testbed` are how the two commands are called.
        """
        out, row, people = self.terminal, self.world.people.full, self.world.population
        pages, person = self.world.identity.url, f"{testbed} person --seed {people.seed} --people {people.people}"
        out.both(f"  trang công dân: {pages}", "the citizens' pages, as wide as a phone")
        who = f"{row.personal_number}, {row.full_name}, {day_first(birth_of(row))}"
        out.both(f"    1. mở {pages}/dang-ky/ và đăng ký là: {who}", "register as this invented person")
        out.both(
            "       vài giây sau công an xã (giả định) xác nhận: tài khoản lên mức 2", "a desk attests you: level 2"
        )
        out.both("    2. cơ quan xin sự đồng ý:", "the agency asks")
        officer = self.world.plan.identity[CODE].officer
        out.line(
            f"       {person} | {ketnoi} consent ask --settings {settings} --officer {officer}"
            f' --service look_up_citizen --fields {" ".join(ASKED)} --purpose "{PURPOSE}" --input -'
        )
        out.both(f"    3. trả lời ở {pages}/dong-y/, hoặc tại bàn tiếp dân bằng lệnh:", "answer there, or at the desk:")
        out.line(f"       {person} | {testbed} citizen agree --input - MaGiaoDichDongY")

    def _ask(self) -> str:
        out, part = self.terminal, self.side.part
        asked = consents.request(
            self.side.agency, person_of(self.row), Service.LOOK_UP_CITIZEN,
            purpose=PURPOSE, fields=ASKED, one_time=False, lasts=DAY, **self._call,
        )  # fmt: skip
        out.both(f"{part.vi} xin sự đồng ý, qua {asked.instance}", f"{part.en} asks for a consent", indent=2)
        self._fact("mã giao dịch", "transaction", f"{asked.answer.consent}  {asked.answer.state}")
        return asked.answer.consent

    def _on_the_phone(self, citizen: Citizen, code: str) -> None:
        """What the citizen's page shows of it, and where."""
        out = self.terminal
        out.both("trên điện thoại của công dân:", "on the citizen's phone:", indent=2)
        kept = next(each for each in citizen.consents() if each.id == code)
        lines = shown(kept, self.side.part.vi, self.world.identity.procedures)
        width = max(len(line) for line in lines)
        out.line(f"    ┌{'─' * (width + 2)}┐")
        for line in lines:
            out.line(f"    │ {line:<{width}} │")
        out.line(f"    └{'─' * (width + 2)}┘")
        out.line(f"    {out.painted(f'{self.world.identity.url}/dong-y/{code}/', DIM)}")

    def _answered(self, code: str) -> None:
        sent = self._look_up(code)
        citizen = sent.answer.citizen
        if citizen is None or set(citizen.fields) != set(ASKED) or sent.answer.consent != code:
            raise StoryWentWrong("the answer is not what was agreed to")
        out = self.terminal
        name = citizen.name.full if citizen.name is not None else ""
        out.both(
            f"✓ {out.painted(name, BOLD)}: {', '.join(citizen.fields)}", "what was agreed to, and no more", indent=2
        )
        self._fact("mã thông điệp", "message id", sent.message_id)

    def _taken_back(self, citizen: Citizen, code: str) -> None:
        out, began = self.terminal, time.monotonic()
        citizen.take_back(code)
        while self._told(code) == "00":
            if time.monotonic() - began > WITHIN:
                raise StoryWentWrong("what was taken back was still answered after a minute")
            time.sleep(0.1)
        took = time.monotonic() - began
        out.both(f"✓ công dân rút lại; sau {took:.1f} s không còn trả lời", "taken back", indent=2, colour=GREEN)
        self._refused("57", code, "công dân đã rút lại", "asked after it was taken back")

    def _refused(self, wanted: str, code: str | None, vi: str, en: str) -> None:
        told = self._told(code)
        if told != wanted:
            raise StoryWentWrong(f"{en}: {told} instead of {wanted}")
        self.terminal.both(f"✗ mã {told} khi {vi}", en, indent=2, colour=RED)

    def _told(self, code: str | None) -> str:
        try:
            return str(self._look_up(code).answer.ma_ket_qua)
        except Refused as refused:
            return refused.problem.row.code

    def _look_up(self, code: str | None) -> Sent[Any]:
        return self.side.agency.look_up_citizen(person_of(self.row), **{**self._call, "consent": code})

    def _fact(self, vi: str, en: str, value: str) -> None:
        out = self.terminal
        out.line(f"      {vi:<18}{out.painted(f'· {en:<12}', DIM)}{out.painted(value, CYAN)}")


def shown(kept: Kept, agency: str, procedures: dict[str, Text]) -> Sequence[str]:
    """What the citizen's page shows of a request, line by line, in the words of the page, and the two buttons."""
    procedure = procedures.get(kept.procedure_code)
    return [
        agency,
        f"{procedure.vi} {kept.procedure_code}" if procedure else kept.procedure_code,
        f"Cơ quan viết: {kept.purpose}",
        "Một lần duy nhất" if kept.one_time else "Nhiều lần, cho tới khi hết hạn",
        f"{words.duration(kept.lasts_seconds).vi} kể từ lúc đồng ý",
        words.LEARNS[kept.service].vi,
        *(f"• {each.name.vi}" for each in fields_of(tuple(kept.fields))),
        "( Đồng ý )      ( Từ chối )",
    ]
