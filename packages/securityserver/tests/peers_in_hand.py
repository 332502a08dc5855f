"""Both ends of the wire between servers, held in the test's own hand: a caller that sends what it likes, and a
provider's server that answers what it likes. Their keys and certificates are real."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiohttp import web
from cryptography import x509
from small_world import CALLER, SERVICE, World

from ketnoi_protocol import rest
from ketnoi_protocol.identifiers import MemberId, SecurityServerId, ServiceId, SubsystemId
from ketnoi_protocol.rest import RestRequest, RestResponse
from ketnoi_runtime.web import Listener
from ketnoi_securityserver import faults, multipart, outbound, tls, transport
from ketnoi_securityserver.http_response import Response
from ketnoi_securityserver.signing import digests
from ketnoi_securityserver.transport import Transport
from ketnoi_testbed.authority import Holder
from ketnoi_trust import keys, signatures
from ketnoi_trust.configuration import CertificateHash
from ketnoi_trust.configuration import SecurityServer as RegisteredServer
from ketnoi_trust.signatures import Signature

BODY = b'{"HoVaTen": "A"}'
HASHES = ("x-hash-algorithm", "SHA-512")


@dataclass(frozen=True)
class Files:
    """A holder's certificate and key as TLS wants them."""

    certificate_file: Path
    key_file: Path
    password: bytes | None = None

    @classmethod
    def of(cls, folder: Path, holder: Holder) -> Files:
        name = uuid.uuid4().hex
        files = cls(folder / f"{name}.crt", folder / f"{name}.key")
        files.certificate_file.write_bytes(holder.pem)
        files.key_file.write_bytes(holder.key_pem)
        return files


def part(
    *,
    client: SubsystemId = CALLER,
    service: ServiceId = SERVICE,
    method: str = "POST",
    path: str = "/v1/persons",
    headers: tuple[tuple[str, str], ...] = (),
    message_id: str | None = None,
) -> bytes:
    """A REST request part as a consumer's server makes it."""
    told = (("X-Road-Client", client.slash), *headers)
    told += (("x-road-request-id", str(uuid.uuid4())), ("x-road-id", message_id or str(uuid.uuid4())))
    return RestRequest(method, f"/r1/{service.slash}{path}", "", told).encode()


def sign(world: World, holder: Holder, message: bytes, body: bytes | None, at: datetime | None = None) -> Signature:
    """A signature of `holder` over the parts."""
    response = world.authority.ocsp_response(holder.certificate)
    moment = at or world.clock.now()
    prepared = signatures.prepare([digests(message, body)], holder.der, response, moment, direct=True)
    return prepared.assemble(keys.sign(holder.key, prepared.to_be_signed))[0]


class Caller:
    """Somebody who calls provider's servers on port 5500, by default with all that the world's consumer has."""

    def __init__(self, world: World, authentication: Holder | None = None, signing: Holder | None = None) -> None:
        self.world = world
        self.authentication = authentication or world.asking.authentication
        self.signing = signing or world.asking.signing
        self.tls = tls.calling(Files.of(world.folder, self.authentication))

    def ocsp(self) -> bytes:
        """A fresh response about our authentication certificate."""
        return self.world.authority.ocsp_response(self.authentication.certificate)

    def message(self, octets: bytes | None = None, body: bytes | None = BODY) -> tuple[str, bytes]:
        """A whole transport message, signed."""
        octets = part() if octets is None else octets
        return transport.write_request(octets, body, sign(self.world, self.signing, octets, body), (self.ocsp(),))

    def send(
        self,
        content_type: str,
        data: bytes,
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        host: str | None = None,
    ) -> Response:
        """One POST over mutual TLS; what the server answers."""
        told = {"x-hash-algorithm": "SHA-512", "x-proxy-version": "7.8.0", "x-road-message-type": "REST"}
        told |= {"Content-Type": content_type} | (headers or {})
        pairs = [(name, value) for name, value in told.items() if value]
        where = host or self.world.answering.host
        return self.world.run(self.world.ask(where, 5500, method, "/", pairs, data, self.tls))

    def answered(self, message: tuple[str, bytes] | None = None, **others: object) -> Transport:
        """What the server's transport message says; it must be no fault."""
        response = self.send(*(message or self.message()), **others)  # type: ignore[arg-type]
        read = transport.read_response(response.header("content-type") or "", response.body)
        assert read.fault is None, faults.read_soap(read.fault)
        return read

    def outcome(self, message: tuple[str, bytes]) -> str | None:
        """The type of the fault, None when there was an answer."""
        response = self.send(*message)
        read = transport.read_response(response.header("content-type") or "", response.body)
        return None if read.fault is None else faults.read_soap(read.fault).type

    def refused(self, message: tuple[str, bytes] | None = None, **others: object) -> str:
        """The type of the fault that the server answers with."""
        response = self.send(*(message or self.message()), **others)  # type: ignore[arg-type]
        assert response.status == 200
        assert response.header("content-type") == "text/xml; charset=UTF-8"
        return faults.read_soap(response.body).type


