"""The verdict on a paper's signatures: kept as data, told in words, each failure with its mend."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from ketnoi_pages.clock import HANOI
from ketnoi_pages.text import Text
from ketnoi_portal.files.examiner import Examination, Signature

VALID: Final = "valid"
INVALID: Final = "invalid"
UNSIGNED: Final = "unsigned"
PICTURE: Final = "picture"

_GET_IT_SIGNED: Final = Text("Xin bản khác, ký lại rồi tải lên", "Have it signed anew, and upload that")
PROBLEMS: Final = {
    "changed": (
        Text("nội dung đã bị sửa sau khi ký", "what was signed has been changed"),
        Text("Tải lên đúng tệp đã ký, không mở ra lưu lại", "Upload the very file that was signed, not saved again"),
    ),
    "appended": (
        Text("có phần được thêm vào sau khi ký", "something was added after it was signed"),
        Text("Tải lên đúng tệp đã ký, không ghi chú thêm", "Upload the very file that was signed, without notes"),
    ),
    "not_whole": (Text("không bao trùm cả văn bản", "it does not cover the whole document"), _GET_IT_SIGNED),
    "untrusted": (
        Text("chứng thư không do tổ chức chứng thực được tin cậy cấp", "its certificate is of no trusted authority"),
        Text("Ký bằng chứng thư số của cơ quan (Ban Cơ yếu hoặc CA công cộng)", "Sign by an official certificate"),
    ),
    "expired": (
        Text("chứng thư đã hết hạn và không có dấu thời gian", "its certificate has expired, and no time stamp helps"),
        Text("Gia hạn chứng thư, ký lại kèm dấu thời gian", "Renew the certificate; sign again with a time stamp"),
    ),
    "not_yet_valid": (
        Text("chứng thư chưa có hiệu lực", "its certificate is not valid yet"),
        Text("Kiểm tra đồng hồ máy ký và chứng thư", "Check the clock of the signing machine and the certificate"),
    ),
    "revoked": (Text("chứng thư đã bị thu hồi", "its certificate has been revoked"), _GET_IT_SIGNED),
    "weak": (
        Text("thuật toán ký quá yếu", "its algorithm is too weak"),
        Text("Ký lại với SHA-256 trở lên", "Sign again with SHA-256 or better"),
    ),
    "wrong_usage": (
        Text("chứng thư không dùng để ký văn bản", "its certificate is not for signing documents"),
        _GET_IT_SIGNED,
    ),
    "wrong_time_stamp": (Text("dấu thời gian không hợp lệ", "its time stamp is not valid"), _GET_IT_SIGNED),
    "malformed": (Text("chữ ký hỏng, không kiểm tra được", "it is broken and cannot be checked"), _GET_IT_SIGNED),
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What Paper.verdict holds: the state, each signature, warnings (codes), and when it was checked."""

    state: str
    checked_at: datetime
    signatures: tuple[Signature, ...] = ()
    warnings: tuple[str, ...] = ()
    expected: str = ""
    pages: int = 0
    made_here: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a verdict; `good` as it should be, None a remark; `mend` where something can be done."""

    good: bool | None
    told: Text
    mend: Text | None = None


def of_examination(found: Examination, at: datetime, expected: tuple[str, ...]) -> Verdict:
    """The verdict on a PDF without dangers. `expected` are the names of whoever should have signed, best first."""
    if not found.signatures:
        state, warnings = UNSIGNED, []
    else:
        state = INVALID if any(each.problems for each in found.signatures) else VALID
        warnings = [] if _is_among(expected, found.signatures) else ["other_signer"]
    return Verdict(
        state=state,
        checked_at=at,
        signatures=found.signatures,
        warnings=tuple(warnings),
        expected=" / ".join(dict.fromkeys(each for each in expected if each)),
        pages=found.pages,
        made_here=found.keywords[:1] == ("ketnoi",),
    )


def of_picture(at: datetime) -> Verdict:
    """A picture carries no signature that a machine could check."""
    return Verdict(state=PICTURE, checked_at=at, pages=1)


def kept(verdict: Verdict) -> dict[str, Any]:
    """For Paper.verdict."""
    plain = msgspec.to_builtins(verdict)
    assert isinstance(plain, dict)
    return plain


def read(plain: dict[str, Any]) -> Verdict | None:
    """From Paper.verdict; None where nothing was checked."""
    return msgspec.convert(plain, Verdict) if plain else None


def needs_a_scan(plain: dict[str, Any]) -> bool:
    """Whether only a named officer's word can stand in for a signature: nothing was signed, or it cannot be proved."""
    return plain.get("state") != VALID


