"""What may be uploaded as a paper: a PDF or a picture, told by its content, small enough, under a harmless name.

Nothing here trusts a file's name, its ending or the type that a browser claims.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process.rules import Reason

LARGEST: Final = 10 * 1024 * 1024
"""Bytes. A scan of ten pages at 200 dpi has about three million."""
MOST_PIXELS: Final = 60_000_000
"""A page of A4 at 600 dpi has 35 million."""
PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
ENDINGS: Final = {PDF: ".pdf", PNG: ".png", JPEG: ".jpg"}
# Endings that some desktop would run, anywhere in the name: `cam-ket.pdf.exe`, `cam-ket.exe.pdf`.
_RUN: Final = re.compile(
    r"\.(exe|com|bat|cmd|scr|pif|cpl|msi|msp|hta|jse?|vb[es]|ws[fh]|psm?1|jar|lnk|url|reg|dll|sys|inf|iso|img|docm|xlsm"
    r"|pptm|dotm|xlam|sh|app|apk|desktop|svg|x?html?|php|aspx?|jsp)\s*(\.|$)",
    re.IGNORECASE,
)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


class UploadRefused(Exception):  # noqa: N818
    """The file is not taken; `reason` has code, what is wrong, and the mend."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.code)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was let in: a harmless name, the type of its content, its bytes."""

    name: str
    media_type: str
    data: bytes


def admit(name: str, data: bytes) -> Upload:
    """Let a file in, or raise UploadRefused. What a PDF carries inside is examined afterwards, in its own process."""
    if not data:
        raise UploadRefused(_EMPTY)
    if len(data) > LARGEST:
        raise UploadRefused(_TOO_LARGE)
    kind = kind_of(data)
    if kind is None:
        raise UploadRefused(_WRONG_KIND)
    if kind == PNG:
        _check_png(data)
    elif kind == JPEG:
        _check_jpeg(data)
    elif not data.rstrip(b"\r\n \t\0").endswith(b"%%EOF"):
        raise UploadRefused(_TAIL)
    return Upload(safe_name(name, kind), kind, data)


def kind_of(data: bytes) -> str | None:
    """The type that the first bytes show; nothing may stand before them."""
    if re.match(rb"%PDF-[12]\.\d", data):
        return PDF
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    return None


def safe_name(name: str, kind: str) -> str:
    """A name without folders, hidden characters or a second ending; raises UploadRefused for one that runs."""
    told = unicodedata.normalize("NFC", name)
    told = "".join(letter for letter in told if unicodedata.category(letter) not in _HIDDEN)
    told = PureWindowsPath(PurePosixPath(told).name).name.strip(" .")
    if _RUN.search(told):
        raise UploadRefused(_RUNS)
    stem = told[: -len(ENDINGS[kind])] if told.lower().endswith(ENDINGS[kind]) else told.rpartition(".")[0] or told
    stem = re.sub(r"[^\w() \-]+", "-", stem).strip(" -.")[:100] or "giay-to"
    return stem + ENDINGS[kind]


def _check_png(data: bytes) -> None:
    """Whole chunks from the header to IEND, and nothing after it."""
    at, pixels = 8, 0
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR" and at == 8 and length == 13:
            width, height = struct.unpack_from(">II", data, at + 8)
            pixels = width * height
        at += 12 + length
        if kind == b"IEND":
            break
    else:
        raise UploadRefused(_BROKEN)
    if at != len(data):
        raise UploadRefused(_TAIL if at < len(data) else _BROKEN)
    _check_pixels(pixels)


def _check_jpeg(data: bytes) -> None:
    """Segments up to the scan, a frame header among them, and nothing after the end marker."""
    at, pixels = 2, 0
    while at + 4 <= len(data):
        marker, code, length = data[at], data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker != 0xFF or length < 2:
            raise UploadRefused(_BROKEN)
        # A frame header (SOF0 to SOF15; C4, C8 and CC are others) has precision, height, width.
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC) and at + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 5)
            pixels = width * height
        at += 2 + length
        if code == 0xDA:
            break
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise UploadRefused(_TAIL)
    _check_pixels(pixels)


