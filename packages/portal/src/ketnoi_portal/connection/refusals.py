"""Why a message does not count as a test call, each with its mend."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.rules import Reason
from ketnoi_protocol.errors import row


class NotProved(Exception):  # noqa: N818
    """The containers do not prove what they were handed in for; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.code)

    def written(self) -> dict[str, str]:
        """As it is kept."""
        title, mend = self.reason.title, self.reason.mend
        return {"code": self.reason.code, "vi": title.vi, "en": title.en, "mend_vi": mend.vi, "mend_en": mend.en}


_AGAIN: Final = Text(
    "Gọi lại dịch vụ từ đúng hệ thống đã đăng ký, rồi nhập mã thông điệp của lần gọi mới",
    "Call the service again from the registered information system, and give the new call's message id",
)
ANOTHER_EXCHANGE: Final = Reason(
    "another_exchange",
    Text(
        "Hai bằng chứng không phải là câu hỏi và câu trả lời của cùng một lần gọi",
        "The two containers are not request and response of one call",
    ),
    Text("Chọn đúng cặp tệp -request và -response của một lần gọi", "Choose the -request and -response of one call"),
)
ANOTHER_CLIENT: Final = Reason(
    "another_client",
    Text(
        "Thông điệp không phải của hệ thống thông tin đã đăng ký hỏi C06",
        "The message is not one of the registered information system to C06",
    ),
    _AGAIN,
)
ANOTHER_SERVER: Final = Reason(
    "another_server",
    Text(
        "Thông điệp không đi qua máy chủ bảo mật đã đăng ký",
        "The message did not pass the registered security server",
    ),
    _AGAIN,
)
ANOTHER_SERVICE: Final = Reason(
    "another_service",
    Text("Thông điệp gọi dịch vụ khác", "The message is a call of another service"),
    Text("Nhập vào ô của đúng dịch vụ đã gọi", "Give it in the box of the service that was called"),
)
ANOTHER_OUTCOME: Final = Reason(
    "another_outcome",
    Text(
        "Kết quả của lần gọi không phải là kết quả cần chứng minh (trả lời hoặc từ chối)",
        "The call did not end as it was to be shown (answered, or refused)",
    ),
    Text("Nhập vào ô còn lại, hoặc gọi lại", "Give it in the other box, or call again"),
)
NOT_ANSWERED: Final = Reason(
    "not_answered",
    Text(
        "Lần gọi gặp lỗi của phía trả lời, không tính là trả lời hay từ chối",
        "The call met a fault of the answering side, which counts neither as answered nor as refused",
    ),
    Text("Gọi lại sau ít phút; nếu vẫn vậy, báo C06", "Call again in some minutes; tell C06 if it stays so"),
)
TOO_EARLY: Final = Reason(
    "too_early",
    Text(
        "Thông điệp được ký trước khi đăng ký này được tiếp nhận, hoặc trước chứng thư hiện tại",
        "The message was signed before this application was accepted, or before the present certificate",
    ),
    _AGAIN,
)
COUNTED_BEFORE: Final = Reason(
    "counted_before",
    Text("Thông điệp này đã được tính một lần", "This message has counted already"),
    Text("Mỗi lần gọi chỉ tính một lần; hãy gọi lại", "A call counts once; make another one"),
)
NO_BODY: Final = Reason(
    "no_body",
    Text("Bằng chứng không còn nội dung trả lời để xét kết quả", "The evidence has no answer left to judge"),
    _AGAIN,
)
PERSONAL_NUMBER: Final = Reason(
    "personal_number_in_header",
    Text("Địa chỉ hoặc tiêu đề của thông điệp chứa số định danh", "The message's address or headers hold a number"),
    Text(
        "Chỉ đặt số định danh trong thân thông điệp; sửa phần mềm rồi gọi lại",
        "Numbers belong in the body alone; mend the software, then call again",
    ),
)
NOT_FOUND: Final = Reason(
    "not_found",
    Text("Máy chủ của C06 không có thông điệp mang mã này", "C06's server has no message with this id"),
    Text(
        "Kiểm tra mã X-Road-Id; bị từ chối trước khi tới C06 (X-Road-Error) thì không tính",
        "Check the X-Road-Id; what was refused before it reached C06 (X-Road-Error) does not count",
    ),
)
NOT_READY: Final = Reason(
    "not_ready",
    Text("Cổng chưa lấy được bằng chứng từ máy chủ của C06", "The portal could not fetch evidence from C06's server"),
    Text("Nhập lại sau; nếu vẫn vậy, tải lên hai tệp .asice hoặc báo C06", "Try again later, upload both, or tell C06"),
)
STAGE_PASSED: Final = Reason(
    "wrong_stage",
    Text("Hồ sơ không còn ở bước thử nghiệm", "The application is not in its test any more"),
    Text("Tải lại trang để xem hồ sơ đang ở đâu", "Load the page again to see where it stands"),
)


def unverified(code: str) -> NotProved:
    """A container that does not hold, by the code of ketnoi_trust."""
    try:
        known = row(code)
        told = Text(known.title_vi, known.title_en)
    except LookupError:
        told = Text("không đọc được", "it cannot be read")
    return NotProved(
        Reason(
            f"unverified:{code}",
            Text(f"Bằng chứng không được xác minh ({code}): {told.vi}", f"The evidence fails ({code}): {told.en}"),
            Text(
                "Lấy lại bằng chứng nguyên vẹn bằng `ketnoi evidence fetch`, không mở hay nén lại tệp",
                "Fetch the evidence anew with `ketnoi evidence fetch`; do not open or repack the files",
            ),
        )
    )
