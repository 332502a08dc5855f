"""The story of a province, from its registration in the portal to its first call in production, and what ends it.

Everybody acts through the portal's own pages, as in a browser; nobody touches a configuration.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ketnoi_protocol.services import Environment, Service
from ketnoi_testbed.cast import ASSESSORS, HANDLER, LAO_CAI, LEADERS
from ketnoi_testbed.country import Country
from ketnoi_testbed.server_office import enforce
from ketnoi_testbed.show.story import StoryWentWrong
from ketnoi_testbed.show.terminal import BOLD, CYAN, DIM, GREEN, RED, Terminal
from ketnoi_testbed.walk import NOT_LICENSED, Walk

SERVICES: Final = (Service.CONFIRM_IDENTITY_NUMBER, Service.VERIFY_HOUSEHOLD, Service.LOOK_UP_CITIZEN)
REVOCATION_SECONDS: Final = 60.0


class PortalStory:
    """Tells it about one country, once."""

    def __init__(self, country: Country, terminal: Terminal) -> None:
        self.country = country
        self.terminal = terminal
        self.closed_after = 0.0

    def tell(self) -> None:
        """The whole story. Raises StoryWentWrong, and whatever a page or a call raises."""
        out = self.terminal
        out.heading(
            "8. Tỉnh Lào Cai đăng ký kết nối, qua cổng đăng ký",
            "Lào Cai province registers, through the portal",
        )
        out.both(f"cổng: {self.country.portal.url}", "the portal", indent=2)
        with Walk(self.country, LAO_CAI) as walk:
            self._watched()
            self._registration(walk)
            self._test(walk)
            self._assessment(walk)
            self._dossier(walk)
            self._production(walk)
            self._revocation(walk)

    def _watched(self) -> None:
        with self._act(
            "Hai cán bộ C06 đối chiếu quyền có sẵn, rồi cho cổng áp cấu hình lên hai máy chủ VDXP",
            "two officers of C06 let the portal change both servers on VDXP",
        ):
            for instance in ("VDXP-TEST", "VDXP"):
                enforce(self.country, instance)

    def _registration(self, walk: Walk) -> None:
        with self._act(f"{LAO_CAI.clerk} soạn phiếu, {LAO_CAI.representative} gửi", "the form is filled in and sent"):
            walk.register(SERVICES)
        with self._act("Văn phòng Chính phủ đăng ký máy chủ trên VDXP-TEST", "the platform registers the server"):
            walk.register_on(Environment.TEST)
        with self._act(f"{HANDLER} (C06) tiếp nhận", "C06 accepts: the test environment opens by itself"):
            walk.accept()

    def _test(self, walk: Walk) -> None:
        with self._act("Nhận tài khoản tích hợp, khóa chỉ đưa một lần", "the account is taken, its key given once"):
            account = walk.take_account(Environment.TEST)
        self._fact("tài khoản", "account", account)
        with self._act("Kiểm tra kết nối hai chiều: mọi mục đạt", "the connection is checked, both ways"):
            walk.check_connection()
        with self._act("Gọi thử từng dịch vụ, đúng và sai", "each service is called, rightly and wrongly"):
            handed = walk.try_out()
        for unit, (message_id, code) in handed.items():
            mark = self.terminal.painted("✓" if code == "00" else "✗", GREEN if code == "00" else RED)
            self.terminal.line(f"      {mark} {unit:<34} {code}  {self.terminal.painted(message_id, DIM)}")
        with self._act("Gửi phiếu khảo sát cho A05", "the survey form goes to A05"):
            walk.send_survey()
        with self._act(
            "Bằng chứng được xác minh, thử nghiệm được hai bên xác nhận", "evidence verified, test confirmed"
        ):
            walk.confirm_test()

    def _assessment(self, walk: Walk) -> None:
        names = ", ".join(ASSESSORS.values())
        with self._act(f"A05, A06 ({names}) xác nhận an ninh, an toàn", "A05 and A06 confirm: paper 5"):
            walk.assess()

    def _dossier(self, walk: Walk) -> None:
        with self._act("Nêu tài khoản đầu tiên, lập và ký giấy tờ (chứng thư thử)", "papers 1 to 4 made and signed"):
            walk.list_account(LAO_CAI.officer, LAO_CAI.officer_email)
            papers = walk.sign_papers()
        self._fact("giấy tờ", "papers", ", ".join(papers))
        with self._act(f"Nộp PC06; {LAO_CAI.pc06} kiểm tra, chuyển C06", "PC06 checks and forwards"):
            walk.hand_in()
            walk.accept_papers(LAO_CAI.pc06)
            walk.take(LAO_CAI.pc06, "forward")
        with self._act("C06 trình lãnh đạo", "C06 submits it to leadership"):
            walk.take(HANDLER, "submit_to_leadership")
        for level, name in enumerate(LEADERS, 1):
            with self._act(f"{name}, cấp {level}, đồng ý", f"level {level} agrees"):
                walk.decide(level)

    def _production(self, walk: Walk) -> None:
        with self._act("Văn phòng Chính phủ đăng ký máy chủ chính thức", "the production server is registered"):
            walk.register_on(Environment.PRODUCTION)
        with self._act("C06 cho chạy chính thức", "C06 lets it go live"):
            walk.take(HANDLER, "go_live")
        with self._act("Nhận tài khoản tích hợp chính thức; cán bộ kích hoạt tài khoản", "accounts taken, activated"):
            account = walk.take_account(Environment.PRODUCTION)
            officer = walk.activate(LAO_CAI.officer)
        self._fact("tài khoản", "account", account)
        self._fact("cán bộ (MaCanBo)", "officer", officer)
        with self._act("Lời gọi chính thức đầu tiên", "the first call in production"):
            message_id = walk.until_answered(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN)
        self._fact("mã thông điệp", "message id", message_id)
        _, code = walk.call(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN, procedure=NOT_LICENSED)
        if code != "23":
            raise StoryWentWrong(f"a procedure that nobody licensed was told {code}")
        self.terminal.both("    ✗ mã 23 với thủ tục không được duyệt", "code 23 for another procedure", colour=RED)

    def _revocation(self, walk: Walk) -> None:
        out = self.terminal
        walk.take(HANDLER, "revoke", values={"reason": "Kết thúc buổi diễn tập"})
        decided = time.monotonic()
        while walk.call(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN)[1] in ("00", "01"):
            if time.monotonic() - decided > REVOCATION_SECONDS:
                raise StoryWentWrong("calls were still answered a minute after the revocation")
            time.sleep(0.2)
        self.closed_after = time.monotonic() - decided
        out.both(
            f"  ✓ C06 thu hồi: sau {self.closed_after:.1f} s không còn lời gọi nào được trả lời",
            f"C06 revokes: after {self.closed_after:.1f} s nothing is answered any more",
            colour=GREEN,
        )

    @contextmanager
    def _act(self, vi: str, en: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        out = self.terminal
        took = out.painted(f"{time.monotonic() - began:5.1f} s", DIM)
        out.line(f"  {out.painted('✓', GREEN)} {took}  {out.painted(vi, BOLD)}  {out.painted('· ' + en, DIM)}")

    def _fact(self, vi: str, en: str, value: str) -> None:
        out = self.terminal
        out.line(f"      {vi:<18}{out.painted(f'· {en:<12}', DIM)}{out.painted(value, CYAN)}")
