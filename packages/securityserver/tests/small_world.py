"""A small instance on loopback addresses: real security servers, database, authority, configuration, provider.

Everything runs on one event loop in a thread of its own, so that tests are plain functions.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from aiohttp import web

from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_runtime.web import Listener
from ketnoi_securityserver import outbound
from ketnoi_securityserver.app import SecurityServer, UnsafeParts
from ketnoi_securityserver.credentials.keys import KeyStore
from ketnoi_securityserver.http_response import Response
from ketnoi_securityserver.messagelog.encryption import make_key
from ketnoi_securityserver.observer import StepEvent
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_securityserver.serverconf.ledger import Ledger
from ketnoi_securityserver.serverconf.rights import Grant, Rights
from ketnoi_securityserver.serverconf.services import Services
from ketnoi_securityserver.settings import Limits, Listen, Peers, Settings, Upkeep
from ketnoi_testbed.authority import Holder, UnsafeAuthority, UnsafeAuthorityWarning
from ketnoi_testbed.authority_server import AuthorityServer
from ketnoi_testbed.postgres import Postgres
from ketnoi_trust.configuration import (
    Anchor,
    AnchorSource,
    CertificateHash,
    ConfigurationSource,
    Member,
    MemberClass,
    SharedParams,
    SignedDirectory,
    Subsystem,
    rehearsal,
)
from ketnoi_trust.configuration import (
    SecurityServer as RegisteredServer,
)
from ketnoi_trust.configuration.signed_directory import SHARED, DirectoryContent

INSTANCE = "VDXP-TEST"
JUSTICE = MemberId(INSTANCE, "GOV", "G15")
C06 = MemberId(INSTANCE, "GOV", "G01.C06")
PROVINCE = MemberId(INSTANCE, "GOV", "H55")
CALLER = JUSTICE.subsystem("MOTCUA")
REGISTERS = JUSTICE.subsystem("HOTICH")
PROVIDER = C06.subsystem("DANCU")
SERVICE = PROVIDER.service("TraCuu")
ASKING = SecurityServerId(INSTANCE, "GOV", "G15", "SS01")
OTHER = SecurityServerId(INSTANCE, "GOV", "G15", "SS02")
ANSWERING = SecurityServerId(INSTANCE, "GOV", "G01.C06", "SS01")
SECOND = SecurityServerId(INSTANCE, "GOV", "G01.C06", "SS02")

T = TypeVar("T")
Answers = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Asked:
    """One request that reached the information system behind the provider."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def yes(_request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=b'{"TonTai": true}', headers={"Content-Type": "application/json", "X-Own": "a"})


class InformationSystem:
    """The provider's own system. `answers` is what it does; `asked` what it was asked."""

    def __init__(self) -> None:
        self.answers: Answers = yes
        self.asked: list[Asked] = []
        self.listener = Listener(web.Server(self._answer, access_log=None, auto_decompress=False), "127.0.0.1", 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}/base"

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = tuple((name.decode(), value.decode()) for name, value in request.raw_headers)
        self.asked.append(Asked(request.method, request.raw_path, headers, await request.read()))
        return await self.answers(request)


@dataclass
class Node:
    """One security server as an operator has it; `server` while it runs."""

    id: SecurityServerId
    settings: Settings
    authentication: Holder
    signing: Holder
    clients: tuple[SubsystemId, ...]
    server: SecurityServer | None = None
    events: list[StepEvent] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.settings.listen.host

    @property
    def keys(self) -> KeyStore:
        return KeyStore(self.settings.path("keys"))

    @property
    def running(self) -> SecurityServer:
        assert self.server is not None
        return self.server

    @property
    def ledger(self) -> Ledger:
        state = self.running.state
        return Ledger(state.pool, state.serverconf, self.running.admin.keys._clock)

    def registered(self) -> RegisteredServer:
        known = CertificateHash.of(self.authentication.der)
        return RegisteredServer(self.id, self.host, (known,), frozenset(self.clients))


