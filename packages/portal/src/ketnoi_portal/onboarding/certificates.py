"""Certificates and requests (CSR) as people bring them: PEM text or files, one or both."""

from __future__ import annotations

import re
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import UploadedFile

from ketnoi_pages.text import Text

LARGEST: Final = 64 * 1024
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_KEY: Final = Text(
    "Đây là khóa bí mật. Không bao giờ gửi khóa bí mật; chỉ gửi chứng thư hoặc CSR.",
    "This is a private key. Never send it anywhere; bring the certificate or CSR only.",
)
_UNREADABLE: Final = Text(
    "Không đọc được chứng thư hay CSR nào. Dán cả dòng BEGIN và END, hoặc tải tệp PEM, DER.",
    "No certificate or CSR can be read. Paste it with its BEGIN and END lines, or upload a PEM or DER file.",
)
_LONG: Final = Text("Chứng thư dài hơn 4.000 ký tự", "The certificate has over 4,000 characters")


class PemError(ValueError):
    """What was brought is neither; `text` says so to people."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def split(text: str) -> tuple[str, str]:
    """The certificate and the request in a text (PEM each, empty where there is none). Raises PemError."""
    found = {"certificate": "", "request": ""}
    stripped = text.strip()
    for block in _BLOCK.finditer(stripped):
        name = block.group(1)
        if "PRIVATE KEY" in name:
            raise PemError(_KEY)
        kind = "request" if name.endswith("CERTIFICATE REQUEST") else "certificate" if name == "CERTIFICATE" else ""
        if kind and not found[kind]:
            found[kind] = block.group(0)
    if stripped and not any(found.values()):
        raise PemError(_KEY if "PRIVATE KEY" in stripped else _UNREADABLE)
    if any(len(each) > 4000 for each in found.values()):
        raise PemError(_LONG)
    return found["certificate"], found["request"]


def read_upload(file: UploadedFile) -> str:
    """A file as PEM text, whichever of PEM and DER it is. Raises PemError."""
    if (file.size or 0) > LARGEST:
        raise PemError(_UNREADABLE)
    data = file.read()
    if b"-----BEGIN" in data:
        return data.decode("ascii", errors="replace")
    for load in (x509.load_der_x509_certificate, x509.load_der_x509_csr):
        try:
            return load(data).public_bytes(Encoding.PEM).decode()
        except ValueError:
            continue
    raise PemError(_UNREADABLE)
