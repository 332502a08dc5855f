"""Why a letter, or something enclosed in it, is not taken: one table, each row with its mend."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.files import uploads
from ketnoi_portal.process.rules import KEEPERS_REQUEST, Reason

_FORM_AGAIN: Final = Text(
    "Tải mẫu phiếu mới từ cổng, điền lại và gửi dưới dạng .docx", "Download a fresh form, fill it in, send it as .docx"
)
_PLAIN_LETTER: Final = Text(
    "Gửi lại thư thường, đính kèm phiếu đăng ký hoặc bản quét đã ký (PDF)",
    "Send a plain letter with the form or a signed scan (PDF) enclosed",
)
_PORTAL: Final = Text("Hoặc đăng nhập cổng và điền phiếu trực tuyến", "Or sign in to the portal and fill it in there")

_ROWS: Final = (
    # Whole letters
    Reason(
        "mail_too_large",
        Text("Thư quá lớn", "The letter is too large"),
        Text(
            "Gửi riêng phiếu đăng ký; bản quét nên ở 200 dpi, đen trắng, dưới 10 MB",
            "Send the form alone; scan at 200 dpi in black and white, under 10 MB",
        ),
    ),
    Reason("mail_header_too_large", Text("Phần đầu thư quá dài", "The letter's header is too long"), _PLAIN_LETTER),
    Reason(
        "mail_too_many_parts", Text("Thư có quá nhiều phần lồng nhau", "The letter has too many parts"), _PLAIN_LETTER
    ),
    Reason("mail_unreadable", Text("Không đọc được thư", "The letter cannot be read"), _PLAIN_LETTER),
    Reason(
        "mail_bomb", Text("Thư bung ra quá lớn so với cỡ của nó", "The letter unfolds to far too much"), _PLAIN_LETTER
    ),
    Reason(
        "mail_empty", Text("Thư không có phiếu, bản quét hay nội dung", "There is no form, scan or text"), _PLAIN_LETTER
    ),
    Reason("mail_junk", Text("Thư bị đánh dấu là thư rác", "The letter is marked as junk"), _PLAIN_LETTER),
    Reason(
        "mail_dismissed",
        Text("Cán bộ C06 xem và không tiếp nhận thư này", "C06's officer has read the letter and does not take it"),
        _PLAIN_LETTER,
    ),
    Reason(
        "mail_private_key",
        Text("Thư chứa khóa bí mật nên không được lưu", "The letter holds a private key and was not kept"),
        Text(
            "Coi khóa đó là đã lộ: tạo khóa mới, chỉ gửi chứng thư hoặc CSR",
            "Take that key as disclosed: make a new one; send only the certificate or CSR",
        ),
    ),
    # Things enclosed
    Reason(
        "enclosure_wrong_kind",
        Text("Tệp kèm không phải DOCX, JSON, PDF, PNG hay JPEG", "An enclosure is no DOCX, JSON, PDF, PNG or JPEG"),
        Text("Lưu lại thành một trong các dạng này", "Save it as one of these"),
    ),
    Reason(
        "enclosures_too_many",
        Text("Thư có quá nhiều tệp kèm", "There are too many enclosures"),
        Text("Gộp các trang quét vào một tệp PDF", "Join the scans into one PDF"),
    ),
    Reason(
        "forms_several",
        Text("Thư có nhiều phiếu; chỉ phiếu đầu tiên được đọc", "There are several forms; only the first was read"),
        Text("Mỗi đăng ký gửi một thư riêng", "Send each registration in a letter of its own"),
    ),
    Reason("docx_broken", Text("Không mở được tệp DOCX", "The DOCX cannot be opened"), _FORM_AGAIN),
    Reason("docx_not_the_form", Text("Tệp DOCX không phải mẫu phiếu", "The DOCX is not the form"), _FORM_AGAIN),
    Reason("docx_bomb", Text("Tệp DOCX bung ra quá lớn", "The DOCX unfolds to far too much"), _FORM_AGAIN),
    Reason("docx_encrypted", Text("Tệp DOCX bị khóa mật khẩu", "The DOCX is encrypted"), _FORM_AGAIN),
    Reason(
        "docx_macro", Text("Tệp DOCX chứa macro hoặc đối tượng nhúng", "The DOCX has macros or objects"), _FORM_AGAIN
    ),
    Reason(
        "docx_external",
        Text("Tệp DOCX trỏ ra tài nguyên bên ngoài", "The DOCX points to something outside"),
        _FORM_AGAIN,
    ),
    Reason("docx_entities", Text("Tệp DOCX khai báo thực thể XML", "The DOCX declares XML entities"), _FORM_AGAIN),
    Reason(
        "docx_bad_path", Text("Tệp DOCX chứa đường dẫn bất thường", "The DOCX has strange paths inside"), _FORM_AGAIN
    ),
    Reason(
        "json_invalid",
        Text("Tệp JSON không đúng cấu trúc của phiếu", "The JSON does not have the form's structure"),
        Text("Đối chiếu tên trường với mẫu JSON trên cổng", "Compare the names with the portal's sample"),
    ),
    Reason("form_too_long", Text("Phiếu có quá nhiều mục", "The form has too many entries"), _FORM_AGAIN),
    # Whose it is
    Reason(
        "organisation_unknown",
        Text("Chưa rõ thư của cơ quan nào", "It is not clear which organisation wrote"),
        Text("Ghi mã định danh cơ quan ở ô [01] của phiếu", "Write the organisation's code in box [01] of the form"),
    ),
    Reason(
        "organisation_closed",
        Text("Cơ quan ghi trong phiếu đã giải thể hoặc sáp nhập", "The organisation in the form has closed"),
        Text("Ghi mã của cơ quan kế thừa", "Write its successor's code"),
    ),
    Reason("organisation_keeper", KEEPERS_REQUEST.title, KEEPERS_REQUEST.mend),
    Reason(
        "drafts_too_many",
        Text("Cơ quan này còn nhiều bản đăng ký chưa ai nhận", "Many drafts of this organisation wait to be claimed"),
        _PORTAL,
    ),
)

REFUSALS: Final[dict[str, Reason]] = {row.code: row for row in _ROWS}
"""By code; what files.uploads refuses has rows of its own there."""

_OF_UPLOADS: Final[dict[str, Reason]] = {
    row.code: row for row in (*vars(uploads).values(), *uploads.DANGERS.values()) if isinstance(row, Reason)
}


def reason_of(code: str) -> Reason:
    """The row of a code, also of what files.uploads refuses."""
    return REFUSALS.get(code) or _OF_UPLOADS.get(code) or REFUSALS["mail_unreadable"]
