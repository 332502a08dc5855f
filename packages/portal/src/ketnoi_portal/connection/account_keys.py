"""The key of an integration account: the agency's own, or made here, shown once and forgotten."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.models import IntegrationAccount
from ketnoi_portal.process.rules import Reason

LONGEST: Final = 8_192
"""Characters of a public key or a request in PEM."""

_MAKE: Final = Text(
    "Tạo lại bằng OpenSSL: openssl ecparam -name prime256v1 -genkey -noout -out account.pem, rồi openssl ec -in "
    "account.pem -pubout",
    "Make one with OpenSSL: openssl ecparam -name prime256v1 -genkey -noout -out account.pem, then openssl ec -in "
    "account.pem -pubout",
)
PRIVATE: Final = Reason(
    "private_key_sent",
    Text(
        "Đây là khóa bí mật: không được gửi cho ai, kể cả C06. Cổng đã bỏ đi, không lưu",
        "This is a private key: nobody may have it, C06 neither. The portal has dropped it",
    ),
    Text("Coi khóa này là đã lộ: tạo khóa mới, gửi khóa công khai", "Hold it for known: make a new one, send its half"),
)
UNREADABLE: Final = Reason(
    "key_unreadable",
    Text("Không phải khóa công khai hoặc CSR dạng PEM", "This is neither a public key nor a CSR in PEM"),
    _MAKE,
)
WRONG_KIND: Final = Reason(
    "key_of_another_kind", Text("Khóa không phải loại EC P-256", "The key is not an EC key on P-256"), _MAKE
)
FALSE_REQUEST: Final = Reason(
    "request_not_signed",
    Text("CSR không được ký bằng chính khóa của nó", "The CSR is not signed by its own key"),
    _MAKE,
)
USED: Final = Reason(
    "key_used_elsewhere",
    Text("Khóa này đã dùng cho một tài khoản khác", "This key belongs to another account already"),
    Text("Mỗi tài khoản, mỗi môi trường một khóa riêng: tạo khóa mới", "Each account has its own key: make a new one"),
)


class KeyRefused(Exception):  # noqa: N818
    """The key is not taken; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.code)


def read(text: str) -> str:
    """The public key (PEM) that a text holds: a public key, or a certificate request. Raises KeyRefused."""
    if "PRIVATE KEY" in text:
        raise KeyRefused(PRIVATE)
    data = text.strip().encode("ascii", "replace")
    try:
        if b"REQUEST-----" in data:
            request = x509.load_pem_x509_csr(data)
            if not request.is_signature_valid:
                raise KeyRefused(FALSE_REQUEST)
            key = request.public_key()
        else:
            key = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused(UNREADABLE) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyRefused(WRONG_KIND)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def make() -> tuple[bytes, str]:
    """A new key pair: the private key (PEM, PKCS #8), which nobody keeps, and the public one."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public.decode("ascii")


def check_unused(account: IntegrationAccount, public_key: str) -> None:
    """Nobody may hold a key that is another account's, in the other environment either. Raises KeyRefused."""
    if IntegrationAccount.objects.filter(public_key=public_key).exclude(pk=account.pk).exists():
        raise KeyRefused(USED)
