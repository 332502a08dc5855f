"""Time stamps by RFC 3161: asked for, verified, put beside a signature; one for a single record or one for a batch.

The forms are X-Road's (x-road.md D.3): a single stamp covers the raw octets of the signature value and stands within
the signature's unsigned properties; a batch's stamp covers the octets of a hash chain's result.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import new as new_hash

from cryptography.x509.oid import ExtendedKeyUsageOID

from ketnoi_trust import ber, xml
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.hashchain import TIMESTAMP_CHAIN, Tree
from ketnoi_trust.parsed_certificate import ParsedCertificate
from ketnoi_trust.timestamp_tokens import MAX_TOKEN_BYTES, SHA512, Token

SIGNATURE = "/META-INF/signatures.xml"

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_XADES = "http://uri.etsi.org/01903/v1.3.2#"
_UNSIGNED = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?)UnsignedSignatureProperties(?:\s[^<>]*)?(?<!/)>")
_GRANTED = (0, 1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified time stamp: the moment (aware UTC), its number at the authority, and the authority's certificate."""

    gen_time: datetime
    serial_number: int
    certificate: bytes = field(repr=False)


def request(digest: bytes) -> bytes:
    """The DER of a query about a SHA-512 digest: no nonce, no request for certificates, as X-Road's servers ask."""
    algorithm = ber.encode(ber.SEQUENCE, ber.encode(ber.OID, SHA512), ber.NULL)
    imprint = ber.encode(ber.SEQUENCE, algorithm, ber.encode(ber.OCTET_STRING, digest))
    return ber.encode(ber.SEQUENCE, ber.encode(ber.INTEGER, b"\x01"), imprint)


def token_of(response: bytes) -> bytes:
    """The token within an authority's response, as received.

    Raises Refused("timestamping_failed") when the authority refused or its response cannot be read.
    """
    if len(response) > MAX_TOKEN_BYTES:
        raise Refused("timestamping_failed", "the authority's response is too large")
    try:
        status, *rest = ber.read(response).children()
        granted = status.children()[0].integer() in _GRANTED
        token = rest[0].expect(ber.SEQUENCE).raw if granted else b""
    except (ValueError, LookupError) as error:
        raise Refused("timestamping_failed", "the authority's response cannot be read") from error
    if not granted:
        raise Refused("timestamping_failed", "the authority refused to stamp")
    return token


def verify(token: bytes, data: bytes, configuration: Configuration, *, strict: bool = False) -> Stamp:
    """Verify that an approved authority stamped these data.

    No clock is asked: the configuration vouches for its authorities, and a certificate must have been valid at the
    moment that it states itself. `strict` asks besides for a certificate made for time stamps with a strong key,
    which X-Road does not.
    Raises Refused("timestamp_validation"), and Refused("malformed_signature") when other data were stamped.
    """
    # 1 a token with one signer
    read = Token.parse(token)
    # 2 over these data
    if read.imprint != new_hash(read.imprint_hash, data).digest():
        raise Refused("malformed_signature", "the time stamp is over other data", 2)
    # 3 by an authority of the configuration
    known = (ParsedCertificate.parse(each) for each in configuration.tsa_certificates)
    authority = next((each for each in known if read.names(each)), None)
    if authority is None:
        raise _refused("the time stamp is by no approved authority", 3)
    # 4 which the token itself commits to, and whose certificate was valid then
    if not read.commits_to(authority):
        raise _refused("the time stamp was made under another certificate", 4)
    if not authority.is_valid(read.gen_time):
        raise _refused("the authority's certificate was not valid at the stamped moment", 4)
    # 5 with its key
    if not read.is_signed_by(authority):
        raise _refused("the time stamp's signature is not valid", 5)
    # 6 strict: a key for nothing else, and not to be broken
    if strict and not (_is_for_stamps_only(authority) and authority.has_strong_key):
        raise _refused("the authority's certificate is not made for time stamps", 6)
    return Stamp(read.gen_time, read.serial_number, authority.der)


def signature_value(signature_xml: bytes) -> bytes:
    """The octets of the one ds:SignatureValue: what a single stamp covers. Raises Refused("malformed_signature")."""
    value = _only_value(signature_xml, f"{{{_DSIG}}}SignatureValue")
    if value is None:
        raise _malformed("the signature has no value")
    return value


def embedded(signature_xml: bytes) -> bytes | None:
    """The token within a signature, or None where there is none. Raises Refused("malformed_signature")."""
    return _only_value(signature_xml, f"{{{_XADES}}}EncapsulatedTimeStamp")


def embed(signature_xml: bytes, token: bytes) -> bytes:
    """The signature with the token as its first unsigned property; no other octet changes.

    Raises Refused("malformed_signature") for a signature that has a stamp, or no unsigned properties.
    """
    if embedded(signature_xml) is not None:
        raise _malformed("the signature has a time stamp already")
    places = list(_UNSIGNED.finditer(signature_xml))
    if len(places) != 1:
        raise _malformed("the signature has no place for a time stamp")
    prefix, at = places[0].group(1), places[0].end()
    names = [prefix + each for each in (b"SignatureTimeStamp", b"EncapsulatedTimeStamp")]
    stamp = b"<%b><%b>%b</%b></%b>" % (*names, b64encode(token), *reversed(names))
    stamped = signature_xml[:at] + stamp + signature_xml[at:]
    # The place was found by its spelling; that it is the right one shows in the result.
    if embedded(stamped) != token:
        raise _malformed("the signature has no place for a time stamp")
    return stamped


def batch(leaves: Sequence[bytes]) -> Tree:
    """The hash chain over signatures (the SHA-512 digest of each document, in order) that one stamp covers.

    `.result` is what is stamped, `.chain_of(index)` what leads from it to one signature.
    Raises ValueError for no leaves, or for what is no digest.
    """
    return Tree([{SIGNATURE: leaf} for leaf in leaves], TIMESTAMP_CHAIN)


def _only_value(signature_xml: bytes, tag: str) -> bytes | None:
    try:
        found = list(xml.parse_signed(signature_xml).iter(tag))
        values = [xml.base64_of(each.text) for each in found]
    except Refused as error:
        raise _malformed("the signature cannot be read") from error
    # A child would cut the text in two, and a stamp over half a value proves nothing.
    if len(found) > 1 or any(len(each) for each in found):
        raise _malformed("the signature says something twice or in pieces")
    return values[0] if found else None


def _is_for_stamps_only(authority: ParsedCertificate) -> bool:
    return set(authority.extended_key_usage or ()) == {ExtendedKeyUsageOID.TIME_STAMPING}


def _refused(message: str, step: int) -> Refused:
    return Refused("timestamp_validation", message, step)


def _malformed(message: str) -> Refused:
    return Refused("malformed_signature", message)
