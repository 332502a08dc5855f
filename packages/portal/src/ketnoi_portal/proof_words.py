"""What the connection check may find unproved, in Vietnamese, by the English that the room of trust says it in."""

from __future__ import annotations

from typing import Final

FOUND_VI: Final = {
    "the OCSP response is too large": "trả lời OCSP quá lớn",
    "the OCSP responder did not answer": "máy chủ OCSP không trả lời được",
    "the OCSP response brings too many certificates": "trả lời OCSP kèm quá nhiều chứng thư",
    "the OCSP response cannot be read": "không đọc được trả lời OCSP",
    "the OCSP response is about another certificate": "trả lời OCSP là của chứng thư khác",
    "the OCSP response is not signed by a responder that can be found": "không tìm thấy nơi ký trả lời OCSP",
    "the OCSP responder may not answer for this authority": "nơi trả lời OCSP không được tổ chức cấp ủy quyền",
    "the OCSP response is too old": "trả lời OCSP đã quá cũ",
    "the OCSP response is from the future": "trả lời OCSP ghi thời điểm ở tương lai; kiểm tra đồng hồ máy chủ",
    "a newer OCSP response should have been there": "lẽ ra đã có trả lời OCSP mới hơn",
    "there is no OCSP response for the certificate": "không có trả lời OCSP cho chứng thư",
    "the certificate is that of an authority": "chứng thư là của tổ chức chứng thực, không phải của máy chủ",
    "the certificate's key is of an unknown kind or too short": "khóa của chứng thư thuộc loại lạ hoặc quá ngắn",
    "the certificate is not for authentication": "chứng thư không dùng để xác thực",
    "the certificate is not for signing": "chứng thư không dùng để ký",
    "the certificate is not valid at this moment": "chứng thư không còn hoặc chưa có hiệu lực",
    "the certificate was not issued under an approved authority": "tổ chức cấp chứng thư không được nền tảng công nhận",
    "certificate cannot be read": "không đọc được chứng thư",
    "the configuration has expired": "cấu hình đã hết hạn",
    "the configuration is older than one already seen": "cấu hình cũ hơn bản đã thấy",
    "the directory is that of another instance": "cấu hình là của nền tảng khác",
    "the directory is signed by nobody whom the anchor names": "nơi ký cấu hình không có trong tệp neo",
    "the directory's signature is not valid": "chữ ký của cấu hình không đúng",
    "the file is not a configuration anchor": "tệp không phải tệp neo",
    "the anchor needs a source with an address and a certificate": "tệp neo thiếu nguồn có địa chỉ và chứng thư",
    "the anchor names no instance": "tệp neo không nêu nền tảng",
    "the manifest is not a signed document": "danh bạ không phải tài liệu đã ký",
    "the manifest is signed by another key or in another way": "danh bạ được ký bằng khóa khác hoặc cách khác",
    "the manifest cannot be read": "không đọc được danh bạ",
    "the directory is not valid at this moment": "danh bạ không còn hoặc chưa có hiệu lực",
    "the directory is older than one already seen": "danh bạ cũ hơn bản đã thấy",
    "the bucket is not the one that the manifest names": "phần danh bạ không phải phần mà bản kê nêu",
    "the bucket cannot be read": "không đọc được phần danh bạ",
    "the directory is that of another environment": "danh bạ là của môi trường khác",
}
"""What is not here is told by its code alone, in the words of the table of refusals."""
