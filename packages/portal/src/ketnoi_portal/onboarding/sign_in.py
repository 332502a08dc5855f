"""How an agency's system takes part in signing in with eID: where citizens come back to, and its public key.

Optional in an identity application, and of one environment each, like its security servers. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from ketnoi_pages.text import Text
from ketnoi_protocol.services import Environment

Address = Annotated[str, msgspec.Meta(max_length=300)]
Key = Annotated[str, msgspec.Meta(max_length=4000)]

MOST_ADDRESSES: Final = 10
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "k"})


DROPPED: Final = "(PRIVATE KEY: đã xóa, không lưu · deleted, not kept)"
"""What stands in the place of a private key that somebody pasted."""


class SignInEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`redirects` are taken exactly as written; `key` is the public key, PEM or a JWK, on the curve P-256.

    A private key is not kept, wherever the entry comes from: DROPPED stands there, which is refused as one.
    """

    environment: Environment
    redirects: tuple[Address, ...] = ()
    key: Key = ""

    def __post_init__(self) -> None:
        """Forget a private key."""
        if holds_private_key(self.key):
            msgspec.structs.force_setattr(self, "key", DROPPED)


class Wrong(NamedTuple):
    """What is wrong: in which part of the entry, against which rule, and how to mend it."""

    part: str
    rule: Text
    mend: Text


class KeyNotUsable(Exception):  # noqa: N818
    """No public key that counts; `wrong` says why."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong.rule.en)
        self.wrong = wrong


def wrongs(entry: SignInEntry, *, rehearsal: bool) -> Iterator[Wrong]:
    """Everything that is wrong with an entry."""
    if not entry.redirects:
        yield Wrong(
            "redirects",
            Text("Thiếu địa chỉ trở lại", "The address to come back to is missing"),
            Text("Nêu địa chỉ https đầy đủ", "Give a whole https address"),
        )
    if len(entry.redirects) > MOST_ADDRESSES or len(set(entry.redirects)) != len(entry.redirects):
        yield Wrong(
            "redirects",
            Text(
                f"Quá {MOST_ADDRESSES} địa chỉ, hoặc một địa chỉ nêu hai lần",
                f"Over {MOST_ADDRESSES} addresses, or one twice",
            ),
            Text("Chỉ giữ địa chỉ thật dùng", "Keep those that are used"),
        )
    for address in entry.redirects:
        if not is_address(address, rehearsal=rehearsal):
            yield Wrong(
                "redirects",
                Text(f"Địa chỉ không dùng được: {address[:100]}", f"This address cannot be used: {address[:100]}"),
                Text(
                    "Địa chỉ https đầy đủ, không có #, *, tên người dùng; được so từng ký tự",
                    "A whole https address without #, * or a user's name; it is compared letter by letter",
                ),
            )
    try:
        jwk_of(entry.key)
    except KeyNotUsable as error:
        yield error.wrong


def is_address(text: str, *, rehearsal: bool) -> bool:
    """Whole, with TLS, visible ASCII, without fragment, user or wildcard; this machine's own in a rehearsal."""
    if not text or not text.isascii() or not text.isprintable() or set(text) & set(' *#\\"<>'):
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (rehearsal and parts.scheme == "http" and host in _LOOPBACK)


def jwk_of(text: str) -> dict[str, Any]:
    """The public key as a JWK with its thumbprint as `kid`. Raises KeyNotUsable."""
    told = text.strip()
    if not told:
        raise KeyNotUsable(
            Wrong(
                "key",
                Text("Thiếu khóa công khai", "The public key is missing"),
                Text("Dán khóa công khai (PEM hoặc JWK)", "Paste the public key (PEM or JWK)"),
            )
        )
    if holds_private_key(told):
        raise KeyNotUsable(
            Wrong(
                "key",
                Text("Đây là khóa bí mật; hãy thay ngay khóa này", "This is a private key; replace that key now"),
                Text("Chỉ nộp khóa công khai của một cặp khóa mới", "Hand in the public key of a new pair alone"),
            )
        )
    try:
        key = ECKey.import_key(_public(told))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeyNotUsable(_NOT_P256) from None
    told_key = key.as_dict(private=False)
    if told_key.get("crv") != "P-256":
        raise KeyNotUsable(_NOT_P256)
    return {name: told_key[name] for name in ("kty", "crv", "x", "y")} | {"kid": key.thumbprint()}


def thumbprint(text: str) -> str:
    """By which a key is told from others (RFC 7638); empty for what is none."""
    try:
        return str(jwk_of(text)["kid"])
    except KeyNotUsable:
        return ""


_NOT_P256: Final = Wrong(
    "key",
    Text("Không phải khóa công khai P-256", "This is no public key on P-256"),
    Text("Tạo cặp khóa EC P-256 và dán khóa công khai", "Make a pair on P-256 and paste its public key"),
)


def holds_private_key(text: str) -> bool:
    """Whether somebody has pasted what must stay at home."""
    if "PRIVATE KEY" in text:
        return True
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and bool(_PRIVATE_MEMBERS & told.keys())


def _public(text: str) -> bytes | dict[str, Any]:
    """What the library imports. Raises ValueError, TypeError."""
    if text.startswith("{"):
        told: dict[str, Any] = json.loads(text)
        return {name: told[name] for name in ("kty", "crv", "x", "y")}
    key = serialization.load_pem_public_key(text.encode())
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not P-256")
    return text.encode()
