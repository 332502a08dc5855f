"""The story of a citizen: an agency asks, the phone shows it, the citizen agrees, and takes it back."""

from __future__ import annotations

import time
from typing import Any, Final

from ketnoi_client import consents
from ketnoi_client.agency import Call, Sent
from ketnoi_client.problems import Refused
from ketnoi_pages.fields import FIELDS
from ketnoi_protocol.services import Service, System
from ketnoi_testbed.asking import birth_of, person_of
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.show.story import StoryWentWrong
from ketnoi_testbed.show.terminal import BOLD, CYAN, DIM, GREEN, RED, Terminal
from ketnoi_testbed.world import World

CODE: Final = "G15"
ASKED: Final = ("HoVaTen", "NgayThangNamSinh", "ThuongTru")
PURPOSE: Final = "Cấp phiếu lý lịch tư pháp"
DAY: Final = 86_400
WITHIN: Final = 60.0
"""Seconds in which what was taken back is refused."""


class CitizenStory:
    """Tells it about one world that has the identity system, once."""

    def __init__(self, world: World, terminal: Terminal) -> None:
        self.world, self.terminal = world, terminal
        self.side = world.agencies[CODE]
        self.row = world.people.full
        self._call = Call(system=System.IDENTITY, officer=world.plan.identity[CODE].officer)

    def tell(self) -> None:
        """The whole story. Raises StoryWentWrong, and whatever a call raises."""
        out = self.terminal
        out.heading(
            "7. Định danh và xác thực điện tử: công dân đồng ý rồi dữ liệu mới đi",
            "The identity system: data leave once the citizen has agreed",
        )
        citizen = Citizens.of(self.world).enrol(self.row)
        self._refused("50", None, "chưa có sự đồng ý", "asked without a consent")
        code = self._ask()
        self._refused("51", code, "công dân chưa trả lời", "asked before the citizen has answered")
        self._on_the_phone(code)
        citizen.agree(code)
        out.both(
            "✓ công dân đồng ý, bằng mật khẩu và khóa của điện thoại", "the citizen agrees", indent=2, colour=GREEN
        )
        self._answered(code)
        self._taken_back(citizen, code)

    def invite(self, settings: str) -> None:
        """How to play the citizen oneself: whom to register as, and the command by which one is asked."""
        out, row = self.terminal, self.world.people.family[1]
        out.both(f"  trang công dân: {self.world.identity.url}", "the citizens' pages, as wide as a phone")
        who = f"{row.personal_number}, {row.full_name}, {birth_of(row)}"
        out.both(f"    đăng ký là: {who}", "register as this invented person")
        officer = self.world.plan.identity[CODE].officer
        out.line(
            f"    ketnoi consent ask --settings {settings} --officer {officer} --service look_up_citizen"
            f' --fields {" ".join(ASKED)} --purpose "{PURPOSE}"'
        )

    def _ask(self) -> str:
        out, part = self.terminal, self.side.part
        asked = consents.request(
            self.side.agency, person_of(self.row), Service.LOOK_UP_CITIZEN,
            purpose=PURPOSE, fields=ASKED, one_time=False, lasts=DAY, **self._call,
        )  # fmt: skip
        out.both(f"{part.vi} xin sự đồng ý, qua {asked.instance}", f"{part.en} asks for a consent", indent=2)
        self._fact("mã giao dịch", "transaction", f"{asked.answer.consent}  {asked.answer.state}")
        return asked.answer.consent

    def _on_the_phone(self, code: str) -> None:
        """What the citizen's page shows of it, and where."""
        out = self.terminal
        out.both("trên điện thoại của công dân:", "on the citizen's phone:", indent=2)
        lines = [self.side.part.vi, f"Thủ tục {self.side.part.procedure}: {PURPOSE}"]
        lines += [f"[ ] {FIELDS[name].vi}" if name in FIELDS else f"[ ] {name}" for name in ASKED]
        lines += ["nhiều lần, trong 24 giờ", "( Từ chối )      ( Đồng ý )"]
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
