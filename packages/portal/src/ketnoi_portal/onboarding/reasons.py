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