def _check_pixels(pixels: int) -> None:
    if pixels == 0:
        raise UploadRefused(_BROKEN)
    if pixels > MOST_PIXELS:
        raise UploadRefused(_BOMB)


_AGAIN: Final = Text(
    "Xuất lại tệp PDF (hoặc quét lại) rồi tải lên", "Export the PDF anew (or scan again) and upload it"
)
_EMPTY: Final = Reason("upload_empty", Text("Tệp rỗng", "The file is empty"), _AGAIN)
_TOO_LARGE: Final = Reason(
    "upload_too_large",
    Text(f"Tệp lớn hơn {LARGEST // 1024 // 1024} MB", f"The file is larger than {LARGEST // 1024 // 1024} MB"),
    Text("Quét lại ở 200 dpi, đen trắng, hoặc tách bớt trang", "Scan at 200 dpi in black and white, or fewer pages"),
)
_WRONG_KIND: Final = Reason(
    "upload_wrong_kind",
    Text("Chỉ nhận tệp PDF, PNG hoặc JPEG (xét theo nội dung tệp)", "Only PDF, PNG or JPEG, judged by content"),
    Text("Lưu giấy tờ thành PDF rồi tải lên", "Save the paper as PDF and upload that"),
)
_RUNS: Final = Reason(
    "upload_dangerous_name",
    Text("Tên tệp có đuôi của chương trình", "The file is named like a program"),
    Text("Đổi tên tệp, chỉ giữ một đuôi .pdf", "Rename it, with the one ending .pdf"),
)
_TAIL: Final = Reason(
    "upload_extra_data",
    Text("Tệp có dữ liệu thừa ở cuối", "There is data after the end of the file"),
    _AGAIN,
)
_BROKEN: Final = Reason("upload_broken", Text("Ảnh hỏng", "The picture is broken"), _AGAIN)
_BOMB: Final = Reason(
    "upload_bomb",
    Text("Tệp bung ra quá lớn so với cỡ của nó", "The file unfolds to far more than it seems"),
    _AGAIN,
)
DANGERS: Final = {
    "encrypted": Reason(
        "pdf_encrypted",
        Text("Tệp PDF bị khóa bằng mật khẩu", "The PDF is encrypted"),
        Text("Bỏ mật khẩu trước khi ký và tải lên", "Remove the password before signing and uploading"),
    ),
    "javascript": Reason(
        "pdf_javascript",
        Text("Tệp PDF chứa mã lệnh (JavaScript, XFA)", "The PDF carries a program (JavaScript, XFA)"),
        Text("In ra PDF thường, ký lại rồi tải lên", "Print it to a plain PDF, sign again, upload"),
    ),
    "launch": Reason(
        "pdf_launch_action",
        Text("Tệp PDF tự mở hoặc gửi thứ khác", "The PDF opens or sends something else by itself"),
        Text("In ra PDF thường, ký lại rồi tải lên", "Print it to a plain PDF, sign again, upload"),
    ),
    "embedded_file": Reason(
        "pdf_embedded_file",
        Text("Tệp PDF đính kèm tệp khác bên trong", "The PDF has other files inside"),
        Text("Bỏ tệp đính kèm, mỗi giấy tờ tải lên riêng", "Take them out; upload each paper by itself"),
    ),
    "media": Reason(
        "pdf_media",
        Text("Tệp PDF chứa âm thanh, phim hoặc mô hình", "The PDF carries sound, film or models"),
        Text("In ra PDF thường, ký lại rồi tải lên", "Print it to a plain PDF, sign again, upload"),
    ),
    "bomb": _BOMB,
    "too_complex": Reason(
        "pdf_too_complex", Text("Tệp PDF quá phức tạp", "The PDF is too complex to be examined"), _AGAIN
    ),
    "unreadable": Reason("pdf_unreadable", Text("Không đọc được tệp PDF", "The PDF cannot be read"), _AGAIN),
}
