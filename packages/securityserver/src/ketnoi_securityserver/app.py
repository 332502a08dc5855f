"""One security server, put together: started, and stopped when its running exchanges are done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.web import Listener
from ketnoi_securityserver import tls
from ketnoi_securityserver.admin import Admin
from ketnoi_securityserver.backend import Backend
from ketnoi_securityserver.consumer import Consumer
from ketnoi_securityserver.doors import Doors
from ketnoi_securityserver.gathering import Gathering
from ketnoi_securityserver.metaservices import Metaservices
from ketnoi_securityserver.observer import Observer
from ketnoi_securityserver.parties import Parties, Records
from ketnoi_securityserver.peer_certificates import PeerCertificates
from ketnoi_securityserver.peers import PeerConnector
from ketnoi_securityserver.provider import Provider
from ketnoi_securityserver.serverconf import LocalService
from ketnoi_securityserver.settings import Settings
from ketnoi_securityserver.signing import Signer, Signs, Verifier, Verifies
from ketnoi_securityserver.state import State

KEEPALIVE = 75.0
"""Seconds that an idle connection to us stays open: longer than the 15 s for which callers reuse one."""

DRAIN = 5.0
"""Seconds that exchanges under way get when the server stops."""

GATHER = 0.004
"""Seconds for which a message waits for others on its way into the log, if there are others [our choice]."""


@dataclass(frozen=True, slots=True)
class UnsafeParts:
    """What a measurement puts in the place of signing, verifying and logging, to see what these cost.

    Nothing in this package makes one, and no setting can.
    """

    signer: Signs
    verifier: Verifies
    log: Records


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports bound; they differ from those in the settings where these say 0."""

    consumer_http: int
    consumer_https: int
    peers: int
    ocsp: int
    admin: int


class SecurityServer:
    """A running security server. `state` and `admin` are there for operators and for worlds that hold one in hand."""

    def __init__(self, settings: Settings, state: State, admin: Admin, ports: Ports) -> None:
        self.settings = settings
        self.state = state
        self.admin = admin
        self.ports = ports
        self._stack = contextlib.AsyncExitStack()

    @property
    def id(self) -> SecurityServerId:
        """Which server this is."""
        return self.settings.server_id

    @classmethod
    async def start(
        cls, settings: Settings, clock: Clock, observer: Observer | None = None, *, unsafe: UnsafeParts | None = None
    ) -> SecurityServer:
        """Start everything; the server accepts messages when this returns.

        Raises what State.start raises, OSError when an address cannot be bound, KeyStoreError when `init` has not
        been run.
        """
        async with contextlib.AsyncExitStack() as stack:
            state = await State.start(settings, clock)
            stack.push_async_callback(state.stop)
            contexts = tls.Contexts(
                state.credentials, state.globalconf.current, state.serverconf, settings.kind.newest_tls
            )
            doors = _doors(settings, clock, observer, state, contexts, unsafe, stack)
            admin = Admin(state, settings.server_id, clock)
            ports = await stack.enter_async_context(_listening(settings, state, contexts, doors, admin))
            server = cls(settings, state, admin, ports)
            server._stack = stack.pop_all()
            return server

    async def stop(self) -> None:
        """Take no more exchanges, let those under way end, close everything."""
        await self._stack.aclose()


def _doors(
    settings: Settings,
    clock: Clock,
    observer: Observer | None,
    state: State,
    contexts: tls.Contexts,
    unsafe: UnsafeParts | None,
    stack: contextlib.AsyncExitStack,
) -> Doors:
    signer = Signer(direct=settings.kind.direct_references)
    stack.callback(signer.close)
    serverconf = state.serverconf
    parties = Parties(
        server=settings.server_id,
        settings=settings,
        clock=clock,
        configuration=state.globalconf.current,
        serverconf=serverconf,
        credentials=state.credentials,
        signer=unsafe.signer if unsafe else signer,
        verifier=unsafe.verifier if unsafe else Verifier(),
        log=unsafe.log if unsafe else Gathering(state.log, GATHER),
        observer=observer,
        traffic=state.traffic,
    )
    certificates = PeerCertificates(settings.peers)
    peers = PeerConnector(settings.peers, clock, parties.current_configuration, contexts.calling_peers, certificates)
    stack.callback(peers.close)

    def registered(service: LocalService) -> frozenset[bytes]:
        owner = serverconf.client(service.id.provider)
        return owner.is_certificates if owner is not None else frozenset()

    backend = Backend(
        contexts.calling_information_systems,
        registered,
        idle=settings.peers.idle,
        connect_timeout=settings.peers.connect_timeout,
        longest_body=settings.limits.body,
    )
    stack.callback(backend.close)
    consumer = Consumer(parties, peers)
    provider = Provider(parties, certificates, backend, Metaservices(serverconf))
    return Doors(parties, consumer, provider, state.evidence.handlers)


@contextlib.asynccontextmanager
async def _listening(
    settings: Settings, state: State, contexts: tls.Contexts, doors: Doors, admin: Admin
) -> AsyncIterator[Ports]:
    listen, newest = settings.listen, settings.kind.newest_tls
    for_peers = tls.renewed(contexts.called_by_peers, newest, certificate_required=True)
    for_systems = tls.renewed(contexts.called_by_information_systems, certificate_required=False)
    systems = doors.information_systems
    listeners = [
        Listener(systems(KEEPALIVE), listen.host, listen.consumer_http, drain=DRAIN),
        Listener(
            doors.information_systems(KEEPALIVE), listen.host, listen.consumer_https, tls=for_systems, drain=DRAIN
        ),
        Listener(doors.peers(KEEPALIVE), listen.host, listen.peers, tls=for_peers, drain=DRAIN),
        Listener(state.ocsp.server(), listen.host, listen.ocsp, drain=DRAIN),
        Listener(admin.application(), listen.host, listen.admin, tls=for_systems, drain=DRAIN),
    ]
    try:
        for listener in listeners:
            await listener.start()
        yield Ports(*(listener.port for listener in listeners))
    finally:
        doors.closing = True
        await asyncio.gather(*(listener.stop() for listener in listeners))
