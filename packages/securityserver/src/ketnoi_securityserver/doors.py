"""The doors of a security server: HTTP requests become calls and deliveries, refusals become X-Road's error form.

This is the only place where a refusal is turned into octets (PR-REST 4.6 towards information systems, a SOAP fault
towards other servers), and the only one on the messages' path that knows the web framework.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver import faults, metaservices, transport
from ketnoi_securityserver.budget import Budget, Share
from ketnoi_securityserver.consumer import Consumer
from ketnoi_securityserver.exchange import Call, Channel, Delivery, Headers
from ketnoi_securityserver.outbound import presented_chain
from ketnoi_securityserver.parties import Parties
from ketnoi_securityserver.provider import Provider
from ketnoi_securityserver.whole_response import SERVER, respond
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

XML = "text/xml;charset=utf-8"
JSON = "application/json;charset=utf-8"

LIMITS: dict[str, Any] = {
    "access_log": None,
    # A body belongs to the two information systems: it is carried as it came, compressed or not.
    "auto_decompress": False,
    # Beyond these the connection itself refuses; up to them we can refuse with a code.
    "max_line_size": 2 * transport.LONGEST_REST_PART,
    "max_field_size": 2 * transport.LONGEST_REST_PART,
    "max_headers": 512,
}


class Doors:
    """The two doors for messages: one for our information systems, one for other security servers."""

    def __init__(
        self,
        parties: Parties,
        consumer: Consumer,
        provider: Provider,
        evidence: dict[str, Handler],
    ) -> None:
        self._own = parties
        self._consumer = consumer
        self._provider = provider
        self._evidence = evidence
        limits = parties.settings.limits
        self._budget = Budget(limits.in_flight, limits.exchanges)
        self.closing = False

    def information_systems(self, keepalive: float) -> web.Server:
        """The door for information systems; made within the running loop."""
        return web.Server(self.from_information_system, keepalive_timeout=keepalive, **LIMITS)

    def peers(self, keepalive: float) -> web.Server:
        """The door for other security servers; made within the running loop."""
        return web.Server(self.from_peer, keepalive_timeout=keepalive, **LIMITS)

    async def from_information_system(self, request: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request of an information system."""
        path = request.path
        response: web.StreamResponse
        try:
            if path.startswith("/r1/"):
                response = await self._within_limits(self._call, request)
            elif path == "/listClients" and request.method == "GET":
                response = self._list_clients(request)
            elif path in self._evidence:
                return await self._evidence[path](request)
            else:
                raise Refusal("bad_request", "the path begins with none of /r1/, /listClients, /asic")
        except Refusal as refusal:
            response = self._refused(request, refusal)
        if self.closing:
            response.force_close()
        return response

    async def from_peer(self, request: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request of another security server. Faults are SOAP in an HTTP 200 (x-road.md 0.2, 7)."""
        response: web.StreamResponse
        try:
            response = await self._within_limits(self._delivery, request)
        except Refusal as refusal:
            fault = faults.fault_of(refusal, faults.PROVIDER_PREFIX, self._own.settings.kind.errors)
            self._note(fault, refusal)
            response = web.Response(
                body=faults.write_soap(fault), headers={"Content-Type": "text/xml; charset=UTF-8", "Server": SERVER}
            )
        if self.closing:
            response.force_close()
        return response

    async def _within_limits(
        self, carry: Callable[[web.BaseRequest, Share], Awaitable[web.StreamResponse]], request: web.BaseRequest
    ) -> web.StreamResponse:
        """Whatever goes wrong comes out as a refusal; nothing runs longer than the deadline."""
        try:
            async with asyncio.timeout(self._own.settings.limits.deadline):
                with self._budget.exchange() as share:
                    return await carry(request, share)
        except Refusal:
            raise
        except Refused as refused:
            raise Refusal("internal_error") from refused
        except TimeoutError:
            raise Refusal("deadline_passed") from None
        except Exception as error:
            logger.exception("an exchange failed in a way nobody foresaw")
            raise Refusal("internal_error") from error

    async def _call(self, request: web.BaseRequest, share: Share) -> web.StreamResponse:
        tls = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
        channel = Channel(tls is not None, (tls.getpeercert(binary_form=True) or b"") if tls is not None else b"")
        body = await self._body(request, share, self._own.settings.limits.body)
        call = Call(request.method, request.raw_path, _headers(request), body, channel)
        answer = await self._consumer.exchange(call)
        return respond(request, answer.status, answer.reason, answer.headers, answer.body, self._own.clock.now())

    async def _delivery(self, request: web.BaseRequest, share: Share) -> web.StreamResponse:
        if request.method != "POST":
            raise Refusal("invalid_http_method", request.method[:16])
        pipe = request.transport
        tls = pipe.get_extra_info("ssl_object") if pipe is not None else None
        certificate = (tls.getpeercert(binary_form=True) or b"") if tls is not None else b""
        data = await self._body(request, share, self._own.settings.limits.body + transport.ENVELOPE_ROOM)
        named = {name.lower(): value for name, value in _headers(request)}
        sending = await self._provider.exchange(Delivery(certificate, lambda: presented_chain(pipe), named, data))
        headers = (("Content-Type", sending.content_type), ("x-hash-algorithm", "SHA-512"))
        return respond(request, 200, "OK", headers, sending.data, self._own.clock.now())

    async def _body(self, request: web.BaseRequest, share: Share, most: int) -> bytes:
        told = request.content_length
        if told is not None:
            if told > most:
                raise Refusal("message_too_large", f"{told} octets, of which {most} are carried")
            share.take(told)
        if "Expect" in request.headers and request.can_read_body and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        pieces: list[bytes] = []
        size = 0
        while not request.content.at_eof():
            piece = await request.content.readany()
            size += len(piece)
            if size > most:
                raise Refusal("message_too_large", f"of which {most} octets are carried")
            if told is None:
                share.take(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    def _list_clients(self, request: web.BaseRequest) -> web.Response:
        configuration = self._own.current_configuration()
        instance = parse_qs(request.query_string).get("xRoadInstance", [configuration.instance])[0]
        if instance != configuration.instance:
            raise Refusal("bad_request", "the instance is none that this server knows")
        if "json" in request.headers.get("Accept", ""):
            return web.Response(body=metaservices.clients_as_json(configuration), headers={"Content-Type": JSON})
        return web.Response(body=metaservices.clients_as_xml(configuration), headers={"Content-Type": XML})

    def _refused(self, request: web.BaseRequest, refusal: Refusal) -> web.Response:
        fault = faults.fault_of(refusal, faults.CONSUMER_PREFIX, self._own.settings.kind.errors)
        self._note(fault, refusal)
        xml = faults.wants_xml(request.headers.get("Accept", ""))
        return web.Response(
            status=faults.status_of(fault, refusal),
            body=faults.as_xml(fault) if xml else faults.as_json(fault),
            headers={"Content-Type": XML if xml else JSON, "X-Road-Error": fault.type, "Server": SERVER},
        )

    def _note(self, fault: faults.Fault, refusal: Refusal) -> None:
        logger.info("refused %s: %s (%s)", fault.detail, fault.type, refusal.detail)


def _headers(request: web.BaseRequest) -> Headers:
    return tuple(
        [
            (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
            for name, value in request.raw_headers
        ]
    )
