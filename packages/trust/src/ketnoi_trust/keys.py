"""Keys in use: the algorithms of XML signatures by their names, one signature made, one judged.

X-Road signs with SHA-512 whatever the key (PR-MESS, proxy-message-sign-digest-name), with RSA keys and, from 7.6 on,
EC keys. An ECDSA value is r and s beside each other, each as long as the curve's order (XMLDSIG 1.1, 6.4.3).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ketnoi_trust.errors import Refused

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey

Kind = Literal["rsa", "pss", "ec"]

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
_PSS = "http://www.w3.org/2007/05/xmldsig-more#"

SHA512 = _ENC + "sha512"
RSA_SHA512 = _MORE + "rsa-sha512"
ECDSA_SHA256 = _MORE + "ecdsa-sha256"
ECDSA_SHA512 = _MORE + "ecdsa-sha512"

# Digest methods, with the names that hashlib knows them by.
DIGESTS = {
    _ENC + "sha256": "sha256",
    _MORE + "sha384": "sha384",
    SHA512: "sha512",
    _MORE + "sha224": "sha224",
    _DSIG + "sha1": "sha1",
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature method. `kind` is the key's kind with its padding; `ecdsa` is the same hash for EC keys."""

    kind: Kind
    hash: hashes.HashAlgorithm
    ecdsa: ECDSA


_HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
    "224": hashes.SHA224(),
    "1": hashes.SHA1(),  # noqa: S303 - X-Road takes it still, strict verification does not
}


def algorithm(kind: Kind, hash_algorithm: hashes.HashAlgorithm) -> Algorithm:
    """A signature method by the kind of its key and its hash."""
    return Algorithm(kind, hash_algorithm, ECDSA(hash_algorithm))


ALGORITHMS: dict[str, Algorithm] = {
    **{_MORE + f"rsa-sha{size}": algorithm("rsa", each) for size, each in _HASHES.items() if size not in {"1", "224"}},
    **{_MORE + f"ecdsa-sha{size}": algorithm("ec", each) for size, each in _HASHES.items()},
    **{_PSS + f"sha{size}-rsa-MGF1": algorithm("pss", each) for size, each in _HASHES.items() if size != "1"},
    _DSIG + "rsa-sha1": algorithm("rsa", _HASHES["1"]),
}

# Of the names above, those that no signature made in this decade should need: our choice.
WEAK = frozenset(name for name in (*DIGESTS, *ALGORITHMS) if name.endswith("sha1") or "sha224" in name)


def algorithm_of(public_key: PublicKey) -> str:
    """The signature method of what this key signs here."""
    return RSA_SHA512 if isinstance(public_key, RSAPublicKey) else ECDSA_SHA512


def digest(method: str, data: bytes) -> bytes:
    """The digest by a method of DIGESTS; raises Refused("malformed_signature") for any other."""
    name = DIGESTS.get(method)
    if name is None:
        raise Refused("malformed_signature", "the digest method is not known here")
    return hashlib.new(name, data, usedforsecurity=False).digest()


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Sign with SHA-512: the value as XML signatures carry it."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(data, PKCS1v15(), hashes.SHA512())
    length = _order_bytes(key)
    r, s = decode_dss_signature(key.sign(data, ALGORITHMS[ECDSA_SHA512].ecdsa))
    return r.to_bytes(length, "big") + s.to_bytes(length, "big")


def verify(public_key: PublicKey, algorithm: str, data: bytes, value: bytes) -> None:
    """Judge a signature value as XML signatures carry it.

    Raises Refused("malformed_signature") for an algorithm that is not known or not of this key's kind, and
    Refused("invalid_signature_value") when the key did not make the value.
    """
    known = ALGORITHMS.get(algorithm)
    if known is None:
        raise Refused("malformed_signature", "the signature method is not known here")
    if (known.kind == "ec") is isinstance(public_key, RSAPublicKey):
        raise Refused("malformed_signature", "the signature method is not one of the certificate's key")
    if isinstance(public_key, EllipticCurvePublicKey):
        value = _der(value, _order_bytes(public_key))
    if not fits(public_key, known, data, value):
        raise Refused("invalid_signature_value", "the signature's value does not fit what it signs")


def fits(public_key: PublicKey | None, algorithm: Algorithm, data: bytes, value: bytes) -> bool:
    """Whether this key made this value over the data; ECDSA's is DER here, as in certificates and tokens.

    False also for an algorithm of another kind of key, and where there is no key that can be used.
    """
    try:
        if isinstance(public_key, RSAPublicKey) and algorithm.kind != "ec":
            pss = PSS(MGF1(algorithm.hash), algorithm.hash.digest_size)
            public_key.verify(value, data, pss if algorithm.kind == "pss" else PKCS1v15(), algorithm.hash)
        elif isinstance(public_key, EllipticCurvePublicKey) and algorithm.kind == "ec":
            public_key.verify(value, data, algorithm.ecdsa)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _order_bytes(key: EllipticCurvePrivateKey | EllipticCurvePublicKey) -> int:
    # On the prime curves the order is as long as the field.
    return (key.key_size + 7) // 8


def _der(value: bytes, length: int) -> bytes:
    if len(value) != 2 * length:
        return b""
    return encode_dss_signature(int.from_bytes(value[:length], "big"), int.from_bytes(value[length:], "big"))