Lies = Callable[["LyingPeer", Transport], web.StreamResponse]


class LyingPeer:
    """A registered provider's server whose every answer is the test's. `lie` makes it from what was received."""

    def __init__(self, world: World, id_: SecurityServerId, member: MemberId) -> None:
        self.world = world
        self.id = id_
        self.host = f"{world._net}.{200 + len(id_.server_code)}"
        self.authentication = world.authority.issue_authentication(self.host)
        self.signing = world.authority.issue_signing(member)
        self.received: list[Transport] = []
        self.octets = 0
        self.lie: Lies = lambda peer, received: peer.response(received)

    async def start(self) -> None:
        context = tls.called(
            Files.of(self.world.folder, self.authentication),
            [self.world.authority.ca.der],
            certificate_required=True,
        )
        self._listeners = [
            Listener(web.Server(self._answer, access_log=None), self.host, 5500, tls=context, drain=0.1),
            Listener(web.Server(self._ocsp, access_log=None), self.host, 5577, drain=0.1),
        ]
        for listener in self._listeners:
            await listener.start()

    async def stop(self) -> None:
        for listener in self._listeners:
            await listener.stop()

    def registered(self, certificate: x509.Certificate | None = None) -> RegisteredServer:
        known = CertificateHash.of(self.authentication.der)
        return RegisteredServer(self.id, self.host, (known,), frozenset({SERVICE.provider}))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        data = await request.read()
        self.request = request
        self.octets += len(data)
        received = transport.read_request(request.headers["Content-Type"], data)
        self.received.append(received)
        made = self.lie(self, received)
        return await made if asyncio.iscoroutine(made) else made

    async def _ocsp(self, request: web.BaseRequest) -> web.StreamResponse:
        response = self.world.authority.ocsp_response(self.authentication.certificate)
        boundary = multipart.new_boundary("ocsp")
        return web.Response(
            body=multipart.write(boundary, [(transport.OCSP, response)]),
            headers={"Content-Type": f"multipart/related; boundary={boundary}"},
        )

    # What an honest server would do, in pieces that a lie can change

    def part(self, received: Transport, body: bytes | None = b"yes", **changed: str | None) -> bytes:
        """The REST response part; `changed` replaces a header (x_road_id=…) or leaves it out (None)."""
        request = RestRequest.decode(received.message)
        told = {
            rest.ID: request.header(rest.ID),
            rest.CLIENT: request.header(rest.CLIENT),
            rest.SERVICE: SERVICE.slash,
            rest.REQUEST_ID: request.header(rest.REQUEST_ID),
            rest.REQUEST_HASH: rest.request_hash(received.message, received.body),
        }
        told |= {name.replace("_", "-"): value for name, value in changed.items()}
        headers = tuple((name, value) for name, value in told.items() if value is not None)
        return RestResponse(200, "OK", (("Content-Type", "text/plain"), *headers)).encode()

    def response(
        self,
        received: Transport,
        message: bytes | None = None,
        body: bytes | None = b"yes",
        signature: Signature | None = None,
    ) -> web.Response:
        octets = self.part(received) if message is None else message
        made = signature or sign(self.world, self.signing, octets, body)
        return self.said(*transport.write_response(octets, body, made))

    @staticmethod
    def said(content_type: str, data: bytes) -> web.Response:
        return web.Response(body=data, headers={"Content-Type": content_type, "x-hash-algorithm": "SHA-512"})


async def open_connection(host: str, port: int, context: ssl.SSLContext | None = None) -> outbound.Connection:
    """A connection to do with as a test likes."""
    return await outbound.connect(host, await outbound.reach(host, port, 5), context, 5)
