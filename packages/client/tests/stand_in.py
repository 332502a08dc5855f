"""A stand-in for a security server: a real HTTPS port with client certificates, behind it what a test says.

It answers real encoded messages and writes down what it was asked. What a security server does beyond that is tested
in its own room and in the journeys.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from ketnoi_protocol.envelope import (
    Answer,
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    HouseholdRequest,
    LookUpAnswer,
    MemberAnswer,
    Request,
    decode_request,
    encode_answer,
)
from ketnoi_protocol.errors import row
from ketnoi_protocol.services import Catalogue, Service


@dataclass(frozen=True)
class Asked:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer: object = None


@dataclass(frozen=True)
class Reply:
    """What to answer. With `close` the connection is closed instead, without a word."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    close: bool = False
    wait: float = 0.0


def x_road_error(fault: str, message: str = "told by the server", detail: str = "log-id") -> Reply:
    """An error as a security server tells it (PR-REST 4.6)."""
    body = f'{{"type":"{fault}","message":"{message}","detail":"{detail}"}}'.encode()
    return Reply(500, body, {"Content-Type": "application/json;charset=utf-8", "X-Road-Error": fault})


def problem(code: str, detail: str = "") -> Reply:
    """A refusal as the registry tells it (RFC 9457)."""
    body = f'{{"type":"urn:ketnoi:error:{code}","code":"{code}","status":{row(code).status},"detail":"{detail}"}}'
    return Reply(row(code).status, body.encode(), {"Content-Type": "application/problem+json"})


def plain_answer(request: Request) -> Answer:
    """An honest answer to a request: nobody is known, nothing holds."""
    code = request.ma_yeu_cau
    if isinstance(request, HouseholdRequest):
        no = MemberAnswer(in_household=False, relation_confirmed=False)
        return HouseholdAnswer.of(code, tuple([no for _ in request.members]))
    answers = {
        Service.CONFIRM_IDENTITY_NUMBER: lambda: ExistsAnswer.of(code, False),
        Service.LOOK_UP_CITIZEN: lambda: LookUpAnswer.of(code, None),
        Service.VERIFY_CITIZEN: lambda: CountAnswer.of(code, False),
    }
    return answers[request.SERVICE]()


def answered(answer: Callable[[Request], Answer] = plain_answer) -> Callable[[Asked], Reply]:
    """What C06 would answer: the message decoded, `answer` encoded in the shape of the catalogue."""

    def reply(asked: Asked) -> Reply:
        if not asked.target.startswith("/r1/"):
            return Reply()
        instance, service_code = asked.target.split("/")[2], asked.target.split("/")[6]
        entry = Catalogue.load().by_code(instance, service_code)
        assert entry is not None
        request = decode_request(entry.service, asked.body)
        headers = {"Content-Type": "application/json", "x-road-id": asked.headers["x-road-id"]}
        return Reply(200, encode_answer(entry.answer_shape, answer(request)), headers)

    return reply


def _peer(request: web.BaseRequest) -> object:
    return request.transport.get_extra_info("peername") if request.transport is not None else None


class StandIn:
    """`reply` decides what is answered (at first, what an honest C06 would), `asked` holds what came."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[Asked] = []
        self.reply: Callable[[Asked], Reply] = answered()
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._runner: web.ServerRunner | None = None
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.address = f"https://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "server.crt", self._folder / "server.key")
        context.load_verify_locations(self._folder / "system.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.raw_path, headers, await request.read(), _peer(request))
        self.asked.append(asked)
        reply = self.reply(asked)
        if reply.wait:
            await asyncio.sleep(reply.wait)
        if reply.close:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
