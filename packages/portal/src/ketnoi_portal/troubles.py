"""Technical troubles in words for people, in both languages: what a network, a peer or a signature has said."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.proof_words import FOUND_VI
from ketnoi_protocol import errors
from ketnoi_trust.errors import Refused


class Troubled(Exception):  # noqa: N818 - a base; its rooms name the kinds
    """Something technical went wrong. `told` is for people; the exception's own text is its English, for logs.

    Neither quotes what was sent or received.
    """

    def __init__(self, told: Text) -> None:
        super().__init__(told.en)
        self.told = told


# By names of classes, so that each network library's own errors find theirs; the first name of an error's line counts.
_WORDS: Final = {
    "ConnectionRefusedError": Text("cổng đóng, máy chủ từ chối kết nối", "connection refused"),
    "gaierror": Text("không tìm thấy tên máy chủ", "the host's name is not known"),
    "TimeoutError": Text("không trả lời trong thời hạn", "no answer in time"),
    "TimeoutException": Text("không trả lời trong thời hạn", "no answer in time"),
    "SSLError": Text("không bắt tay được TLS", "TLS failed"),
    "ConnectError": Text("không kết nối được", "no connection"),
    "ProtocolError": Text("trả lời không đúng giao thức", "the answer breaks the protocol"),
    "DecodingError": Text("không giải mã được trả lời", "the answer cannot be decoded"),
    "TransportError": Text("đường truyền bị ngắt", "the connection broke"),
    "ConnectionError": Text("đường truyền bị ngắt", "the connection broke"),
    "InvalidURL": Text("địa chỉ sai", "the address is wrong"),
    "FileNotFoundError": Text("không có tệp", "a file is missing"),
    "PermissionError": Text("không được đọc tệp", "a file may not be read"),
    "OSError": Text("lỗi mạng hoặc tệp", "a network or file error"),
    "ValueError": Text("giá trị không hợp lệ", "a value is wrong"),
}
_OTHER: Final = Text("lỗi kỹ thuật", "a technical error")


def of_error(error: Exception) -> Text:
    """What an error of a network or a file is, with the name of its class, which an engineer can look up."""
    names = [each.__name__ for each in type(error).__mro__]
    told = next((_WORDS[name] for name in names if name in _WORDS), _OTHER)
    return Text(f"{told.vi} ({names[0]})", f"{told.en} ({names[0]})")


def of_status(status: int) -> Text:
    """An HTTP status that was not expected."""
    return Text(f"trả lời mã HTTP {status}", f"HTTP status {status}")


def of_refused(refused: Refused) -> Text:
    """A proof that failed: what was found, or, where there are no words for that, what its code means."""
    vi = FOUND_VI.get(refused.message, "")
    if not vi:
        try:
            vi = errors.row(refused.code).title_vi
        except LookupError:
            vi = "không được công nhận"
    return Text(f"{vi} ({refused.code})", str(refused))


def at(place: Text, told: Text) -> Text:
    """A trouble, and where it was."""
    return Text(f"{place.vi}: {told.vi}", f"{place.en}: {told.en}")