class World:
    """Both sides; `profile` is the servers', and decides the authority's keys."""

    def __init__(self, cluster: Postgres, folder: Path, *, profile: str = "ketnoi") -> None:
        self.cluster = cluster
        self.folder = folder
        self.profile = profile
        self.clock = AdjustableClock()
        with warnings.catch_warnings(action="ignore", category=UnsafeAuthorityWarning):
            self.authority = UnsafeAuthority(self.clock, rsa_keys=profile == "xroad-7.4")
        self.publisher = self.authority.issue_authentication("Unsafe Configuration")
        self.nodes: dict[SecurityServerId, Node] = {}
        self.published: dict[str, bytes] = {}
        self._net = f"127.{random.randint(64, 250)}.{random.randint(0, 255)}"
        self._stack = contextlib.AsyncExitStack()
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="small world", daemon=True)

    # Life

    def __enter__(self) -> World:
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_error: object) -> None:
        self.run(self._stop())
        self.run(self._let_go())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def run(self, story: Coroutine[Any, Any, T], within: float = 30.0) -> T:
        """Run a coroutine on the world's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(story, self.loop).result(within)

    async def _start(self) -> None:
        self.authority_server = AuthorityServer(self.authority, "127.0.0.1", 0)
        await self.authority_server.start()
        self._source = Listener(web.Server(self._publish, access_log=None), "127.0.0.1", 0, drain=0.1)
        await self._source.start()
        self.system = InformationSystem()
        await self.system.listener.start()
        asking = self.add_node(ASKING, JUSTICE, (CALLER,))
        answering = self.add_node(ANSWERING, C06, (PROVIDER,))
        self.params = SharedParams(
            instance=INSTANCE,
            sources=(ConfigurationSource(f"127.0.0.1:{self._source.port}", *[(self.publisher.der,)] * 2),),
            authorities=(self.authority.approved(self.authority_server.address),),
            timestamp_authorities=(self.authority.timestamp_authority(self.authority_server.address),),
            member_classes=(MemberClass("GOV", "Government"),),
            members=(
                Member(JUSTICE, "Bộ Tư pháp", (Subsystem(CALLER), Subsystem(REGISTERS))),
                Member(C06, "Trung tâm dữ liệu quốc gia về dân cư", (Subsystem(PROVIDER, "Dân cư"),)),
                Member(PROVINCE, "Thái Nguyên", (Subsystem(PROVINCE.subsystem("MOTCUA")),)),
            ),
            servers=(asking.registered(), answering.registered()),
        )
        self.write_configuration()
        await self.start_node(asking)
        await Clients(asking.ledger).add("test", CALLER, "HTTP")
        await self.start_provider(answering)

    async def _stop(self) -> None:
        for node in self.nodes.values():
            await self.stop_node(node)
        for listener in (self.system.listener, self._source, self.authority_server):
            await listener.stop()

    @staticmethod
    async def _let_go() -> None:
        # Connections that a test left in the middle of something.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def add_node(self, id_: SecurityServerId, member: MemberId, clients: tuple[SubsystemId, ...]) -> Node:
        """Keys, certificates and settings of one more server; it is neither registered nor started."""
        folder = self.folder / f"{id_.member_code}-{id_.server_code}"
        host = f"{self._net}.{len(self.nodes) + 1}"
        settings = Settings(
            server=str(id_),
            database=self.cluster.create_database(),
            listen=Listen(host=host),
            base=str(folder),
            profile=self.profile,  # type: ignore[arg-type]
            peers=Peers(connect_timeout=2.0),
            limits=Limits(deadline=3.0, in_flight=3 * 1024 * 1024),
            upkeep=Upkeep(configuration_poll=3600.0, log_timeout=1.0, new_certificate_after=0.0),
        )
        node = Node(
            id_,
            settings,
            self.authority.issue_authentication(host),
            self.authority.issue_signing(member, server_code=id_.server_code),
            clients,
        )
        make_key(node.keys.message_log, "k1")
        node.keys.make_internal_certificate([host], self.clock.now())
        self.store_keys(node, member)
        self.nodes[id_] = node
        return node

    @staticmethod
    def store_keys(node: Node, member: MemberId) -> None:
        """Write the node's keys and certificates where its key store looks for them."""
        for kind, holder in (("authentication", node.authentication), ("signing", node.signing)):
            folder = node.keys.folder / kind / "one"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "key.pem").touch(mode=0o600)
            (folder / "key.pem").write_bytes(holder.key_pem)
            (folder / "certificate.pem").write_bytes(holder.pem)
            if kind == "signing":
                (folder / "member").write_text(f"{member}\n")

    async def start_node(self, node: Node, unsafe: UnsafeParts | None = None) -> None:
        """Start or restart a server."""
        source = AnchorSource(f"http://127.0.0.1:{self._source.port}/internalconf", (self.publisher.der,))
        node.settings.path("anchor.xml").write_bytes(Anchor.make(INSTANCE, (source,), self.clock.now()).write())
        node.server = await SecurityServer.start(node.settings, self.clock, node.events.append, unsafe=unsafe)

    async def start_provider(self, node: Node) -> None:
        """Start a server that offers our service to the caller from its own server."""
        await self.start_node(node)
        await Clients(node.ledger).add("test", PROVIDER, "HTTP")
        services = Services(node.ledger)
        description = await services.add_rest("test", PROVIDER, self.system.url, SERVICE.service_code)
        await services.set_enabled("test", description, True)
        rights = Rights(node.ledger, node.running.state.globalconf.current)
        await rights.give("test", [Grant(await rights.base_endpoint(SERVICE), CALLER, (ASKING,))])

    async def stop_node(self, node: Node) -> None:
        if node.server is not None:
            await node.server.stop()
            node.server = None

    # The configuration

    def write_configuration(self, *, lasts_seconds: float = 3600.0) -> None:
        """Sign `params` as they are now."""
        contents = [
            DirectoryContent(SHARED, "/files/shared-params.xml", self.params.write(6)),
            DirectoryContent(rehearsal.CONTENT_IDENTIFIER, "/files/rehearsal.json", rehearsal.write_mark(INSTANCE)),
        ]
        expires_at = self.clock.now() + timedelta(seconds=lasts_seconds)
        directory = SignedDirectory.write(INSTANCE, contents, self.publisher.key, self.publisher.der, expires_at, 6)
        self.published = {"/internalconf": directory, **{each.location: each.data for each in contents}}

    async def _publish(self, request: web.BaseRequest) -> web.StreamResponse:
        found = self.published.get(request.path)
        if found is None or request.query.get("version", "6") != "6":
            return web.Response(status=404)
        return web.Response(body=found)

    def register(self, *servers: RegisteredServer) -> None:
        """From now on these are the registered security servers, and everybody knows."""
        self.params = replace(self.params, servers=servers)
        self.publish()

    def publish(self) -> None:
        """Sign `params`, and let every running server take the new configuration."""
        self.write_configuration()
        for node in self.nodes.values():
            if node.server is not None:
                assert self.run(node.server.state.globalconf.poll())
                self.run(node.server.state.credentials.refresh())

    @contextlib.contextmanager
    def registered(self, *servers: RegisteredServer) -> Iterator[None]:
        """For a while these are the registered servers."""
        before = self.params.servers
        try:
            self.register(*servers)
            yield
        finally:
            self.register(*before)

    # Calls

    @property
    def asking(self) -> Node:
        return self.nodes[ASKING]

    @property
    def answering(self) -> Node:
        return self.nodes[ANSWERING]

    def forget(self) -> None:
        """Forget what was seen, and let the information system answer as it does."""
        for node in self.nodes.values():
            node.events.clear()
        self.system.asked.clear()
        self.system.answers = yes

    def call(
        self,
        method: str = "POST",
        path: str = "/v1/persons",
        body: bytes | None = b'{"HoVaTen": "A"}',
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        *,
        client: str | None = CALLER.slash,
        target: str | None = None,
    ) -> Response:
        """One call of the caller's information system, over plain HTTP."""
        told = [("X-Road-Client", client)] if client is not None else []
        told += [("Content-Type", "application/json")] if body is not None else []
        told += list((headers or {}).items() if isinstance(headers, dict) else headers or [])
        return self.run(self.ask(self.asking.host, 8080, method, target or f"/r1/{SERVICE.slash}{path}", told, body))

    @staticmethod
    async def ask(
        host: str,
        port: int,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes | None,
        tls: Any = None,
    ) -> Response:
        """One HTTP exchange, nothing of it rewritten."""
        reached = await outbound.reach(host, port, 5)
        connection = await outbound.connect(host, reached, tls, 5)
        message = outbound.head(method, target, host, headers, body) + (body or b"")
        deadline = asyncio.get_running_loop().time() + 10
        try:
            return await connection.exchange(method, message, longest_body=20_000_000, deadline=deadline)
        finally:
            connection.close()
