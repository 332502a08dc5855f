"""What the connection check examines, with the words for each item: its name, and what to do when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ketnoi_pages.text import Text
from ketnoi_protocol.services import Platform


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the check: its name, and the mend when it fails. In the table's order."""

    name: Text
    mend: Text


@dataclass(frozen=True, slots=True)
class Finding:
    """One item as it was found on one platform."""

    item: str
    platform: Platform
    passed: bool
    detail: Text

    def written(self) -> dict[str, Any]:
        """As it is kept with the check: also the words, so that an old check reads the same later."""
        told, mend = ITEMS[self.item], ITEMS[self.item].mend
        return {
            "item": self.item,
            "platform": str(self.platform),
            "name_vi": told.name.vi,
            "name_en": told.name.en,
            "passed": self.passed,
            "detail_vi": self.detail.vi,
            "detail_en": self.detail.en,
            "mend_vi": "" if self.passed else mend.vi,
            "mend_en": "" if self.passed else mend.en,
        }


ITEMS: Final = {
    "configuration": Item(
        Text("Cấu hình chung đã ký của nền tảng", "The platform's signed global configuration"),
        Text(
            "C06 kiểm tra tệp neo và địa chỉ cấu hình của nền tảng trong thiết lập của cổng; rồi chạy lại",
            "C06 checks the anchor and the address of the configuration in the portal's settings; then run it again",
        ),
    ),
    "registered": Item(
        Text("Máy chủ bảo mật và hệ thống thông tin đã đăng ký", "Security server and information system registered"),
        Text(
            "Đề nghị đơn vị vận hành nền tảng đăng ký máy chủ và hệ thống thông tin đúng như phiếu đăng ký",
            "Ask the platform's operator to register server and information system as the form names them",
        ),
    ),
    "reachable": Item(
        Text("Kết nối tới máy chủ bảo mật của cơ quan (TLS)", "The agency's security server can be reached (TLS)"),
        Text(
            "Kiểm tra máy chủ có chạy, địa chỉ đã đăng ký, tường lửa có mở cổng 5500 cho máy chủ của C06",
            "See that the server runs, that its registered address is right, and that port 5500 is open to C06",
        ),
    ),
    "shows_next": Item(
        Text("Máy chủ trình chứng thư kế tiếp", "The server shows the next certificate"),
        Text(
            "Kích hoạt chứng thư kế tiếp trên máy chủ bảo mật (X-Road: kích hoạt chứng thư mới, vô hiệu chứng thư cũ; "
            "máy chủ Ketnoi tự chuyển vài phút sau khi nền tảng đăng ký), rồi kiểm tra lại",
            "Activate the next certificate on the security server (X-Road: activate the new one, disable the old one; "
            "Ketnoi's server changes by itself some minutes after the platform has registered it), then check again",
        ),
    ),
    "certificate_registered": Item(
        Text("Chứng thư xác thực là chứng thư đã đăng ký", "The authentication certificate is the registered one"),
        Text(
            "Kích hoạt trên máy chủ đúng chứng thư đã đăng ký, hoặc đề nghị nền tảng đăng ký chứng thư mới",
            "Activate the registered certificate on the server, or have the platform register the new one",
        ),
    ),
    "certificate_valid": Item(
        Text("Chứng thư xác thực còn giá trị", "The authentication certificate is valid"),
        Text(
            "Xin chứng thư mới của tổ chức chứng thực mà nền tảng công nhận, rồi đăng ký lại",
            "Get a new certificate from an authority that the platform approves, and register it",
        ),
    ),
    "ocsp": Item(
        Text("Trạng thái chứng thư (OCSP) tốt và còn mới", "The certificate's status (OCSP) is good and fresh"),
        Text(
            "Mở cổng 5577; cho máy chủ bảo mật truy cập OCSP của tổ chức chứng thực; chứng thư bị thu hồi thì xin mới",
            "Open port 5577; let the server reach the authority's OCSP; if the certificate is revoked, get a new one",
        ),
    ),
    "rights": Item(
        Text("Quyền khai thác trên máy chủ bảo mật của C06", "Access rights on C06's security server"),
        Text(
            "Chờ cổng áp quyền lên máy chủ (tối đa một phút) rồi chạy lại; vẫn thiếu thì C06 xem trang máy chủ bảo mật",
            "Wait for the portal to set the rights (a minute at most), run again; else C06 looks at its servers' page",
        ),
    ),
    "account": Item(
        Text(
            "Tài khoản tích hợp có hiệu lực trong danh bạ đã ký", "Integration account active in the signed directory"
        ),
        Text(
            "Người đại diện nhận tài khoản tích hợp; nếu vừa nhận, chờ danh bạ công bố lại (tối đa một phút)",
            "The representative takes the integration account; if just taken, wait a minute for the directory",
        ),
    ),
    "call": Item(
        Text(
            "Thông điệp của cơ quan đã tới C06 và được trả lời", "A message of the agency reached C06 and was answered"
        ),
        Text(
            "Chạy `ketnoi doctor` (hoặc gọi một dịch vụ) qua máy chủ đã đăng ký, rồi nhập mã thông điệp X-Road-Id của "
            "lần gọi đó",
            "Run `ketnoi doctor` (or call a service) through the registered server, then give that call's X-Road-Id",
        ),
    ),
}
"""Every item that is examined, in order."""

_OF_THE_NEXT: Final = "shows_next"
CHECK_ITEMS: Final = tuple(item for item in ITEMS if item != _OF_THE_NEXT)
"""What the connection check of a test examines, for each platform."""

ROTATION_ITEMS: Final = (
    "configuration",
    "registered",
    "reachable",
    _OF_THE_NEXT,
    "certificate_registered",
    "certificate_valid",
    "ocsp",
)
"""What the check under a server's next certificate examines."""

NOT_EXAMINED: Final = Text("Chưa kiểm tra được, vì mục phía trên chưa đạt", "Not examined, since an item above failed")
