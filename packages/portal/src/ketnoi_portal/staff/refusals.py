"""Why an act about people is refused, each with its mend."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.rules import Reason

NOT_YOURS: Final = Reason(
    "not_yours_to_manage",
    Text("Bạn không quản lý nhân sự của nơi này", "You do not manage the people of this place"),
    Text("Người quản lý nhân sự của nơi đó làm việc này", "Whoever manages people there does this"),
)
NOT_YOURS_TO_GIVE: Final = Reason(
    "not_yours_to_give",
    Text("Bạn không giao được vai trò này ở đây", "You may not give this role here"),
    Text(
        "Chọn vai trò khác, hoặc để người quản lý nhân sự của nơi đó mời",
        "Choose another role, or let whoever manages people there invite",
    ),
)
YOURSELF: Final = Reason(
    "yourself",
    Text("Không ai tự giao vai trò, tự ủy quyền cho mình", "Nobody gives a role to themselves"),
    Text("Nhờ đồng nghiệp có quyền làm việc này", "Ask a colleague who may"),
)
SEPARATE: Final = Reason(
    "separate_desks",
    Text(
        "Người này đã giữ vai trò ở nơi cùng xử lý hồ sơ; một người không quyết định hai bước của một hồ sơ",
        "This person already works at a desk of the same route; one person does not decide two steps of a dossier",
    ),
    Text("Mời người khác, hoặc chấm dứt vai trò kia trước", "Invite somebody else, or end that role first"),
)
INVITATION_OVER: Final = Reason(
    "invitation_over",
    Text("Lời mời này đã dùng, đã thu hồi hoặc đã hết hạn", "This invitation was used, withdrawn, or is too old"),
    Text("Xin người mời gửi lời mời mới", "Ask whoever invited you for a new one"),
)
OTHER_PERSON: Final = Reason(
    "other_person",
    Text("Lời mời này gửi cho người khác", "This invitation is for somebody else"),
    Text("Đăng nhập bằng thư điện tử được mời", "Sign in with the address that was invited"),
)
SIGN_IN_FIRST: Final = Reason(
    "sign_in_first",
    Text("Địa chỉ này đã có tài khoản", "This address has an account already"),
    Text("Đăng nhập bằng tài khoản đó rồi mở lại lời mời", "Sign in with it and open the invitation again"),
)
DECIDED: Final = Reason(
    "already_decided",
    Text("Đề nghị này đã được xử lý", "This has been decided already"),
    Text("Tải lại trang để xem kết quả", "Load the page again to see the outcome"),
)
REASON_MISSING: Final = Reason(
    "reason_missing",
    Text("Phải nêu lý do", "A reason is needed"),
    Text("Viết lý do để người khác hiểu vì sao", "Say why, so that others understand"),
)
NO_DESK: Final = Reason(
    "no_desk",
    Text("Chưa có bộ phận nào tiếp nhận cơ quan này", "No desk receives this organisation yet"),
    Text("Liên hệ C06 để mở bộ phận tiếp nhận", "Ask C06 to open the desk"),
)
CLOSED: Final = Reason(
    "organisation_closed",
    Text("Cơ quan này đã giải thể hoặc sáp nhập", "This organisation has closed"),
    Text("Dùng mã của cơ quan kế thừa", "Use the code of its successor"),
)
LAST_ONE: Final = Reason(
    "last_able_person",
    Text("Đây là người cuối cùng giữ vai trò này; nơi này sẽ không còn ai làm việc", "Nobody else here has this role"),
    Text(
        "Mời người thay và chờ họ nhận lời trước khi chấm dứt vai trò này",
        "Invite a successor, and wait until they have accepted, before this role ends",
    ),
)
SUCCESSOR_MISSING: Final = Reason(
    "successor_missing",
    Text("Người này còn việc đang giữ", "This person still holds work"),
    Text("Chọn người làm tiếp ở cùng nơi", "Choose who goes on with it, at the same place"),
)
NOT_A_COLLEAGUE: Final = Reason(
    "not_a_colleague",
    Text("Người được chọn không làm việc ở nơi này", "Whoever was chosen does not work here"),
    Text("Chọn một đồng nghiệp cùng nơi, hoặc mời người đó trước", "Choose a colleague here, or invite them first"),
)
WRONG_TIME: Final = Reason(
    "wrong_time",
    Text("Thời hạn ủy quyền phải ở tương lai và không quá 90 ngày", "A delegation ends within the next 90 days"),
    Text("Chọn ngày kết thúc khác", "Choose another end"),
)
OTHER_LEVEL: Final = Reason(
    "two_levels",
    Text("Một người không quyết định thay hai cấp lãnh đạo", "One person does not decide for two levels of leadership"),
    Text("Ủy quyền cho người cùng cấp", "Delegate to somebody of the same level"),
)
HAS_ROLE: Final = Reason(
    "has_role",
    Text("Người này đã có vai trò đó ở đây", "This person has that role here already"),
    Text("Không cần làm gì", "Nothing needs to be done"),
)
