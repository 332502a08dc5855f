"""The worlds that are measured: every server a process of its own, P-256, logs durable."""

from __future__ import annotations

from dataclasses import dataclass

from bench.load import Person, Questions, Target, presenting
from ketnoi_client import settings as client_settings
from ketnoi_client.account import AccountKey
from ketnoi_client.clock import system_now
from ketnoi_protocol.services import Service
from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.plan import SYSTEM
from ketnoi_testbed.surroundings import Pace
from ketnoi_testbed.world import World

AGENCY, PLATFORM, SERVICE = "H55", "VDXP", Service.LOOK_UP_CITIZEN
ASKED_ABOUT = 500

# As in the country, so that nothing else happens often: time stamps each minute, configuration each minute.
CALM = Pace(publish=60.0, fetch=10.0, directory=10.0, poll_directory=5.0, ocsp=1200.0, timestamp=60.0)


class UnsignedWorld(World):
    """The same world with security servers that neither sign, verify nor log."""

    async def start_server(self, server: SecurityServerPart) -> None:
        server.hosted.program = "bench.unsigned"
        await super().start_server(server)


@dataclass(frozen=True)
class Path:
    """One way for questions, and the processes on it."""

    target: Target
    questions: Questions
    pids: dict[str, int]


def through_both_servers(world: World, ask: type[Questions] = Questions, asked: Questions | None = None) -> Path:
    """From the agency through its own and C06's security server to the registry; `asked` are other questions."""
    side = world.agencies[AGENCY]
    asked = asked or questions(world, ask)
    entry = asked.entry
    own, provider = world.server(entry.platform, AGENCY), world.provider(entry.platform)
    path = f"/r1/{provider.party.subsystem.service(entry.service_code).slash}"
    context = presenting(str(side.folder / "tls.pem"), str(side.folder / "tls-key.pem"))
    target = Target(own.host, own.settings.listen.consumer_https, path, context)
    return Path(target, asked, {"consumer": _pid(own), "provider": _pid(provider)})


def straight_to_the_registry(world: World) -> Path:
    """The same caller in the place of C06's security server: mutual TLS, all gates, the access log."""
    certificate, key = world.provider(PLATFORM).keys.internal_files
    path = f"/v1/{world.plan.entry(SERVICE).service_code}"
    target = Target(world.registry.host, world.registry.port, path, presenting(str(certificate), str(key)))
    process = world.registry.hosted.process
    assert process is not None
    return Path(target, questions(world), {"registry": process.pid})


def questions(world: World, ask: type[Questions] = Questions) -> Questions:
    """Look-ups of people who exist, by the agency."""
    settings = client_settings.load(world.agencies[AGENCY].settings)
    key = AccountKey(settings, settings.account(SYSTEM), system_now)
    people = [
        Person(row.personal_number, row.full_name, birth_of(row))
        for row, _ in zip(world.population, range(ASKED_ABOUT), strict=False)
    ]
    return ask(settings, world.plan.entry(SERVICE), key, people)


def numbers(world: World) -> list[str]:
    """Some people's personal numbers, spread over the register."""
    step = max(1, world.population.people // ASKED_ABOUT)
    return [row.personal_number for index, row in enumerate(world.population) if index % step == 0][:ASKED_ABOUT]


def _pid(part: SecurityServerPart) -> int:
    assert part.hosted.process is not None
    return part.hosted.process.pid
