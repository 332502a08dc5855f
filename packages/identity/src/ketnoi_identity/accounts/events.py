"""What happened to an account, as its holder reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ketnoi_pages.text import Text

from .records import Cursor

WORDS: Final = {
    "registered": Text("Tài khoản được lập", "The account was made"),
    "signed_in": Text("Đăng nhập", "Signed in"),
    "session_ended": Text("Kết thúc phiên", "A session ended"),
    "terms_accepted": Text("Chấp nhận điều khoản", "The terms were accepted"),
    "passkey_added": Text("Thêm khóa truy cập", "A passkey was added"),
    "passkey_removed": Text("Gỡ khóa truy cập", "A passkey was removed"),
    "device_added": Text("Thêm điện thoại", "A phone was added"),
    "device_removed": Text("Gỡ điện thoại", "A phone was removed"),
    "passcode_set": Text("Đặt mật khẩu", "A passcode was set"),
    "passcode_removed": Text("Xóa mật khẩu", "The passcode was removed"),
    "wrong_passcode": Text("Nhập sai mật khẩu", "A wrong passcode"),
    "locked": Text("Khóa tài khoản", "The account was locked"),
    "unlocked": Text("Mở khóa tài khoản", "The account was unlocked"),
    "enrolment_code_made": Text("Cấp mã thêm điện thoại", "A code for another phone was made"),
    "enrolment_code_used": Text("Dùng mã thêm điện thoại", "A code for another phone was used"),
    "seen_at_desk": Text("Được tìm tại bàn tiếp dân", "Found at a police desk"),
    "found_without_account": Text("Tìm một người chưa có tài khoản", "Found somebody without an account"),
    "recovered": Text("Khôi phục tại Công an cấp xã", "Recovered at the commune police"),
    "level_raised": Text("Nâng lên mức 2", "Raised to level 2"),
    "level_lowered": Text("Hạ xuống mức 1", "Lowered to level 1"),
    "desk_officer_added": Text("Được giao làm việc tại bàn tiếp dân", "Named an officer of a desk"),
    "desk_officer_ended": Text("Thôi làm việc tại bàn tiếp dân", "No longer an officer of a desk"),
    "guardian_named": Text("Ghi người đại diện", "A guardian was named"),
    "closed": Text("Đóng tài khoản", "The account was closed"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what, when, and what is said beside it (a device, a unit).

    `by_another`: somebody else did it, or the system. Whose finger slipped on the holder's own phone nobody knows.
    """

    at: datetime
    kind: str
    by_another: bool
    detail: dict[str, Any]

    @property
    def title(self) -> Text:
        """What happened."""
        return WORDS.get(self.kind, Text(self.kind, self.kind))

    @property
    def beside(self) -> str:
        """Where, or with what."""
        return str(self.detail.get("unit_name") or self.detail.get("device") or self.detail.get("name") or "")


def latest(cursor: Cursor, account: UUID, most: int) -> list[Event]:
    """The latest events, newest first."""
    cursor.execute(
        "SELECT at, kind, by_whom, detail::text FROM account_event WHERE account = %s"
        " ORDER BY at DESC, id DESC LIMIT %s",
        [str(account), most],
    )
    return [
        Event(at, kind, by != str(account) and kind != "wrong_passcode", json.loads(detail))
        for at, kind, by, detail in cursor.fetchall()
    ]
