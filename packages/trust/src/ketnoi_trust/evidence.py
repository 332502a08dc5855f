"""What a container proves: who said what to whom, and that it was so by a certain moment.

The rules are X-Road's for its containers (x-road.md D.4): every certificate and every OCSP response is judged at the
moment of the time stamp, so that the verdict is the same today and in twenty years. `strict` is ours, on top, where
X-Road is lax.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ketnoi_protocol.content_digest import ContentDigest, InvalidDigest
from ketnoi_protocol.identifiers import MemberId
from ketnoi_trust import asic, hashchain, signatures, timestamps
from ketnoi_trust.asic import Container
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused, numbered
from ketnoi_trust.signatures import Signature, Verified
from ketnoi_trust.signed_message import SignedMessage

_CHAIN_CODES = frozenset(
    {"malformed_hash_chain", "invalid_hash_chain", "invalid_hash_chain_ref", "hashchain_unused_inputs"}
)

_BODY = "/attachment1"


@dataclass(frozen=True, slots=True)
class Part:
    """One signed part of a message: `message.xml` or `attachmentN`.

    `content` is None where the part was signed, or named by the signed message, and is not in the container any more.
    """

    name: str
    content: bytes | None = field(repr=False)

    def __str__(self) -> str:
        """The name, or `attachment1 not present`."""
        return self.name if self.content is not None else f"{self.name} not present"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was proved. Moments are aware UTC, certificates DER.

    `signing_time` is what the signer said, `stamped_at` what a time-stamping authority confirmed: the signature is
    not younger. Where a message names no body, X-Road's hash chains do not show that it never had one.
    """

    message: SignedMessage
    messages: tuple[Part, ...]
    signer: MemberId
    signing_time: datetime
    stamped_at: datetime
    certificate: bytes = field(repr=False)
    timestamp_certificate: bytes = field(repr=False)


def verify(data: bytes, configuration: Configuration, *, strict: bool = False) -> Verdict:
    """Verify an ASiC-E container against what a configuration has approved.

    That the signer is still a member is not asked: evidence outlives a membership. `strict` demands besides the
    canonical ZIP form, and what `signatures.verify` and `timestamps.verify` demand by that name.
    Raises Refused with X-Road's code and the number of the step that refused.
    """
    # 1 the container: everything is there, and it can be read in one way only
    with numbered(1):
        container = asic.read(data, strict=strict)
    # 2 the message says who sent it
    with numbered(2):
        message = SignedMessage.read(container.message)
    # 3 what was stamped leads to the signature
    with numbered(3):
        token, stamped = _stamped(container)
    # 4 an approved authority stamped it
    with numbered(4):
        stamp = timestamps.verify(token, stamped, configuration, strict=strict)
    # 5 the sender's organisation signed all parts, by a certificate that counted at the stamped moment
    with numbered(5):
        parts = {f"/{name}": content for name, content in _parts(container).items()}
        verified = _verified(container, parts, message.signer, configuration, stamp.gen_time, strict=strict)
    # 6 a REST message has one body at most, and that which it names
    with numbered(6):
        absent = _absent(message, parts, verified.absent)
    return Verdict(
        message=message,
        messages=_in_order(parts, absent),
        signer=verified.member,
        signing_time=verified.signing_time,
        stamped_at=stamp.gen_time,
        certificate=verified.certificate,
        timestamp_certificate=stamp.certificate,
    )


def _parts(container: Container) -> dict[str, bytes]:
    return {asic.MESSAGE: container.message, **container.attachments_by_name()}


def _stamped(container: Container) -> tuple[bytes, bytes]:
    """The token, and the octets that it must be over: a batch's result that leads to this signature, or its value."""
    if container.ts_hash_chain_result is None or container.ts_hash_chain is None:
        token = container.timestamp or timestamps.embedded(container.signature_xml)
        if token is None:
            raise Refused("asic_timestamp_not_found", "the signature has no time stamp")
        return token, timestamps.signature_value(container.signature_xml)
    inputs = {timestamps.SIGNATURE: container.signature_xml}
    try:
        names = hashchain.verify(container.ts_hash_chain_result, container.ts_hash_chain, inputs, inputs.keys())
    except Refused as error:
        raise Refused("malformed_signature", "the time stamp's hash chain does not lead to the signature") from error
    if names != (timestamps.SIGNATURE,):
        raise Refused("malformed_signature", "the time stamp's hash chain refers to more than the signature")
    # `asic.read` has seen that a batch's token is there.
    return container.timestamp or b"", container.ts_hash_chain_result


def _verified(
    container: Container,
    parts: Mapping[str, bytes],
    signer: MemberId,
    configuration: Configuration,
    at: datetime,
    *,
    strict: bool,
) -> Verified:
    signature = Signature(container.signature_xml, container.hash_chain_result, container.hash_chain)
    try:
        return signatures.verify(signature, parts, signer, configuration, at, strict=strict, partial=True)
    except Refused as error:
        if error.code not in _CHAIN_CODES:
            raise
        # Here, and not in messages under way, X-Road says whose fault a broken chain is.
        raise Refused(f"malformed_signature.{error.code}", error.message) from error


def _absent(message: SignedMessage, parts: Mapping[str, bytes], signed: Collection[str]) -> Collection[str]:
    """The parts that are not there, of those that were signed and the body that the message names by Content-Digest.

    A hash chain's names are not signed, so that a neighbour's digest could be passed off as a body, or a body's as a
    neighbour. The message itself is signed.
    """
    if message.headers is None:
        return signed
    if not {signatures.MESSAGE, _BODY}.issuperset((*parts, *signed)):
        raise Refused("invalid_message", "a REST message has no more than one body")
    try:
        named = ContentDigest.of(message.headers)
    except InvalidDigest as error:
        raise Refused("invalid_message", "the message's Content-Digest has a wrong form") from error
    if named is None:
        return signed
    body = parts.get(_BODY)
    if body is None:
        # An empty body is none.
        return () if named.fits(b"") else (_BODY,)
    if not named.fits(body):
        raise Refused("invalid_signature_value", "the body is not the one that the signed message names")
    return ()


def _in_order(parts: Mapping[str, bytes], absent: Collection[str]) -> tuple[Part, ...]:
    """The parts, present or not: the message first, then attachments by their numbers."""
    names = sorted((*parts, *absent), key=lambda name: (name != signatures.MESSAGE, len(name), name))
    return tuple(Part(name.removeprefix("/"), parts.get(name)) for name in names)
