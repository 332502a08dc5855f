"""A whole world on one machine: a synchronous context manager around servers that run on a loop of their own.

    with World() as world:
        justice = world.agency("G15")
        person = world.people.full
        answer = justice.look_up_citizen(Person(person.personal_number, name=person.full_name, birth=birth(person)))

Everything it writes lies in one folder under the machine's folder for temporary files, and is removed at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
import warnings
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import msgspec
import uvloop

from ketnoi_client.agency import Agency
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_protocol.services import Platform, System
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_runtime.logs import JsonLines
from ketnoi_testbed.authority import UnsafeAuthority, UnsafeAuthorityWarning
from ketnoi_testbed.authority_server import AuthorityServer
from ketnoi_testbed.directory_publisher import DirectoryPublisher
from ketnoi_testbed.parts.agencies import AgencySide, directory_content
from ketnoi_testbed.parts.exchanges import OPERATOR, ExchangePart, Joining
from ketnoi_testbed.parts.identity import IdentitySide
from ketnoi_testbed.parts.premises import Premises, free_port
from ketnoi_testbed.parts.registry import RegistryPart
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.plan import DEFAULT, SYSTEM, AgencyPart, Party, Plan, load
from ketnoi_testbed.population import Population, Sample
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.surroundings import Pace, Surroundings

T = TypeVar("T")
Progress = Callable[[str, str], None]
"""Told what is being done, in Vietnamese and in English."""

Directory = Literal["own", "portal"]
"""Who publishes the signed directory: the world from its plan, or a portal that is started beside it."""

AUTHORITY_PORT, DIRECTORY_PORT = 8888, 8090
WITHIN_SECONDS = 120.0


class World:
    """One world, from its file.

    `people` and `seed` are the file's unless given. `processes` runs each server as a process of its own, on the
    machine's clock, which then cannot be moved. `postgres` is a running cluster to use; without one the world starts
    its own, which keeps fsync on unless `durable` is False. With `directory="portal"` the registry polls
    `directory_url`, where somebody else publishes with the key of `directory_signer`.
    """

    def __init__(
        self,
        plan: Plan | str | Path = DEFAULT,
        *,
        people: int | None = None,
        seed: int | None = None,
        processes: bool = False,
        postgres: Postgres | None = None,
        durable: bool = True,
        pace: Pace | None = None,
        progress: Progress = lambda vi, en: None,
        directory: Directory = "own",
    ) -> None:
        self.plan = plan if isinstance(plan, Plan) else load(plan)
        part = self.plan.population
        self.population = Population(part.seed if seed is None else seed, part.people if people is None else people)
        self.processes = processes
        self._postgres, self._durable = postgres, durable
        self._pace, self._directory = pace or Pace(), directory
        self._progress = progress
        self.clock = AdjustableClock()
        self.exchanges: dict[str, ExchangePart] = {}
        self.servers: dict[SecurityServerId, SecurityServerPart] = {}
        self.agencies: dict[str, AgencySide] = {}
        self._anchors: dict[str, bytes] = {}
        self.founded: Future[None] = Future()
        """Done when everything stands but the registry, which needs its people first."""
        self._stack = contextlib.ExitStack()
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="world", daemon=True)

    # Life

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.callback(self._close_loop)
            self._thread.start()
            self.premises = Premises(self._postgres, durable=self._durable)
            stack.callback(self.premises.remove)
            stack.enter_context(_logging_to(self.premises.folder / "world.log"))
            self.around = Surroundings(self.plan, self.premises, self.clock, self._pace)
            stack.callback(lambda: self.run(self._stop()))
            self.run(self._start())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, work: Coroutine[Any, Any, T], within: float = WITHIN_SECONDS) -> T:
        """Run a coroutine on the world's loop and wait for it. Raises what it raises, or TimeoutError."""
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result(within)
        except BaseException:
            # Whoever is interrupted does not leave it running behind their back.
            running.cancel()
            raise

    def _close_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # Bringing up

    async def _start(self) -> None:
        premises, address = self.premises, self.premises.address
        if self._postgres is None:
            self._progress("Cơ sở dữ liệu PostgreSQL riêng", "a private PostgreSQL")
        await asyncio.to_thread(premises.start)
        parties = [party for instance in self.plan.instances for party in self.plan.parties(instance)]
        has_identity = System.IDENTITY in self.plan.systems
        wanted = 1 + has_identity + len(self.plan.platforms) + len(parties)
        databases = list(await asyncio.gather(*[asyncio.to_thread(premises.create_database) for _ in range(wanted)]))

        self._progress("Tổ chức chứng thực Unsafe: CA, OCSP, dấu thời gian", "the Unsafe authority: CA, OCSP, TSA")
        with warnings.catch_warnings(action="ignore", category=UnsafeAuthorityWarning):
            self.authority = UnsafeAuthority(self.clock)
        ports = premises.ports
        self.authority_server = AuthorityServer(self.authority, address(1), ports[AUTHORITY_PORT])
        await self.authority_server.start()

        self.registry = RegistryPart(self.around, self.authority, address(3), databases.pop())
        if has_identity:
            self.identity = IdentitySide(self.around, self.authority, address(5), databases.pop(), free_port())
            self.registry.lives_beside(self.identity)
            await self.identity.start(self.registry, as_process=self.processes)
            self._progress("Định danh và xác thực điện tử", "the identity system")
        self._progress(
            f"Dân số giả định: {self.population.people} người (song song)",
            f"{self.population.people} invented people, meanwhile",
        )
        loading = asyncio.create_task(self.registry.prepare(self.population, processes=2))
        try:
            await self._found(parties, databases)
            self.founded.set_result(None)
            await loading
            await self.registry.start(as_process=self.processes)
            self._progress("CSDLQG về dân cư, đã nạp đủ người", "the registry, with everybody in it")
        except BaseException as error:
            if not self.founded.done():
                self.founded.set_exception(error)
            raise
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)

    async def _found_exchange(self, exchange: ExchangePart) -> None:
        """Everybody's keys on one platform, the platform itself, and its first publication."""
        instance = exchange.instance
        joining = [
            Joining(each.party, each.host, certificate)
            for each, certificate in [(each, each.make_keys(self.authority)) for each in self._servers_of(instance)]
            if not each.party.is_newcomer
        ]
        self._anchors[instance] = await exchange.found(self.authority_server, joining)
        await exchange.hosted.start(as_process=self.processes)
        operator = exchange.part
        self._progress(f"Nền tảng {instance} ({operator.operator_vi})", f"platform {instance} ({operator.operator_en})")

    async def _found(self, parties: list[Party], databases: list[str]) -> None:
        """Everything but the registry, which needs its people first."""
        address = self.premises.address
        for number, part in enumerate(self.plan.platforms):
            exchange = ExchangePart(self.around, part, address(10 + number), databases.pop())
            self.exchanges[exchange.instance] = exchange
        for number, party in enumerate(parties):
            server = SecurityServerPart(self.around, party, address(20 + number), databases.pop())
            self.servers[server.id] = server
        await asyncio.gather(*[self._found_exchange(each) for each in self.exchanges.values()])
        for agency in (*self.plan.agencies, *self.plan.newcomers):
            side = AgencySide(self.around, agency, self.authority)
            side.write({self.plan.instances[each.party.instance]: each for each in self._servers_of_agency(agency)})
            self.agencies[agency.code] = side
        self.directory_signer = self.authority.issue_authentication("Unsafe Directory")
        if self._directory == "own":
            await self._start_directory()
        callers = {
            each.party.instance: each.internal_certificate for each in self.servers.values() if each.party.is_provider
        }
        self.registry.write(callers, self.directory_url, self.directory_signer.pem)
        self._progress(f"{len(self.servers)} máy chủ bảo mật", f"{len(self.servers)} security servers")
        await asyncio.gather(*[self.start_server(each) for each in self.servers.values()])
        await asyncio.gather(*[self._configure(each) for each in self.servers.values()])

    async def _start_directory(self) -> None:
        self.directory = DirectoryPublisher(
            self.plan.environment,
            self.directory_signer,
            self.clock,
            self.premises.address(2),
            self.premises.ports[DIRECTORY_PORT],
            interval=self._pace.directory,
        )
        await self.directory.start(directory_content(self.around, self.registered_agencies))

    async def hand_directory_over(self) -> None:
        """Publish no longer: from now on somebody else does, at the same address and with the same key."""
        await self.directory.stop()
        del self.directory

    async def start_server(self, server: SecurityServerPart) -> None:
        """Start a security server, for the first time or again."""
        await server.start(self._anchors[server.party.instance], as_process=self.processes)

    async def _configure(self, server: SecurityServerPart) -> None:
        """What the server's operator enters: its information system, and for C06 the services and who may ask."""
        party = server.party
        if isinstance(party.part, AgencyPart):
            await server.add_client(self.agencies[party.part.code].tls.der)
            return
        await server.add_client(self.registry.tls.der)
        offered = self.plan.services_of(party.instance)
        consents = [each.service_code for each in self.plan.consent_operations_of(party.instance)]
        for code in [*(each.service_code for each in offered), *consents]:
            await server.add_service(code, self.registry.url(code))
        for consumer in self.plan.parties(party.instance):
            if isinstance(consumer.part, AgencyPart) and not consumer.is_newcomer:
                granted = {grant.service for grant in consumer.part.grants if grant.active}
                codes = [each.service_code for each in offered if each.system is SYSTEM and each.service in granted]
                identity = self.plan.identity.get(consumer.part.code)
                if identity is not None:
                    others = [each for each in offered if each.system is not SYSTEM]
                    codes += [each.service_code for each in others if each.service in identity.services] + consents
                if codes:
                    await server.give_right(consumer, codes)

    async def _stop(self) -> None:
        """Whatever has been started is stopped, callers before those they call."""
        for side in self.agencies.values():
            side.close()
        stops: list[Coroutine[Any, Any, None]] = [each.stop() for each in self.servers.values()]
        for name in ("registry", "identity"):
            if hasattr(self, name):
                stops.append(getattr(self, name).stop())
        stops += [each.hosted.stop() for each in self.exchanges.values()]
        await asyncio.gather(*stops)
        for listener in ("directory", "authority_server"):
            if hasattr(self, listener):
                await getattr(self, listener).stop()

    # What is in it

    @property
    def folder(self) -> Path:
        """Where the world's files are."""
        return self.premises.folder

    @property
    def directory_url(self) -> str:
        """Where the registry expects its signed directory."""
        return f"http://{self.premises.address(2)}:{self.premises.ports[DIRECTORY_PORT]}"

    @property
    def registered_agencies(self) -> list[AgencySide]:
        """The agencies that are there from the beginning: all but the newcomers."""
        return [self.agencies[each.code] for each in self.plan.agencies]

    def agency(self, code: str) -> Agency:
        """An agency's client, ready to ask."""
        return self.agencies[code].agency

    def agency_file(self, code: str) -> Path:
        """An agency's settings file, for the command `ketnoi`."""
        return self.agencies[code].settings

    @cached_property
    def people(self) -> Sample:
        """People of this world for stories."""
        return self.population.sample()

    def exchange(self, platform: Platform | str) -> ExchangePart:
        """The exchange of a platform."""
        return self.exchanges[self.plan.instance(Platform(platform))]

    def server(self, platform: Platform | str, code: str) -> SecurityServerPart:
        """A member's security server on a platform, by the member's code."""
        instance = self.plan.instance(Platform(platform))
        return next(each for each in self._servers_of(instance) if each.party.part.code == code)

    def provider(self, platform: Platform | str) -> SecurityServerPart:
        """C06's security server on a platform."""
        return self.server(platform, self.plan.provider.code)

    def _servers_of(self, instance: str) -> list[SecurityServerPart]:
        return [each for each in self.servers.values() if each.party.instance == instance]

    def _servers_of_agency(self, part: AgencyPart) -> list[SecurityServerPart]:
        return [each for each in self.servers.values() if each.party.part is part]

    # What can be done in it

    async def add_server(self, platform: Platform | str, code: str, server_code: str) -> SecurityServerPart:
        """One more security server of an agency, registered, running, with the agency's information system on it.

        C06 has not opened any service to it.
        """
        exchange = self.exchange(platform)
        first = self.server(platform, code)
        assert isinstance(first.party.part, AgencyPart)
        party = Party(self.plan, exchange.instance, msgspec.structs.replace(first.party.part, server=server_code))
        database = await asyncio.to_thread(self.premises.create_database)
        server = SecurityServerPart(self.around, party, self.premises.address(20 + len(self.servers)), database)
        certificate = server.make_keys(self.authority)
        async with exchange.actions() as actions:
            await actions.add_security_server(OPERATOR, server.id, server.host, certificate, [party.subsystem])
        self.servers[server.id] = server
        await self.start_server(server)
        await server.add_client(self.agencies[code].tls.der)
        await self.settle(exchange.instance)
        return server

    def agency_through(self, code: str, server: SecurityServerPart) -> Agency:
        """An agency's client that asks through another security server of its own; the caller closes it."""
        return self.agencies[code].through(self.plan.instances[server.party.instance], server)

    async def settle(self, instance: str) -> None:
        """Wait until everybody on a platform works by what has been registered there by now."""
        exchange = self.exchanges[instance]
        if exchange.hosted.process is not None:
            await asyncio.sleep(2 * self._pace.publish + 2 * self._pace.fetch)
            return
        await exchange.hosted.running.until_published()
        for each in self._servers_of(instance):
            if each.hosted.is_running:
                state = each.hosted.running.state
                await state.globalconf.poll()
                await state.credentials.refresh()

    def until(self, is_so: Callable[[], object], within: float = 30.0) -> None:
        """Wait, on the caller's thread, until something has come to pass. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError("it did not come to pass")
            time.sleep(0.05)

    def listen(self, listener: Callable[[Any], None]) -> None:
        """Call `listener` with every StepEvent, CallEvent and ExchangeEvent; never while servers are processes."""
        self.around.listeners.append(listener)


@contextlib.contextmanager
def _logging_to(path: Path) -> Any:
    """Everything that servers in this process log goes into a file of the world."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(JsonLines())
    names = ["ketnoi_exchange", "ketnoi_securityserver", "ketnoi_registry", "ketnoi_runtime", "ketnoi_testbed"]
    loggers = [logging.getLogger(name) for name in names]
    before = [(each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.INFO)
        each.propagate = False
    try:
        yield
    finally:
        for each, (level, propagate) in zip(loggers, before, strict=True):
            each.removeHandler(handler)
            each.setLevel(level)
            each.propagate = propagate
        handler.close()
