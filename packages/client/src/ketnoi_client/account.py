"""The integration account's key: what proves to the registry which organisation asks (RFC 9421)."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ketnoi_client.clock import Now
from ketnoi_client.problems import SettingsError
from ketnoi_client.settings import Account, Settings
from ketnoi_protocol.http_signature import SignatureInput, content_digest, format_signature


class AccountKey:
    """One account's private key, read once. It never leaves this object, and `repr` does not show it."""

    def __init__(self, settings: Settings, account: Account, now: Now) -> None:
        """Read the key file. Raises SettingsError when it holds no P-256 key in PEM without a password."""
        self.id = account.id
        self._now = now
        path = settings.path(account.key)
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SettingsError(
                f"{path}: không đọc được khóa tài khoản · the account's key cannot be read: {type(error).__name__}"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise SettingsError(f"{path}: khóa phải là P-256 · the key is not on the curve P-256")
        self._key = key

    def headers(self, body: bytes, message_id: str) -> dict[str, str]:
        """The headers that prove this body under this message id."""
        digest = content_digest(body)
        signed = SignatureInput.of(int(self._now().timestamp()), self.id)
        r, s = decode_dss_signature(self._key.sign(signed.base(digest, message_id), ec.ECDSA(SHA256())))
        value = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return {"Content-Digest": digest, "Signature-Input": str(signed), "Signature": format_signature(value)}
