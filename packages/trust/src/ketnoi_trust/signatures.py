"""Signatures of messages: made by `prepare`, judged by `verify` in numbered steps.

X-Road's XAdES profile (Profile for High-Performance Digital Signatures 1.2), as written by its servers from 6.x to 7.8,
and the shapes with direct references that they read since 7.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hmac import compare_digest

from ketnoi_protocol.identifiers import MemberId
from ketnoi_trust import hashchain, keys, signatures_strict, xml
from ketnoi_trust.certificates import Judged, judge_signing_certificate
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused, numbered
from ketnoi_trust.parsed_certificate import ParsedCertificate
from ketnoi_trust.signatures_reading import Document, check_form, malformed, read
from ketnoi_trust.signatures_references import (
    Target,
    check_covered,
    check_digests,
    check_targets,
    in_order,
    resolve,
)
from ketnoi_trust.signatures_writing import MESSAGE, RESULT, Prepared, Signature, prepare

__all__ = ["MESSAGE", "RESULT", "Prepared", "Signature", "Verified", "prepare", "verify"]

Judge = Callable[[bytes, Sequence[bytes], Sequence[bytes], Configuration, datetime], Judged]
"""Judges a certificate (DER) by OCSP responses and further certificates: `certificates.judge_signing_certificate`."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that counts.

    `signing_time` is what the signer's clock said, nothing more. `certificate` is the signer's, in DER; the verdict
    about it holds from `valid_from` to `valid_until`. `absent` names parts that are signed and were not there, in their
    order.
    """

    member: MemberId
    signing_time: datetime
    certificate: bytes = field(repr=False)
    valid_from: datetime
    valid_until: datetime
    absent: tuple[str, ...]


def verify(
    signature: Signature,
    parts: Mapping[str, bytes],
    sender: MemberId,
    configuration: Configuration,
    at: datetime,
    *,
    strict: bool = False,
    partial: bool = False,
    judge: Judge = judge_signing_certificate,
) -> Verified:
    """Judge a signature over a message's parts (octets under their names) as made by `sender`, at the moment `at`.

    Everything is judged from the octets received. `strict` refuses what X-Road's servers never write though they read
    it; `partial` is for evidence whose body was deleted: attachments may then be missing, never the message.
    Raises Refused with X-Road's code and the number of the step.
    """
    # 1 form: one signature, with everything where it belongs
    with numbered(1):
        document = read(signature.xml, anew=strict)
        check_form(document)
    # 2 references: each leads somewhere; the message, or its hash chain, and the signature's properties are signed
    with numbered(2):
        targets = resolve(document, _beside(signature, parts))
        check_targets(targets, partial=partial)
    # 3 strict: nothing that X-Road's senders do not write, and nothing unsigned beside the signature
    with numbered(3):
        if strict:
            signatures_strict.check(document, signature)
    # 4 certificate: one that may sign, at this moment
    with numbered(4):
        judged = judge(document.certificate, document.ocsp_responses, document.further_certificates, configuration, at)
    # 5 sender: the certificate is that of the member who is said to have sent the message
    with numbered(5):
        if judged.member != sender:
            raise Refused("incorrect_certificate", "the certificate is not the sender's")
    # 6 certificate digest: the signer meant this very certificate
    with numbered(6):
        _check_certificate_digest(document)
    # 7 strict: signed a short while ago
    with numbered(7):
        if strict:
            signatures_strict.check_time(document.signing_time, at, configuration)
    # 8 hash chain: from the parts to the result that is signed
    with numbered(8):
        chained = _chained(signature, targets, parts, strict=strict)
    # 9 coverage: all parts are signed, and all signed parts are there
    with numbered(9):
        signed = [each.reference.uri for each in targets if each.lies_beside and each.reference.uri != RESULT]
        check_covered(parts, signed, chained, partial=partial)
    # 10 digests: everything referred to is what was signed
    with numbered(10):
        check_digests(targets)
    # 11 value: the certificate's key signed the references
    with numbered(11):
        _check_value(document)
    return Verified(
        judged.member,
        document.signing_time,
        document.certificate,
        judged.valid_from,
        judged.valid_until,
        in_order({*signed, *(chained or ())}.difference(parts)),
    )


def _beside(signature: Signature, parts: Mapping[str, bytes]) -> dict[str, bytes]:
    if signature.hash_chain_result is None:
        return dict(parts)
    return {**parts, RESULT: signature.hash_chain_result}


def _check_certificate_digest(document: Document) -> None:
    method, digest = document.certificate_digest
    if not compare_digest(_certificate_digest(method, document.certificate), digest):
        raise malformed("the signed properties name another certificate")


def _chained(
    signature: Signature, targets: Sequence[Target], parts: Mapping[str, bytes], *, strict: bool
) -> tuple[str, ...] | None:
    if not any(each.reference.uri == RESULT for each in targets):
        # X-Road passes over a hash chain that is not signed; it proves nothing, and nothing is read from it.
        return None
    if signature.hash_chain_result is None or signature.hash_chain is None:
        raise Refused("malformed_hash_chain", "the hash chain is missing")
    return hashchain.verify(signature.hash_chain_result, signature.hash_chain, parts, (), strict=strict, together=True)


# Peers are few, and their messages many.
@lru_cache(maxsize=1024)
def _certificate_digest(method: str, certificate_der: bytes) -> bytes:
    return keys.digest(method, certificate_der)


# Only certificates that were judged get here; peers are few, and their messages many.
@lru_cache(maxsize=1024)
def _public_key(certificate_der: bytes) -> keys.PublicKey | None:
    return ParsedCertificate.parse(certificate_der).public_key


def _check_value(document: Document) -> None:
    public_key = _public_key(document.certificate)
    if public_key is None:
        raise malformed("the certificate's key is of a kind that signs nothing here")
    keys.verify(public_key, document.algorithm, _signed_info(document), document.value)


def _signed_info(document: Document) -> bytes:
    if document.tree is None:
        assert document.canonical is not None
        return document.canonical.signed_info
    try:
        return xml.canonical(document.tree.signed_info, document.canonical_form)
    except Refused as refused:
        raise malformed(refused.message) from refused
