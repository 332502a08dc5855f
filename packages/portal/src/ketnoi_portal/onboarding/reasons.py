"""Why something written down with a step cannot be: what the rules, which know no rows, do not see."""

from __future__ import annotations

from typing import Final

from ketnoi_portal.process.rules import Reason
from ketnoi_portal.text import Text

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
