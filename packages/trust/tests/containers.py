"""A small world whose messages are signed, stamped and packed, with every fault that a test can think of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha512
from typing import Any

from cryptography.x509.oid import ExtendedKeyUsageOID

from ketnoi_protocol.identifiers import XROAD_NAMESPACE, MemberId, ServiceId
from ketnoi_trust import asic, keys, timestamps
from ketnoi_trust.asic import Container
from ketnoi_trust.configuration import Configuration, TimestampAuthority
from ketnoi_trust.signatures import Signature, prepare

from . import stamps

BODY = b'{"SoDinhDanh":"912345678901"}'


def digests(message: bytes, *bodies: bytes) -> dict[str, bytes]:
    """What a signer signs."""
    named = {"/message.xml": message} | {f"/attachment{number}": body for number, body in enumerate(bodies, 1)}
    return {name: sha512(octets).digest() for name, octets in named.items()}


class World:
    """A ministry that asks, its certificate, and authorities that vouch for it. Stamped ten minutes after signing."""

    def __init__(self, kit: Any) -> None:
        self.kit = kit
        self.ca = kit.authority()
        self.tsa = self.ca.issue(
            kit.name_of(common_name="Sample TSA"),
            usage=("digital_signature",),
            more=((stamps.x509_usage(ExtendedKeyUsageOID.TIME_STAMPING), True),),
        )
        self.signer = self.ca.issue_signing(kit.ministry)
        self.signed_at = kit.now
        self.stamped_at = kit.now + timedelta(minutes=10)

    @cached_property
    def configuration(self) -> Configuration:
        listed = TimestampAuthority("Sample TSA", "http://tsa.example", self.tsa.der)
        made: Configuration = self.kit.configuration(self.kit.approve(self.ca), timestamps=(listed,))
        return made

    def request(self, message_id: str = "XX-TEST-1", digest: str | None = None) -> bytes:
        """A REST request, with Content-Digest where one is given."""
        instance = self.kit.instance
        return (
            f"POST\r\n/r1/{instance}/GOV/G01.C06/DANCU/look-up\r\nContent-Type:application/json\r\n"
            f"X-Road-Client:{instance}/GOV/G15/MOTCUA\r\nx-road-id:{message_id}\r\n"
            + (f"Content-Digest:{digest}\r\n" if digest is not None else "")
        ).encode()

    def soap_request(self) -> bytes:
        """A SOAP request, which may have many attachments."""
        client = MemberId(self.kit.instance, "GOV", "G15").subsystem("MOTCUA")
        service = ServiceId(self.kit.instance, "GOV", "G01.C06", "DANCU", "lookUp")
        header = f"{client.to_xml()}{service.to_xml()}<x:id>XX-TEST-1</x:id>"
        return (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="{XROAD_NAMESPACE}">'
            f"<s:Header>{header}</s:Header><s:Body><lookUp/></s:Body></s:Envelope>"
        ).encode()

    def sign(
        self,
        inputs: Sequence[Mapping[str, bytes]],
        *,
        signer: Any = None,
        at: datetime | None = None,
        ocsp: Sequence[bytes] | None = None,
        **options: Any,
    ) -> list[Signature]:
        """The signatures over many messages at once, or over one."""
        holder = signer or self.signer
        responses = [self.ca.answer(holder)] if ocsp is None else ocsp
        prepared = prepare(inputs, holder.der, responses, at or self.signed_at, **options)
        return prepared.assemble(keys.sign(holder.key, prepared.to_be_signed))

    def container(self, message: bytes, signature: Signature, *bodies: bytes | None) -> Container:
        """A container without a stamp."""
        return Container(
            message, signature.xml, signature.hash_chain_result, signature.hash_chain, attachments=tuple(bodies)
        )

    def stamped(self, container: Container, at: datetime | None = None, **faults: Any) -> Container:
        """The container with a stamp of its own."""
        value = timestamps.signature_value(container.signature_xml)
        token = stamps.token(faults.pop("tsa", self.tsa), faults.pop("data", value), at or self.stamped_at, **faults)
        return replace(container, signature_xml=timestamps.embed(container.signature_xml, token))

    def stamped_with_others(self, container: Container, others: int = 2, at: datetime | None = None) -> Container:
        """The container with a stamp over a batch in which it comes last."""
        leaves = [sha512(bytes([number])).digest() for number in range(others)]
        batch = timestamps.batch([*leaves, sha512(container.signature_xml).digest()])
        return replace(
            container,
            ts_hash_chain_result=batch.result,
            ts_hash_chain=batch.chain_of(others),
            timestamp=stamps.token(self.tsa, batch.result, at or self.stamped_at),
        )

    def plain(self, **options: Any) -> Container:
        """A stamped message without a body."""
        message = self.request()
        return self.stamped(self.container(message, self.sign([digests(message)], **options)[0]))

    def with_body(self, **options: Any) -> Container:
        """A message with a body, signed by way of a hash chain, stamped in a batch."""
        message = self.request()
        signature = self.sign([digests(message, BODY)], **options)[0]
        return self.stamped_with_others(self.container(message, signature, BODY))

    def in_a_batch(self) -> Container:
        """A message with a body, signed together with others, stamped by itself."""
        inputs = [digests(self.request(f"XX-TEST-{number}"), BODY) for number in range(3)]
        signature = self.sign(inputs)[1]
        return self.stamped(self.container(self.request("XX-TEST-1"), signature, BODY))

    def pack(self, container: Container) -> bytes:
        """The container's file."""
        return asic.write(container, self.stamped_at)
