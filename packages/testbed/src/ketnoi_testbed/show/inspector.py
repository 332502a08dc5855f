"""The page on which a world and its messages can be seen: for whoever sits at this machine, and nobody else.

    GET  /                     the page
    GET  /api/world            places, servers, services
    GET  /api/events           calls as they go (server-sent events), the remembered ones first
    POST /api/ask              {"agency", "service", "how"}: let an officer ask
    GET  /api/calls/{id}/kept  what was kept of a call, and its evidence verified

Nothing personal is told: whoever an officer asks about is chosen here, and stays here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from importlib import resources
from typing import Any

import msgspec
from aiohttp import web

from ketnoi_client.problems import KetnoiError, Refused
from ketnoi_protocol.services import Service
from ketnoi_runtime.web import Listener
from ketnoi_testbed.show import evidence
from ketnoi_testbed.show.asked import Asker, How
from ketnoi_testbed.show.board import Board, Call
from ketnoi_testbed.show.words import GATES, METASERVICES, SERVICES, STEPS
from ketnoi_testbed.world import World

FLUSH_SECONDS = 0.1
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/map.js": ("map.js", "text/javascript"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """What the page asks for."""

    agency: str
    service: Service
    how: How = "right"


class Inspector:
    """The page of one world. `port` 0 chooses one. `portal` is the address of a portal's cards, once there is one."""

    def __init__(self, world: World, board: Board, port: int = 0) -> None:
        self._world = world
        self._board = board
        self._asker = Asker(world)
        self.portal = ""
        self._watching: list[_Watching] = []
        board.changed = self._changed
        application = web.Application(client_max_size=4096, middlewares=[self._guard])
        for path in _FILES:
            application.router.add_get(path, self._file)
        application.router.add_get("/api/world", self._told_world)
        application.router.add_get("/api/events", self._events)
        application.router.add_post("/api/ask", self._ask)
        application.router.add_get("/api/calls/{id}/kept", self._kept)
        self._listener = Listener(application, "127.0.0.1", port, drain=0.2)

    async def start(self) -> None:
        """Begin to answer. Raises OSError when the port is taken."""
        await self._listener.start()

    async def stop(self) -> None:
        """End all streams and stop."""
        for each in self._watching:
            each.wake.set()
            each.over = True
        await self._listener.stop()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._listener.port}/"

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Only this page may ask: another site's script can neither read nor act, under whatever name it comes."""
        port = self._listener.port
        own = {f"127.0.0.1:{port}", f"localhost:{port}"}
        origin = request.headers.get("Origin")
        if request.host not in own or (origin is not None and origin.removeprefix("http://") not in own):
            raise web.HTTPForbidden
        if request.method == "POST" and request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = _FILES[request.path]
        text = (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=kind)

    async def _told_world(self, request: web.Request) -> web.Response:
        return web.json_response(self._shown_world())

    def _shown_world(self) -> dict[str, Any]:
        world, plan = self._world, self._world.plan
        return {
            "vi": plan.vi,
            "en": plan.en,
            "people": world.population.people,
            "portal": self.portal,
            "platforms": [
                {"instance": each.instance, "platform": each.part.platform, "vi": each.part.operator_vi,
                 "en": each.part.operator_en}
                for each in world.exchanges.values()
            ],
            "provider": {"code": plan.provider.code, "vi": plan.provider.vi, "en": plan.provider.en},
            "agencies": [
                {"code": each.code, "vi": each.vi, "en": each.en, "systemVi": each.subsystem_vi,
                 "systemEn": each.subsystem_en}
                for each in plan.agencies
            ],
            "servers": [
                {"id": str(each.id), "instance": each.party.instance, "code": each.party.part.code, "host": each.host}
                for each in world.servers.values()
            ],
            "services": [
                {"service": service, "instance": plan.entry(service).instance, "maTichHop":
                 plan.entry(service).ma_tich_hop, "serviceCode": plan.entry(service).service_code,
                 "vi": SERVICES[service][0], "en": SERVICES[service][1]}
                for service in Service
            ],
            "metaservices": [
                {"serviceCode": code, "vi": vi, "en": en} for code, (vi, en) in METASERVICES.items()
            ],
            "steps": STEPS,
            "gates": GATES,
        }  # fmt: skip

    # Calls as they go

    def _changed(self, call: Call) -> None:
        for each in self._watching:
            each.waiting[call.message_id] = call
            each.wake.set()

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            async for calls in self._watch():
                data = json.dumps([each.shown() for each in calls], ensure_ascii=False)
                await response.write(f"data: {data}\n\n".encode())
        return response

    async def _watch(self) -> AsyncIterator[list[Call]]:
        watching = _Watching({each.message_id: each for each in self._board.latest()})
        self._watching.append(watching)
        try:
            while not watching.over:
                calls, watching.waiting = list(watching.waiting.values()), {}
                yield calls
                watching.wake.clear()
                # An empty event now and then tells whether anybody is still there.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(watching.wake.wait(), 15)
                await asyncio.sleep(FLUSH_SECONDS)
        finally:
            self._watching.remove(watching)

    # Acts

    async def _ask(self, request: web.Request) -> web.Response:
        try:
            question = msgspec.json.decode(await request.read(), type=Question)
            answer = await asyncio.to_thread(self._asker.ask, question.agency, question.service, question.how)
        except (msgspec.DecodeError, LookupError) as error:
            raise web.HTTPBadRequest from error
        except Refused as refused:
            row = refused.problem.row
            told = {"code": row.code, "vi": row.title_vi, "en": row.title_en, "mendVi": row.mend_vi}
            return web.json_response({"messageId": refused.message_id, "refused": told})
        except KetnoiError as error:
            return web.json_response({"messageId": "", "refused": {"code": type(error).__name__, "vi": "", "en": ""}})
        return web.json_response({"messageId": answer.message_id, "result": answer.answer.ma_ket_qua})

    async def _kept(self, request: web.Request) -> web.Response:
        call = self._board.call(request.match_info["id"])
        if call is None:
            raise web.HTTPNotFound
        world, message_id = self._world, call.message_id
        told: dict[str, Any] = {
            "log": [asdict(each) for each in await evidence.kept(world, message_id)],
            "looked": [asdict(each) for each in await evidence.looked(world, message_id)],
            "proofs": [],
        }
        agency = call.shown()["agency"]
        if agency in world.agencies and told["log"]:
            # What is wrong with evidence is shown, not raised: somebody may have broken it on purpose.
            try:
                found = await asyncio.to_thread(evidence.proofs, world, agency, message_id)
                told["proofs"] = [asdict(each) for each in found]
            except Exception as error:
                told["problem"] = type(error).__name__
        return web.json_response(told)


class _Watching:
    """One open page: what it has not been told yet."""

    def __init__(self, waiting: dict[str, Call]) -> None:
        self.waiting = waiting
        self.wake = asyncio.Event()
        self.over = False