def lines(plain: dict[str, Any]) -> list[Line]:
    """The verdict in words."""
    verdict = read(plain)
    if verdict is None:
        return [Line(None, Text("Chưa kiểm tra chữ ký", "No signature has been checked"))]
    if verdict.state == PICTURE:
        return [Line(False, Text("Bản quét, không có chữ ký số", "A scan, without a digital signature"), _SCAN)]
    if verdict.state == UNSIGNED:
        return [Line(False, Text("Tệp PDF chưa được ký số", "The PDF is not digitally signed"), _SCAN)]
    told = [line for each in verdict.signatures for line in _signature(each)]
    if "other_signer" in verdict.warnings:
        told.append(
            Line(
                None,
                Text(
                    f"Người ký khác với người cần ký: {verdict.expected}",
                    f"Signed by somebody other than expected: {verdict.expected}",
                ),
                Text("Đối chiếu thẩm quyền của người ký trước khi chấp nhận", "See whether the signer was entitled"),
            )
        )
    if not verdict.made_here:
        told.append(
            Line(
                None,
                Text("Văn bản không lập từ cổng này", "The document was not made in this portal"),
                Text("Đọc kỹ nội dung, so với đăng ký", "Read it, and compare it with the application"),
            )
        )
    return told


_SCAN: Final = Text(
    "Ký số rồi tải lên; hoặc cán bộ thụ lý xem bản giấy và chấp nhận bản quét, có nêu lý do",
    "Sign and upload it; or the handling officer sees the paper and accepts the scan, saying why",
)


def _signature(each: Signature) -> list[Line]:
    who = each.signer + (f" ({each.organisation})" if each.organisation else "")
    when = _moment(each.stamped_at or each.claimed_at)
    if not each.problems:
        stamped_vi = "theo dấu thời gian" if each.stamped_at else "theo máy của người ký"
        stamped_en = "by time stamp" if each.stamped_at else "by the signer's clock"
        told = [
            Line(
                True,
                Text(
                    f"Chữ ký hợp lệ, của {who}, lúc {when} ({stamped_vi}), chứng thư của {each.authority}",
                    f"Valid signature of {who}, at {when} ({stamped_en}), certified by {each.authority}",
                ),
            )
        ]
        if each.revocation == "unknown":
            told.append(
                Line(
                    None,
                    Text(
                        "Tệp không kèm trạng thái thu hồi của chứng thư",
                        "The file does not prove the revocation status",
                    ),
                )
            )
        return told
    return [
        Line(
            False,
            Text(
                f"Chữ ký không hợp lệ{f', của {who}' if who else ''}: {PROBLEMS[code][0].vi}",
                f"Invalid signature{f' of {who}' if who else ''}: {PROBLEMS[code][0].en}",
            ),
            PROBLEMS[code][1],
        )
        for code in each.problems
    ]


def _moment(at: datetime | None) -> str:
    return at.astimezone(HANOI).strftime("%H:%M ngày %d/%m/%Y") if at else "(không rõ giờ)"


def _is_among(expected: tuple[str, ...], signatures: tuple[Signature, ...]) -> bool:
    """Whether somebody who signed is one of those expected; organisations sign by their seal."""
    wanted = {_folded(each) for each in expected if each}
    return not wanted or any(wanted & {_folded(each.signer), _folded(each.organisation)} for each in signatures)


def _folded(name: str) -> str:
    """A name for comparing: certificates are often written without marks, in capitals."""
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())
