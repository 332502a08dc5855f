"""The survey form for A05: the five blocks that Thông tư 46/2022/TT-BCA has assessed, as questions.

The form of 490/KH-BCA-A05 was not found in public. The blocks a–e are the circular's; the questions within them are
gathered from what it has assessed: our choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ketnoi_pages.text import Text

_NO_HELP: Final = Text("", "")


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """One question. `key` names it in answers and attachments; `attach` asks for a supporting file."""

    key: str
    title: Text
    help: Text = _NO_HELP
    attach: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the circular."""

    letter: str
    title: Text
    questions: tuple[SurveyQuestion, ...]


BLOCKS: Final[tuple[Block, ...]] = (
    Block(
        "a",
        Text(
            "Cấu hình an toàn của thiết bị, máy chủ, ứng dụng, cơ sở dữ liệu",
            "Secure configuration of devices, servers, applications, databases",
        ),
        (
            SurveyQuestion(
                "a_network",
                Text("Sơ đồ mạng và các vùng mạng", "Network diagram and zones"),
                Text(
                    "Vùng đặt máy chủ bảo mật, máy chủ ứng dụng, cơ sở dữ liệu; kết nối TSLCD",
                    "Where the security server, applications and databases stand; the state's leased lines",
                ),
                attach=True,
            ),
            SurveyQuestion(
                "a_systems",
                Text(
                    "Hệ điều hành, cơ sở dữ liệu, phần mềm máy chủ và phiên bản",
                    "Operating systems, databases, server software and versions",
                ),
            ),
            SurveyQuestion(
                "a_hardening",
                Text(
                    "Cấu hình an toàn đã áp dụng cho từng loại thiết bị, máy chủ",
                    "Hardening applied to each kind of device and server",
                ),
            ),
            SurveyQuestion(
                "a_logs",
                Text("Nhật ký: ghi những gì, lưu bao lâu, ai xem", "Logs: what is kept, how long, who reads them"),
            ),
            SurveyQuestion(
                "a_backup",
                Text(
                    "Sao lưu: bao lâu một lần, để ở đâu, lần thử phục hồi gần nhất",
                    "Backups: how often, where, when restoring was last tried",
                ),
            ),
        ),
    ),
    Block(
        "b",
        Text(
            "Mã độc, lỗ hổng, điểm yếu, thử nghiệm xâm nhập",
            "Malware, vulnerabilities, weak points, penetration tests",
        ),
        (
            SurveyQuestion(
                "b_malware", Text("Phòng, chống mã độc trên máy chủ và máy trạm", "Protection against malware")
            ),
            SurveyQuestion(
                "b_patches",
                Text("Tình trạng cập nhật bản vá; ai chịu trách nhiệm", "State of patches; who is responsible"),
            ),
            SurveyQuestion(
                "b_assessment",
                Text(
                    "Lần đánh giá an toàn, thử nghiệm xâm nhập gần nhất: ngày, đơn vị, kết quả",
                    "Last assessment and penetration test: date, by whom, result",
                ),
                attach=True,
            ),
            SurveyQuestion(
                "b_incidents",
                Text(
                    "Đầu mối và quy trình ứng cứu sự cố; sự cố trong 12 tháng qua",
                    "Incident contact and procedure; incidents of the last 12 months",
                ),
            ),
        ),
    ),
    Block(
        "c",
        Text("Bảo vệ mã nguồn ứng dụng", "Protection of the applications' source code"),
        (
            SurveyQuestion(
                "c_source",
                Text(
                    "Ai viết, ai giữ mã nguồn; kiểm soát thay đổi thế nào",
                    "Who writes and keeps the source; how changes are controlled",
                ),
            ),
            SurveyQuestion(
                "c_review",
                Text("Rà soát mã nguồn và thành phần bên thứ ba", "Review of source code and third-party parts"),
            ),
            SurveyQuestion(
                "c_secrets",
                Text(
                    "Khóa, mật khẩu được giữ ở đâu (không nằm trong mã nguồn)",
                    "Where keys and passwords are kept (not in the source)",
                ),
            ),
        ),
    ),
    Block(
        "d",
        Text("An ninh phần cứng", "Hardware security"),
        (
            SurveyQuestion(
                "d_hardware",
                Text("Thiết bị: hãng, xuất xứ, kiểm tra trước khi dùng", "Devices: maker, origin, checks before use"),
            ),
            SurveyQuestion(
                "d_room",
                Text("Phòng máy: kiểm soát ra vào, nguồn điện, cháy nổ", "Server room: access, power, fire"),
            ),
            SurveyQuestion(
                "d_keys",
                Text(
                    "Khóa ký của máy chủ bảo mật: HSM hay tệp; ai giữ mã PIN",
                    "Signing keys of the security server: HSM or file; who holds the PIN",
                ),
            ),
        ),
    ),
    Block(
        "e",
        Text(
            "Quy chế về tài khoản, truy cập, mật khẩu; thỏa thuận giữa các bên",
            "Rules on accounts, access and passwords; agreements between the parties",
        ),
        (
            SurveyQuestion(
                "e_rules",
                Text(
                    "Quy chế quản lý tài khoản, truy cập, mật khẩu: số, ngày ban hành",
                    "Rules on accounts, access and passwords: number and date",
                ),
                attach=True,
            ),
            SurveyQuestion(
                "e_accounts",
                Text(
                    "Danh sách vai trò và số tài khoản sẽ khai thác dữ liệu",
                    "Roles, and how many accounts will use the data",
                ),
                Text(
                    "Chỉ nêu vai trò và số lượng, không nêu số định danh", "Roles and counts only, no personal numbers"
                ),
            ),
            SurveyQuestion(
                "e_agreements",
                Text(
                    "Thỏa thuận về quyền và nghĩa vụ với đơn vị vận hành, bên thứ ba",
                    "Agreements on rights and duties with operators and third parties",
                ),
                required=False,
            ),
        ),
    ),
)

QUESTIONS: Final = {question.key: question for block in BLOCKS for question in block.questions}
"""Every question by its key."""


def unanswered(answers: Mapping[str, str]) -> list[SurveyQuestion]:
    """The required questions without an answer, in the form's order."""
    return [each for each in QUESTIONS.values() if each.required and not answers.get(each.key, "").strip()]
