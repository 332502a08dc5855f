"""A rogue security server: somebody with real keys who writes every octet of a message himself."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ketnoi_client import settings as client_settings
from ketnoi_client.account import AccountKey
from ketnoi_protocol.envelope import LookUpRequest, encode_request
from ketnoi_protocol.identifiers import SubsystemId
from ketnoi_protocol.rest import RestRequest, RestResponse
from ketnoi_protocol.services import CatalogueEntry
from ketnoi_securityserver import faults, outbound, transport
from ketnoi_securityserver.signing import digests
from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.authority import Holder
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.world import World
from ketnoi_trust import keys, signatures
from ketnoi_trust.signatures import Signature

SENT_WITHIN = 10.0


@dataclass(frozen=True)
class Crafted:
    """A message as it will be sent. `ocsp` are the responses about the sender's authentication certificate."""

    octets: bytes
    body: bytes | None
    signature: Signature
    ocsp: tuple[bytes, ...]

    @property
    def request(self) -> RestRequest:
        return RestRequest.decode(self.octets)

    def written(self) -> tuple[str, bytes]:
        """Content type and octets of the transport message."""
        return transport.write_request(self.octets, self.body, self.signature, self.ocsp)


@dataclass(frozen=True)
class Reply:
    """What the other server said: the type of its fault, or the answer."""

    fault: str | None
    answer: RestResponse | None = None
    body: bytes | None = None

    @property
    def code(self) -> str | None:
        """The first code behind `server.serverproxy.`, None for an answer."""
        return None if self.fault is None else self.fault.removeprefix("server.serverproxy.").partition(".")[0]


class Peer:
    """Sends as `own` to `other`; everything can be replaced before it is sent."""

    def __init__(self, world: World, own: SecurityServerPart, other: SecurityServerPart) -> None:
        self.world = world
        self.own = own
        self.other = other
        held = {each.kind: each for each in own.keys.held()}
        self.authentication = _holder(held["authentication"])
        self.signing = _holder(held["signing"])

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def entry(self) -> CatalogueEntry:
        """The service that is asked: the look-up on VDXP, the verification on NDXP."""
        return self.world.plan.services_of(self.own.party.instance)[-1]

    def question(self, **headers: str) -> Crafted:
        """A good question about somebody who exists, signed as its sender would."""
        side = self.world.agencies[self.own.party.part.code]
        settings = client_settings.load(side.settings)
        person = self.world.people.full
        body = encode_request(
            LookUpRequest(
                ma_yeu_cau=uuid.uuid4().hex,
                ma_dvc=settings.procedure,
                ma_tich_hop=self.entry.ma_tich_hop,
                ma_don_vi=settings.unit,
                ma_can_bo=settings.officer,
                personal_number=person.personal_number,
                name=person.full_name,
                birth_text=birth_of(person),
            )
        )
        account = AccountKey(settings, settings.account(self.entry.system), self.world.clock.now)
        message_id = f"{self.entry.instance}-{uuid.uuid4()}"
        told = {
            "X-Road-Client": self.own.party.subsystem.slash,
            "X-Road-Id": message_id,
            "X-Road-UserId": settings.officer,
            "Content-Type": "application/json",
            **account.headers(body, message_id),
            "x-road-request-id": str(uuid.uuid4()),
        }
        return self.sign(self.rest({**told, **headers}), body)

    def rest(self, headers: Mapping[str, str], path: str = "") -> bytes:
        """The REST part of a POST to the asked service."""
        provider: SubsystemId = self.other.party.subsystem
        target = f"/r1/{provider.service(self.entry.service_code).slash}{path}"
        return RestRequest("POST", target, "", tuple(headers.items())).encode()

    def sign(
        self,
        octets: bytes,
        body: bytes | None,
        by: Holder | None = None,
        *,
        ocsp: bytes | None = None,
        at: datetime | None = None,
    ) -> Crafted:
        """Sign whatever it is, as the member or as `by`, with a fresh OCSP response or the given one."""
        signer = by or self.signing
        response = ocsp or self.world.authority.ocsp_response(signer.certificate)
        prepared = signatures.prepare([digests(octets, body)], signer.der, response, at or self.now)
        (signature,) = prepared.assemble(keys.sign(signer.key, prepared.to_be_signed))
        return Crafted(octets, body, signature, (self.world.authority.ocsp_response(self.authentication.certificate),))

    def with_ocsp(self, message: Crafted, *responses: bytes) -> Crafted:
        """The same with other responses about the authentication certificate."""
        return replace(message, ocsp=responses)

    def send(self, message: Crafted, by: Holder | None = None) -> Reply:
        """Send it over mutual TLS with our authentication certificate, or `by`."""
        return self.send_octets(*message.written(), by=by)

    def send_octets(self, content_type: str, data: bytes, *, by: Holder | None = None) -> Reply:
        """Send any transport message."""
        holder = by or self.authentication
        folder = self.world.folder / f"rogue-{uuid.uuid4().hex}"
        folder.mkdir(mode=0o700)
        (folder / "both.pem").write_bytes(holder.key_pem + holder.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(folder / "both.pem")
        (folder / "both.pem").unlink()
        folder.rmdir()
        headers = [
            ("x-hash-algorithm", "SHA-512"),
            ("x-proxy-version", "7.8.0"),
            ("x-road-request-id", str(uuid.uuid4())),
            ("x-road-message-type", "REST"),
            ("Content-Type", content_type),
        ]
        answer = self.world.run(_exchange(self.other.host, self.other.settings.listen.peers, context, headers, data))
        received = transport.read_response(answer.header("content-type") or "", answer.body)
        if received.fault is not None:
            return Reply(faults.read_soap(received.fault).type)
        return Reply(None, RestResponse.decode(received.message), received.body)


async def _exchange(
    host: str, port: int, context: ssl.SSLContext, headers: Sequence[tuple[str, str]], data: bytes
) -> Any:
    reached = await outbound.reach(host, port, SENT_WITHIN)
    connection = await outbound.connect(host, reached, context, SENT_WITHIN)
    try:
        return await connection.exchange(
            "POST",
            outbound.head("POST", "/", host, list(headers), data) + data,
            longest_body=20_000_000,
            deadline=asyncio.get_running_loop().time() + SENT_WITHIN,
        )
    finally:
        connection.close()


def raw_call(world: World, part: SecurityServerPart, target: str, headers: Mapping[str, str], body: bytes) -> Any:
    """A POST of an agency's information system to its own server, nothing of it rewritten."""
    side = world.agencies[part.party.part.code]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(side.folder / "tls.pem", side.folder / "tls-key.pem")

    async def call() -> Any:
        reached = await outbound.reach(part.host, part.settings.listen.consumer_https, SENT_WITHIN)
        connection = await outbound.connect(part.host, reached, context, SENT_WITHIN)
        try:
            message = outbound.head("POST", target, part.host, list(headers.items()), body) + body
            deadline = asyncio.get_running_loop().time() + SENT_WITHIN
            return await connection.exchange("POST", message, longest_body=1 << 20, deadline=deadline)
        finally:
            connection.close()

    return world.run(call())


def _holder(held: Any) -> Holder:
    return Holder(held.certificate, held.key)
