"""The story of a look-up, told step by step while it really happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ketnoi_client.agency import Person, Sent
from ketnoi_client.problems import Refused
from ketnoi_protocol.personal_number import PersonalNumber
from ketnoi_protocol.services import Service
from ketnoi_securityserver.observer import CONSUMER, PROVIDER
from ketnoi_testbed.asking import member_of, person_of
from ketnoi_testbed.show import evidence
from ketnoi_testbed.show.board import Board, Call
from ketnoi_testbed.show.terminal import BOLD, CYAN, DIM, GREEN, RED, YELLOW, Terminal
from ketnoi_testbed.show.words import GATES, SERVICES, STEPS
from ketnoi_testbed.world import World


class StoryWentWrong(Exception):  # noqa: N818
    """Something was not as the story tells it; the text says what."""


@dataclass
class Storyteller:
    """Tells about one world. `since_start` gives the seconds since the command began."""

    world: World
    board: Board
    terminal: Terminal
    since_start: Callable[[], float]
    first_answer: float = 0.0
    first_proof: float = 0.0

    def tell(self) -> None:
        """The whole story. Raises StoryWentWrong, and whatever a call or a verification raises."""
        sent = self._look_up()
        self._kept(sent.message_id)
        self._proved("H55", sent.message_id)
        self._other_services()
        self._refused()
        self._unknown()

    # The look-up

    def _look_up(self) -> Sent[Any]:
        out, world = self.terminal, self.world
        agency, row = world.agencies["H55"], world.people.full
        number = PersonalNumber.parse(row.personal_number, unissued_allowed=True)
        out.heading(
            "1. Một cán bộ một cửa tra cứu một công dân",
            "An officer of a one-stop shop looks a citizen up",
        )
        settings = agency.agency.settings
        out.both(f"{agency.part.vi} hỏi C06", f"{agency.part.en} asks C06", indent=2)
        for vi, en, value in (
            ("cán bộ (MaCanBo)", "officer", settings.officer),
            ("thủ tục (MaDVC)", "procedure", settings.procedure),
            ("công dân", "citizen", f"{row.full_name}, {number}"),
        ):
            self._fact(vi, en, value)
        sent = agency.agency.look_up_citizen(person_of(row))
        self.first_answer = self.first_answer or self.since_start()
        if sent.answer.citizen is None:
            raise StoryWentWrong("the citizen was not found")
        self._steps(sent.message_id)
        out.both("Câu trả lời, chỉ các trường được cấp phép:", "the answer, with the licensed fields only:", indent=2)
        citizen = sent.answer.citizen
        out.line(f"    {', '.join(citizen.fields)}")
        name = citizen.name.full if citizen.name is not None else ""
        out.line(f"    {out.painted(name, BOLD)} · {citizen.birth}")
        return sent

    def _steps(self, message_id: str) -> None:
        out = self.terminal
        self.world.until(lambda: self._is_over(message_id), within=5)
        call = self.board.call(message_id)
        if call is None:
            raise StoryWentWrong("nobody told of the call")
        self._fact("mã thông điệp", "message id", message_id)
        self._side(call, CONSUMER, range(1, 8), call.server)
        self._side(call, PROVIDER, range(1, 8), call.provider)
        names = " → ".join(GATES[name][0] for name, _ in call.gates)
        out.both("  CSDLQG về dân cư, lần lượt:", "the registry, in order:", indent=2)
        out.line(f"      {names}")
        self._side(call, PROVIDER, range(8, 10), call.provider)
        self._side(call, CONSUMER, range(8, 10), call.server)
        out.both(f"  cả đường đi: {call.took_ms:.1f} ms", "the whole way", indent=2, colour=GREEN)

    def _fact(self, vi: str, en: str, value: str) -> None:
        out = self.terminal
        out.line(f"    {vi:<18}{out.painted(f'· {en:<14}', DIM)}{out.painted(value, CYAN)}")

    def _is_over(self, message_id: str) -> bool:
        call = self.board.call(message_id)
        return call is not None and call.outcome != ""

    def _side(self, call: Call, side: str, numbers: range, server: str) -> None:
        out = self.terminal
        steps = {each.number: each for each in call.steps[side]}
        if numbers[0] in steps:
            out.line(f"    {out.painted(server, YELLOW)}")
        for number in numbers:
            if number in steps:
                vi, en = STEPS[side][number - 1]
                mark = out.painted("✓", GREEN) if steps[number].outcome == "ok" else out.painted("✗", RED)
                out.line(
                    f"      {mark} {number} {vi:<38} {steps[number].took_ms:7.2f} ms  {out.painted('· ' + en, DIM)}"
                )

    # What stays of it

    def _kept(self, message_id: str) -> None:
        out = self.terminal
        out.heading("2. Những gì được ghi lại", "What was kept")
        rows = self.world.run(evidence.kept(self.world, message_id))
        if len(rows) != 4 or not all(row.body_is_encrypted for row in rows):
            raise StoryWentWrong("the message logs do not hold question and answer, encrypted, on both sides")
        for row in rows:
            vi, en = ("câu trả lời", "answer") if row.is_response else ("câu hỏi", "question")
            out.both(
                f"nhật ký thông điệp {row.server}: {vi} số {row.sequence}, chữ ký {row.signature_octets} byte,"
                f" nội dung mã hóa {row.body_octets} byte",
                f"message log: {en}, signature, encrypted body",
                indent=2,
            )
        (looked,) = self.world.run(evidence.looked(self.world, message_id))
        out.both(
            f"nhật ký tra cứu của C06: {looked.officer} ({looked.unit}), thủ tục {looked.procedure},"
            f" về bút danh {looked.pseudonym}…, {len(looked.fields)} trường",
            "C06's access log: who, which procedure, about which pseudonym, which fields",
            indent=2,
        )
        out.both(
            f"nhật ký vận hành, khóa, thiết lập: {self.world.folder}, xóa khi dừng",
            "operational logs, keys, settings; removed at the end",
            indent=2,
        )

    def _proved(self, code: str, message_id: str) -> None:
        out = self.terminal
        out.heading(
            "3. Bằng chứng, kiểm tra ngoại tuyến như nhiều năm sau",
            "The evidence, verified offline as years later",
        )
        found = evidence.proofs(self.world, code, message_id)
        self.first_proof = self.first_proof or self.since_start()
        if sorted(each.kind for each in found) != ["request", "response"]:
            raise StoryWentWrong("there is no evidence of both question and answer")
        for each in found:
            vi, en = ("câu hỏi", "question") if each.kind == "request" else ("câu trả lời", "answer")
            out.both(f"✓ HỢP LỆ: {vi}, do {each.signer} ký", f"VALID: {en}, signed by", indent=2, colour=GREEN)
            out.both(f"ký lúc {each.signing_time}, dấu thời gian {each.stamped_at}", "signed, stamped", indent=6)
            out.line(f"      {out.painted(f'{each.file}, {each.octets} byte', DIM)}")
        out.both(
            "gói bằng chứng chứa nội dung rõ nên kiểm tra xong đã xóa; lấy lại bằng: ketnoi evidence fetch",
            "containers hold the bodies in clear and were removed once verified; fetched again with",
            indent=2,
        )

    # The others

    def _other_services(self) -> None:
        out, world, sample = self.terminal, self.world, self.world.people
        out.heading("4. Ba dịch vụ còn lại", "The other three services")
        justice, whole = world.agency("G15"), person_of(sample.full)
        old = sample.full.old_id_numbers[-1].number
        members = [member_of(each) for each in sample.family[1:]]
        confirmed = justice.confirm_identity_number(person_of(sample.full, old_number=old))
        self._yes(Service.CONFIRM_IDENTITY_NUMBER, confirmed, confirmed.answer.exists)
        household = justice.verify_household(whole, members)
        self._yes(
            Service.VERIFY_HOUSEHOLD,
            household,
            all(each.in_household and each.relation_confirmed for each in household.answer.members),
        )
        verified = justice.verify_citizen(whole)
        self._yes(Service.VERIFY_CITIZEN, verified, verified.answer.count == 1)
        out.both("không câu nào tiết lộ điều chưa được hỏi", "none of them tells what was not asked", indent=2)

    def _yes(self, service: Service, sent: Sent[Any], yes: bool) -> None:
        vi, en = SERVICES[service]
        if not yes:
            raise StoryWentWrong(f"{service} did not say yes")
        self.terminal.both(f"✓ {vi}, qua {sent.instance}: CÓ", f"{en}: YES", indent=2, colour=GREEN)

    def _refused(self) -> None:
        out = self.terminal
        out.heading("5. Một tài khoản bị khóa hỏi", "An account that was locked asks")
        try:
            self.world.agency("G15").look_up_citizen(person_of(self.world.people.full), officer="G15.CB.0003")
        except Refused as refused:
            row = refused.problem.row
            out.both(f"✗ mã {row.code}: {row.title_vi}", row.title_en, indent=2, colour=RED)
            out.both(row.mend_vi, row.mend_en, indent=4)
        else:
            raise StoryWentWrong("a locked account was answered")

    def _unknown(self) -> None:
        out = self.terminal
        out.heading(
            "6. Sai ngày sinh: trả lời y như người không có",
            "A wrong birth date is answered exactly like somebody unknown",
        )
        row = self.world.people.full
        wrong = person_of(row, birth=f"{row.birth_year - 1:04}-01-02")
        nobody = Person("9" + "0" * 10 + "1", name=row.full_name, birth=wrong.birth)
        answers = [self.world.agency("G15").look_up_citizen(each).answer for each in (wrong, nobody)]
        if [(each.ma_ket_qua, each.citizen) for each in answers] != [("01", None)] * 2:
            raise StoryWentWrong("a wrong birth date was not answered like somebody unknown")
        out.both("cả hai: 01, không khớp; không nói trường nào sai", "both: 01, no match, and not a word why", indent=2)
