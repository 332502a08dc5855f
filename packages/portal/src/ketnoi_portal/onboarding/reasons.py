"""Why something written down with a step cannot be: what the rules, which know no rows, do not see."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.rules import Reason

SERVER_NOT_NAMED: Final = Reason(
    "server_not_named",
    Text("Cơ quan chưa nêu máy chủ bảo mật ở đây", "The agency has not named its security server here"),
    Text("Cơ quan nêu máy chủ trước, rồi đơn vị vận hành đăng ký", "The agency names it first; then it is registered"),
)
NOT_THE_AGENCY: Final = Reason(
    "not_your_organisation",
    Text("Chỉ cơ quan đăng ký nêu máy chủ của mình", "Only the organisation that applies names its servers"),
    Text("Đăng nhập với vai trò ở cơ quan đăng ký", "Act in your role at that organisation"),
)
NO_SERVER_HERE: Final = Reason(
    "no_server_here",
    Text("Lúc này không nêu hay thay máy chủ ở đây được", "No server is named or changed here now"),
    Text("Máy chủ đã đăng ký thì chỉ thay chứng thư", "Of a registered server only the certificate is replaced"),
)
CERTIFICATE_MISSING: Final = Reason(
    "certificate_missing",
    Text("Chưa có chứng thư kế tiếp", "The next certificate is missing"),
    Text("Dán hoặc tải lên chứng thư đã được cấp cho CSR", "Paste or upload the certificate issued for the CSR"),
)
SAME_CERTIFICATE: Final = Reason(
    "same_certificate",
    Text("Đây chính là chứng thư đang dùng", "This is the very certificate that is in use"),
    Text("Tạo khóa mới, xin cấp chứng thư mới rồi nộp", "Make a new key, have it certified, and hand that in"),
)
NOT_LATER: Final = Reason(
    "certificate_not_later",
    Text("Chứng thư này không hết hạn sau chứng thư đang dùng", "It does not end later than the one in use"),
    Text(
        "Nộp chứng thư có thời hạn dài hơn; nếu khóa hoặc cơ quan cấp chứng thư bị lộ thì đánh dấu điều đó",
        "Hand in one that is valid longer; if a key or an authority is compromised, say so",
    ),
)
CERTIFICATE_REMOVED: Final = Reason(
    "certificate_removed",
    Text("Chứng thư này đã bị gỡ khỏi nền tảng", "This certificate was removed from the platform"),
    Text(
        "Cơ quan tạo khóa mới, xin cấp chứng thư khác và nêu chứng thư đó; chứng thư đã gỡ không đăng ký lại",
        "The agency makes a new key and names its certificate; a removed one is not registered again",
    ),
)
CERTIFICATE_HAD_BEFORE: Final = Reason(
    "certificate_had_before",
    Text("Hồ sơ này đã từng dùng chứng thư này", "This application has had this certificate before"),
    Text("Tạo khóa mới, xin cấp chứng thư mới rồi nêu", "Make a new key, have it certified, and name that"),
)
SAME_KEY: Final = Reason(
    "same_key",
    Text("Chứng thư mới nhưng vẫn là khóa cũ", "The certificate is new, but its key is an old one"),
    Text("Khóa đã lộ thì không dùng nữa: tạo khóa mới", "A compromised key is used no more: make a new one"),
)
ROTATION_ELSEWHERE: Final = Reason(
    "rotation_elsewhere",
    Text("Máy chủ này đang được thay chứng thư trong hồ sơ khác", "Another application is changing this certificate"),
    Text("Tiếp tục ở hồ sơ đó; hồ sơ này tự theo", "Go on there; this application follows by itself"),
)
