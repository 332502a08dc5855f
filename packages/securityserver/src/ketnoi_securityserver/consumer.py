"""The consumer side: an information system of ours asks, another member's security server answers.

The nine steps stand in `exchange` in order, and mirror those of provider.py. Each step does its work or raises one
Refusal; nothing after a refused step happens.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from ketnoi_protocol import rest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import InvalidIdentifier, SecurityServerId, ServiceId, SubsystemId
from ketnoi_protocol.rest import RestRequest, RestResponse
from ketnoi_securityserver import faults, outbound, transport
from ketnoi_securityserver.access import judged_path
from ketnoi_securityserver.exchange import (
    METHODS,
    Answer,
    Call,
    Channel,
    Headers,
    check_message_headers,
    check_no_personal_number,
    without_repeats,
)
from ketnoi_securityserver.http_response import Response
from ketnoi_securityserver.messagelog import Record
from ketnoi_securityserver.observer import CONSUMER, Steps
from ketnoi_securityserver.parties import Parties
from ketnoi_securityserver.peers import PeerConnector
from ketnoi_securityserver.signing import BODY, MESSAGE, digests, parts_of
from ketnoi_trust.configuration import Configuration, SecurityServer
from ketnoi_trust.errors import Refused


class Message(msgspec.Struct, frozen=True):
    """A call read as an X-Road request. `octets` are the REST part exactly as signed, sent and hashed."""

    id: str
    request_id: str
    client: SubsystemId
    service: ServiceId
    security_server: SecurityServerId | None
    rest: RestRequest
    octets: bytes
    body: bytes | None


class Consumer:
    """Carries one call at a time through the nine steps; any number of calls run side by side."""

    def __init__(self, parties: Parties, peers: PeerConnector) -> None:
        self._own = parties
        self._peers = peers

    async def exchange(self, call: Call) -> Answer:
        """The provider's answer to `call`, verified and logged.

        Raises Refusal with a code from the table; PeerFault is one.
        """
        own = self._own
        with Steps(own.observer, own.clock, str(own.server), CONSUMER) as steps:
            # 1 read
            steps.begin(1)
            message = self._read(call)
            steps.message_id, steps.service = message.id, message.service.service_code

            # 2 recognise
            steps.begin(2)
            self._recognise(message.client, call.channel)

            # 3 route
            steps.begin(3)
            configuration = own.current_configuration()
            servers = self._route(message, configuration)

            # 4 allow
            steps.begin(4)
            self._allow(message.client, configuration)

            # 5 sign
            steps.begin(5)
            at = own.clock.now()
            credential = own.credentials.signing(message.client.member)
            signed = digests(message.octets, message.body)
            signature = await own.signer.sign(signed, credential, at)

            # 6 log
            steps.begin(6)
            await own.log.record(
                Record(
                    message.id, False, message.client, message.octets, message.body, signature,
                    configuration.digest, at, signed.get(BODY),
                )
            )  # fmt: skip

            # 7 send
            steps.begin(7)
            sending = transport.write_request(
                message.octets, message.body, signature, own.credentials.authentication.ocsp_responses
            )
            response, _ = await self._send(message, call, sending, servers)

            # 8 verify
            steps.begin(8)
            at = own.clock.now()
            configuration = own.current_configuration()
            received = self._received(response)
            answer = self._verify(message, signed, received, configuration, at)

            # 9 log, answer
            steps.begin(9)
            assert received.signature is not None
            await own.log.record(
                Record(
                    message.id, True, message.client, received.message, received.body, received.signature,
                    configuration.digest, at,
                )
            )  # fmt: skip
            return answer

    def _read(self, call: Call) -> Message:
        if call.method not in METHODS:
            raise Refusal("invalid_http_method", call.method[:16])
        raw_path, _, query = call.target.partition("?")
        service, service_path = rest.parse_target(raw_path)
        judged_path(service_path)
        given = without_repeats(call.headers)
        headers = check_message_headers(given)
        if rest.CLIENT not in headers:
            raise Refusal("invalid_client_identifier", "the header X-Road-Client is missing")
        client = rest.parse_client(headers[rest.CLIENT])
        pinned = headers.get(rest.SECURITY_SERVER)
        message_id = headers.get(rest.ID) or f"{client.instance}-{uuid.uuid4()}"
        request_id = str(uuid.uuid4())
        kept: Headers = rest.kept_headers(given, rest.REQUEST_ID, rest.REQUEST_HASH)
        kept += ((rest.REQUEST_ID, request_id),)
        if rest.ID not in headers:
            kept += ((rest.ID, message_id),)
        request = RestRequest(call.method, raw_path, query, kept)
        try:
            security_server = SecurityServerId.from_slash(pinned) if pinned else None
        except InvalidIdentifier:
            raise Refusal("invalid_security_server", "X-Road-Security-Server has no readable identifier") from None
        octets = request.encode()
        check_no_personal_number(request, octets)
        return Message(message_id, request_id, client, service, security_server, request, octets, call.body or None)

    def _recognise(self, client: SubsystemId, channel: Channel) -> None:
        known = self._own.serverconf.client(client)
        if known is None:
            raise Refusal("unknown_member", f"{client} is no client of this security server")
        if not known.accepts(secure=channel.secure, certificate=channel.certificate):
            wrong = (
                "the certificate is none of those registered for it" if channel.secure else "it must call over HTTPS"
            )
            raise Refusal("ssl_authentication_failed", f"{client}: {wrong}")

    def _route(self, message: Message, configuration: Configuration) -> Sequence[SecurityServer]:
        provider = message.service.provider
        servers = configuration.servers_of(provider)
        if not servers:
            raise Refusal("unknown_member", f"no security server serves {provider}")
        pinned = message.security_server
        if pinned is not None:
            servers = tuple(server for server in servers if server.id == pinned)
            if not servers:
                raise Refusal("invalid_security_server", f"{pinned} does not serve {provider}")
        working = tuple(server for server in servers if server.maintenance is None)
        if not working:
            raise Refusal("maintenance_mode", f"every security server of {provider} is in maintenance")
        return working

    def _allow(self, client: SubsystemId, configuration: Configuration) -> None:
        own = configuration.servers.get(self._own.server)
        if own is None or client not in own.clients:
            raise Refusal("unknown_member", f"{client} is not registered for this security server")

    async def _send(
        self, message: Message, call: Call, sending: tuple[str, bytes], servers: Sequence[SecurityServer]
    ) -> tuple[Response, SecurityServerId]:
        own = self._own
        content_type, data = sending
        headers = [
            ("x-hash-algorithm", "SHA-512"),
            ("x-proxy-version", own.settings.kind.proxy_version),
            ("x-road-request-id", message.request_id),
            ("x-road-message-type", "REST"),
            ("Content-Type", content_type),
        ]
        original = next((value for name, value in call.headers if name.lower() == "content-type"), None)
        if original is not None:
            headers.insert(2, ("x-original-content-type", original))
        request = outbound.head("POST", "/", "security-server", headers, data) + data
        return await self._peers.exchange(
            servers,
            message.service.provider,
            request,
            longest_body=own.settings.limits.body + transport.ENVELOPE_ROOM,
            deadline=asyncio.get_running_loop().time() + own.settings.limits.deadline,
        )

    def _received(self, response: Response) -> transport.Transport:
        if response.status != 200:
            raise Refusal("http_error", f"the peer answered with status {response.status}")
        received = transport.read_response(response.header("content-type") or "", response.body)
        if received.fault is not None:
            raise faults.PeerFault(faults.read_soap(received.fault))
        if received.kind != transport.REST_RESPONSE:
            raise Refusal("missing_rest", "the peer's answer holds no REST message")
        return received

    def _verify(
        self,
        message: Message,
        signed: Mapping[str, bytes],
        received: transport.Transport,
        configuration: Configuration,
        at: datetime,
    ) -> Answer:
        assert received.signature is not None
        try:
            self._own.verifier.verify(
                received.signature,
                parts_of(received.message, received.body),
                message.service.provider.member,
                configuration,
                at,
            )
        except Refused as refused:
            raise Refusal("signature_verification", refused.message) from refused
        answer = RestResponse.decode(received.message)
        expected = {
            rest.ID: message.id,
            rest.CLIENT: message.client.slash,
            rest.SERVICE: message.service.slash,
            rest.REQUEST_ID: message.request_id,
            rest.REQUEST_HASH: rest.request_hash_of(signed[MESSAGE], signed.get(BODY)),
        }
        told: set[str] = set()
        for header, value in answer.headers:
            name = header.lower()
            if name in expected:
                if value != expected[name]:
                    raise Refusal("inconsistent_response", f"{name} belongs to another request")
                told.add(name)
        if len(told) < len(expected):
            raise Refusal("inconsistent_response", f"{min(expected.keys() - told)} is missing")
        return Answer(answer.status, answer.reason, answer.headers, received.body or b"")
