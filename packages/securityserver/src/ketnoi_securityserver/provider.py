"""The provider side: another member's security server asks, an information system of ours answers.

The nine steps stand in `exchange` in order, and mirror those of consumer.py. Each step does its work or raises one
Refusal; nothing after a refused step happens.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from ketnoi_protocol import rest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SecurityServerId, ServiceId, SubsystemId
from ketnoi_protocol.rest import RestRequest, RestResponse
from ketnoi_securityserver import transport
from ketnoi_securityserver.access import AccessRights, judged_path
from ketnoi_securityserver.backend import Backend
from ketnoi_securityserver.exchange import (
    METHODS,
    Answer,
    Delivery,
    Sending,
    check_message_headers,
    check_no_personal_number,
)
from ketnoi_securityserver.messagelog import Record, ReplayKey
from ketnoi_securityserver.metaservices import METASERVICES, Metaservices
from ketnoi_securityserver.observer import PROVIDER, Steps
from ketnoi_securityserver.parties import Parties
from ketnoi_securityserver.peer_certificates import PeerCertificates
from ketnoi_securityserver.serverconf import LocalService
from ketnoi_securityserver.signing import BODY, MESSAGE, digests, parts_of
from ketnoi_securityserver.transport import Transport
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}(?:[-.+].{0,64})?")


class Request(msgspec.Struct, frozen=True):
    """A transport message read as an X-Road request addressed to us; nothing of it is verified yet.

    `digests` are the SHA-512 digests of its parts, `hash` is its X-Road-Request-Hash.
    """

    id: str
    request_id: str
    client: SubsystemId
    service: ServiceId
    service_path: str
    rest: RestRequest
    received: Transport
    digests: dict[str, bytes]
    hash: str


class Provider:
    """Carries one delivery at a time through the nine steps; any number of deliveries run side by side."""

    def __init__(
        self, parties: Parties, certificates: PeerCertificates, backend: Backend, metaservices: Metaservices
    ) -> None:
        self._own = parties
        self._certificates = certificates
        self._backend = backend
        self._metaservices = metaservices
        self._rights: tuple[object, AccessRights] | None = None

    async def exchange(self, delivery: Delivery) -> Sending:
        """The transport message that answers `delivery`, signed and logged.

        Raises Refusal with a code from the table.
        """
        own = self._own
        with own.traffic.carried() as carried, Steps(own.observer, own.clock, str(own.server), PROVIDER) as steps:
            # 1 peer
            steps.begin(1)
            configuration = own.current_configuration()
            peer = self._peer(delivery, configuration)

            # 2 read
            steps.begin(2)
            request = self._read(delivery, configuration)
            steps.message_id, steps.service = request.id, request.service.service_code

            # 3 verify
            steps.begin(3)
            at = own.clock.now()
            signed_at = self._verify(delivery, request, peer, configuration, at)
            carried.client = request.client

            # 4 fresh
            steps.begin(4)
            replay = self._fresh(request, signed_at, configuration, at)

            # 5 allow
            steps.begin(5)
            carried.service = request.service if self._is_offered(request.service) else None
            service = self._allow(request, peer)

            # 6 log
            steps.begin(6)
            assert request.received.signature is not None
            await own.log.record(
                Record(
                    request.id, False, request.service.provider, request.received.message, request.received.body,
                    request.received.signature, configuration.digest, at, request.digests.get(BODY),
                ),
                replay=replay,
            )  # fmt: skip

            # 7 ask
            steps.begin(7)
            answer = await self._ask(request, service, peer)
            carried.status = answer.status

            # 8 sign, log
            steps.begin(8)
            response = self._response(request, answer)
            octets, body = response.encode(), answer.body or None
            signed = digests(octets, body)
            at = own.clock.now()
            configuration = own.current_configuration()
            credential = own.credentials.signing(request.service.provider.member)
            signature = await own.signer.sign(signed, credential, at)
            await own.log.record(
                Record(
                    request.id, True, request.service.provider, octets, body, signature,
                    configuration.digest, at, signed.get(BODY),
                )
            )  # fmt: skip

            # 9 answer
            steps.begin(9)
            return Sending(*transport.write_response(octets, body, signature))

    def _peer(self, delivery: Delivery, configuration: Configuration) -> SecurityServerId:
        peer = configuration.server_by_authentication_certificate(delivery.certificate)
        if peer is None:
            raise Refusal("ssl_authentication_failed", "the caller's certificate is not registered for any server")
        return peer

    def _read(self, delivery: Delivery, configuration: Configuration) -> Request:
        headers = delivery.headers
        if not _VERSION.fullmatch(headers.get("x-proxy-version", "")):
            raise Refusal("client_proxy_version_not_supported", "x-proxy-version is missing or no version")
        if headers.get("x-hash-algorithm", "SHA-512") != "SHA-512":
            raise Refusal("invalid_message", "only the hash algorithm SHA-512 is spoken here")
        received = transport.read_request(headers.get("content-type", ""), delivery.data)
        if received.kind != transport.REST_REQUEST:
            raise Refusal("missing_rest", "only REST messages are spoken here")
        request = RestRequest.decode(received.message)
        if request.method not in METHODS:
            raise Refusal("invalid_http_method", request.method[:16])
        service, service_path = rest.parse_target(request.path)
        check_no_personal_number(request, received.message)
        named = check_message_headers(request.headers)
        if rest.CLIENT not in named:
            raise Refusal("invalid_client_identifier", "the header X-Road-Client is missing")
        if rest.ID not in named or rest.REQUEST_ID not in named:
            raise Refusal("missing_header", "X-Road-Id or X-Road-Request-Id is missing")
        client = rest.parse_client(named[rest.CLIENT])
        pinned = named.get(rest.SECURITY_SERVER)
        if pinned is not None and pinned != self._own.server.slash:
            raise Refusal("invalid_security_server", "the message is addressed to another security server")
        server = configuration.servers.get(self._own.server)
        known = self._own.serverconf.client(service.provider)
        if server is None or service.provider not in server.clients or known is None:
            raise Refusal("unknown_member", f"{service.provider} is not served here")
        parts = digests(received.message, received.body)
        # An empty body counts as none here, though it is a part that is signed.
        digest = rest.request_hash_of(parts[MESSAGE], parts[BODY] if received.body else None)
        return Request(
            named[rest.ID], named[rest.REQUEST_ID], client, service, service_path, request, received, parts, digest
        )

    def _verify(
        self, delivery: Delivery, request: Request, peer: SecurityServerId, configuration: Configuration, at: datetime
    ) -> datetime:
        received = request.received
        assert received.signature is not None
        judged = self._certificates.judge_caller(
            delivery.certificate, received.ocsp_responses, delivery.presented, configuration, at
        )
        server = configuration.servers.get(judged)
        if judged != peer or server is None:
            raise Refusal("ssl_authentication_failed", f"{judged} is not registered")
        if request.client not in server.clients:
            raise Refusal("server_not_opened", f"{request.client} is not registered for {judged}")
        try:
            return self._own.verifier.verify(
                received.signature,
                parts_of(received.message, received.body),
                request.client.member,
                configuration,
                at,
            )
        except Refused as refused:
            raise Refusal("signature_verification", refused.message) from refused

    def _fresh(self, request: Request, signed_at: datetime, configuration: Configuration, at: datetime) -> ReplayKey:
        # The key is kept twice this long, so a message that passes here cannot have outlived its key.
        if self._own.settings.strict_freshness and not (
            at - configuration.ocsp_freshness - CLOCKS_MAY_DIFFER <= signed_at <= at + CLOCKS_MAY_DIFFER
        ):
            raise Refusal("message_too_old", "the signing time lies too far from now")
        return ReplayKey(request.client, request.hash.encode())

    def _allow(self, request: Request, peer: SecurityServerId) -> LocalService | None:
        """The service to ask; None for a metaservice, which everybody may ask (PR-META REST)."""
        path = judged_path(request.service_path)
        code = request.service.service_code
        if code in METASERVICES:
            if request.rest.method != "GET":
                raise Refusal("invalid_http_method", f"{code} is asked with GET")
            return None
        service = self._own.serverconf.service(request.service)
        if service is None:
            raise Refusal("unknown_service", f"there is no service {request.service}")
        self._current_rights().check_use(request.client, request.service, request.rest.method, path, peer)
        if not service.enabled:
            raise Refusal("service_disabled", service.disabled_notice or "")
        return service

    def _is_offered(self, service: ServiceId) -> bool:
        """Whether there is such a service here, whoever may ask it."""
        return service.service_code in METASERVICES or self._own.serverconf.service(service) is not None

    def _current_rights(self) -> AccessRights:
        rights = self._own.serverconf.rights
        if self._rights is None or self._rights[0] is not rights:
            self._rights = (rights, AccessRights(rights))
        return self._rights[1]

    async def _ask(self, request: Request, service: LocalService | None, peer: SecurityServerId) -> Answer:
        if service is None:
            return self._metaservices.answer(request.client, request.service, request.rest.query, peer)
        try:
            return await self._backend.ask(service, request.rest, request.service_path, request.received.body)
        except Refusal as refusal:
            raise Refusal("service_failed", refusal.detail) from refusal

    def _response(self, request: Request, answer: Answer) -> RestResponse:
        ours = {
            rest.ID: request.id,
            rest.CLIENT: request.client.slash,
            rest.SERVICE: request.service.slash,
            rest.REQUEST_ID: request.request_id,
            rest.REQUEST_HASH: request.hash,
        }
        kept = rest.kept_headers(answer.headers, *ours)
        return RestResponse(answer.status, answer.reason, (*kept, *ours.items()))
