"""Which option of the command a refusal before sending is about, and what may stand there; Vietnamese first."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from ketnoi_client.problems import KetnoiError, Refused, refused
from ketnoi_protocol.consent import LONGEST_CONSENT, LONGEST_PURPOSE, LONGEST_WAIT, SHORTEST_WAIT

MENDS: Final[dict[str, tuple[str, str, str]]] = {
    "MaGiaoDichDongY": (
        "--consent", "26 chữ A–Z và 2–7, như `ketnoi consent ask` in ra", "26 of A–Z, 2–7, as `ketnoi consent ask`",
    ),
    "ThoiHan": ("--seconds", f"số giây, 1 tới {LONGEST_CONSENT} (365 ngày)", "so many seconds, 365 days at most"),
    "ChoTraLoi": (
        "--wait", f"số giây, {SHORTEST_WAIT} tới {LONGEST_WAIT} (7 ngày)", "so many seconds, from a minute to 7 days",
    ),
    "MucDich": (
        "--purpose", f"1 tới {LONGEST_PURPOSE} ký tự trên một dòng, không có số định danh, địa chỉ mạng hay thẻ < >",
        f"1 to {LONGEST_PURPOSE} letters on one line, without a personal number, an address of the net or a tag",
    ),
    "CacTruong": (
        "--fields", "mỗi trường một lần; dịch vụ không nêu trường thì bỏ", "each field once; none where there are none",
    ),
    "TheCanBo": ("--officer-token", "tệp chứa thẻ cán bộ: ba phần nối bằng dấu chấm", "a file with a card"),
    "MaCanBo": ("--officer", "mã tài khoản, tối đa 20 ký tự, không phải số định danh", "an account's code"),
    "MaDVC": ("--procedure", "mã thủ tục, 1 tới 20 ký tự", "a procedure's code, 1 to 20 letters"),
    "MaDonVi": ("--unit", "mã đơn vị, như H55 hoặc H55.242", "a unit's code, such as H55 or H55.242"),
    "MaYeuCau": ("--request-code", "1 tới 40 ký tự", "1 to 40 letters"),
    "X-Road-Id": ("--message-id", "ký tự ASCII, không có số định danh", "ASCII, without a personal number"),
    "X-Road-Issue": ("--issue", "ký tự ASCII, không có số định danh", "ASCII, without a personal number"),
    "X-Road-UserId": ("--officer", "mã tài khoản, không phải số định danh", "an account's code, never a number"),
    "ThanhVien": (
        "--input", "từng thành viên có HoVaTen, QuanHe và SoDinhDanh hoặc SoCMND",
        "each member has HoVaTen, QuanHe and SoDinhDanh or SoCMND",
    ),
    "HoVaTen": ("--input", "họ và tên bằng chữ, như trên thẻ", "a name in letters, as on the card"),
    "SoDinhDanh": ("--input", "12 chữ số; hoặc SoCMND 9 chữ số", "12 digits; or SoCMND, 9 digits"),
    "SoCMND": ("--input", "9 chữ số", "9 digits"),
    "NgayThangNamSinh": ("--input", "yyyy-mm-dd hoặc yyyy", "yyyy-mm-dd or yyyy"),
    "ThuocTinh": ("--input", "tên trường và điều khai, bằng chữ", "a field's name and what is claimed, as text"),
}  # fmt: skip
"""Field of a message, or header → option, and what may stand there in Vietnamese and English."""

_WHERE: Final = re.compile(r"\(\$\.([A-Za-z]+)")
_ORGANISATION: Final = "an organisation code"
"""How the detail begins where a unit's code is none: it names no field."""
_FIRST: Final = re.compile(r"[A-Za-z-]+")


def with_option(error: KetnoiError) -> KetnoiError:
    """The same refusal, which says the option to be mended where it was refused before it was sent."""
    if not isinstance(error, Refused) or error.problem.hop != "own software":
        return error
    problem = error.problem
    found = _WHERE.search(problem.detail) or _FIRST.match(problem.detail)
    named = found[found.re.groups] if found else ""
    if problem.detail.startswith(_ORGANISATION):
        named = "MaDonVi"
    if named not in MENDS:
        return error
    option, vi, en = MENDS[named]
    return refused(replace(problem, detail=f"{option} ({named}): {vi} · {en} [{problem.detail}]"))
