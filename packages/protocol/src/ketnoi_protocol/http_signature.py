"""The texts of an integration account's signature: RFC 9421 over RFC 9530's digest and the message id. No keys here.

The agency's information system signs Content-Digest and X-Road-Id with its account's P-256 key, so the proof covers
the body and this one message, and no secret ever stands in a message log. One signature, labelled `ketnoi`; exactly
these two components, in this order; the parameters created, keyid (the account) and alg, in any order [our choice].
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from ketnoi_protocol.errors import Refusal

LABEL: Final = "ketnoi"
ALGORITHM: Final = "ecdsa-p256-sha256"
CONTENT_DIGEST: Final = "content-digest"
SIGNATURE_INPUT: Final = "signature-input"
SIGNATURE: Final = "signature"
COMPONENTS: Final = (CONTENT_DIGEST, "x-road-id")
LENGTH: Final = 64
"""Octets of a signature value: r and s, 32 each (RFC 9421 section 3.3.4)."""

_COVERED = "(" + " ".join(f'"{name}"' for name in COMPONENTS) + ")"
# No quotation mark and no backslash, so nothing needs an escape.
_KEY_ID = r"[ !#-\[\]-~]{1,100}"
_CREATED = re.compile("[0-9]{1,15}")
_PARAMETER = re.compile(rf';(?:(created)=([0-9]{{1,15}})|(keyid|alg)="({_KEY_ID})")')
_INPUT = re.compile(rf"{LABEL}=({re.escape(_COVERED)}((?:{_PARAMETER.pattern}){{3}}))")
_SIGNATURE = re.compile(rf"{LABEL}=:([A-Za-z0-9+/]+={{0,2}}):")


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """The value of a signature's parameters. `created` is in seconds since 1970 (UTC), `key_id` names the account.

    `text` is the serialised form that is signed: as it came, or the canonical one for a signature to be made.
    """

    created: int
    key_id: str
    text: str

    @classmethod
    def of(cls, created: int, key_id: str) -> SignatureInput:
        """The parameters of a signature to be made. Raises ValueError for what cannot be written."""
        if not _CREATED.fullmatch(str(created)) or not re.fullmatch(_KEY_ID, key_id):
            raise ValueError("created is a moment since 1970, keyid 1 to 100 printable characters without quotes")
        return cls(created, key_id, f'{_COVERED};created={created};keyid="{key_id}";alg="{ALGORITHM}"')

    @classmethod
    def parse(cls, value: str) -> SignatureInput:
        """Read the header Signature-Input. Raises Refusal `20`."""
        found = _INPUT.fullmatch(value.strip(" "))
        if found is None:
            raise Refusal("20", f'Signature-Input is not {LABEL}={_COVERED} with created, keyid and alg="{ALGORITHM}"')
        values = {each[1] or each[3]: each[2] or each[4] for each in _PARAMETER.finditer(found[2])}
        if values.keys() != {"created", "keyid", "alg"}:
            raise Refusal("20", "Signature-Input repeats a parameter")
        if values["alg"] != ALGORITHM:
            raise Refusal("20", f"the signature's algorithm is not {ALGORITHM}")
        return cls(int(values["created"]), values["keyid"], found[1])

    def __str__(self) -> str:
        """The value of the header Signature-Input."""
        return f"{LABEL}={self.text}"

    def base(self, content_digest: str, x_road_id: str) -> bytes:
        """The octets that are signed (RFC 9421 section 2.5). Raises Refusal `20` when a value is no header text."""
        values = (content_digest, x_road_id)
        if any(not value.isascii() or not value.isprintable() for value in values):
            raise Refusal("20", "Content-Digest or X-Road-Id has characters that cannot be signed")
        lines = [f'"{name}": {value.strip(" ")}' for name, value in zip(COMPONENTS, values, strict=True)]
        return "\n".join([*lines, f'"@signature-params": {self.text}']).encode("ascii")


def content_digest(body: bytes) -> str:
    """The value of the header Content-Digest (RFC 9530), with SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def check_content_digest(value: str, body: bytes) -> None:
    """Raises Refusal `20` unless the header's value is the body's SHA-256."""
    if value.strip(" ") != content_digest(body):
        raise Refusal("20", "Content-Digest is not the SHA-256 of this body")


def format_signature(value: bytes) -> str:
    """The value of the header Signature. Raises ValueError unless it is 64 octets, r and s."""
    if len(value) != LENGTH:
        raise ValueError(f"a signature value has {LENGTH} octets")
    return f"{LABEL}=:{base64.b64encode(value).decode('ascii')}:"


def parse_signature(value: str) -> bytes:
    """Read the header Signature: 64 octets, r and s. Raises Refusal `20`."""
    found = _SIGNATURE.fullmatch(value.strip(" "))
    try:
        octets = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        octets = b""
    if len(octets) != LENGTH:
        raise Refusal("20", f"Signature is not {LABEL}=:base64: of {LENGTH} octets")
    return octets
