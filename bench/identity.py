"""The identity system beside the population's: the same look-up, with a lasting consent that is used each time."""

from __future__ import annotations

from collections.abc import Callable

from bench.load import Load, Person, Questions
from bench.sides import Side, take_turns
from bench.worlds import AGENCY, CALM, through_both_servers
from ketnoi_client import consents
from ketnoi_client import settings as client_settings
from ketnoi_client.account import AccountKey
from ketnoi_client.clock import system_now
from ketnoi_protocol.services import Service, System
from ketnoi_testbed.asking import birth_of, person_of
from ketnoi_testbed.cards import Cards
from ketnoi_testbed.citizens import Citizens
from ketnoi_testbed.plan import SYSTEM
from ketnoi_testbed.world import World

CITIZENS = 40
"""Who has agreed, and is looked up in both systems."""
FIELDS = ("SoDinhDanh", "HoVaTen", "NgayThangNamSinh", "ThuongTru")
"""As many as the agency is licensed for in the population system."""


def identity_over_population(
    seconds: float, people: int, callers: int, tell: Callable[[str], None]
) -> dict[str, float]:
    """Exchanges a second through both security servers, in turns on one world, each server a process of its own."""
    tell(f"a world of {people:,} people with the identity system, each server a process")
    with World("identity", people=people, processes=True, pace=CALM) as world:
        tell(f"{CITIZENS} citizens agree")
        asked = _agreed(world)
        sides = {}
        for name, system in (("identity", System.IDENTITY), ("population", SYSTEM)):
            way = through_both_servers(world, asked=_questions(world, system, asked))
            sides[name] = Side(name, Load(way.target, way.questions, callers).run, way.pids)
        take_turns(tuple(sides.values()), seconds, tell)
    rates = {name: side.rate for name, side in sides.items()}
    return {
        "identity_over_population": rates["identity"] / rates["population"],
        "identity_per_second": rates["identity"],
        "population_per_second": rates["population"],
        "identity_p50_ms": sides["identity"].percentile(0.5) * 1e3,
        "population_p50_ms": sides["population"].percentile(0.5) * 1e3,
    }


def _agreed(world: World) -> list[Person]:
    citizens, agency = Citizens.of(world), world.agency(AGENCY)
    cards = Cards(world, citizens)
    officer = world.plan.identity[AGENCY].officer
    grown = (row for row in world.population if row.life_status == "alive" and row.birth_year < 2000)
    found = []
    for row, _ in zip(grown, range(CITIZENS), strict=False):
        asked = consents.request(
            agency, person_of(row), Service.LOOK_UP_CITIZEN,
            purpose="Đo tốc độ", fields=FIELDS, one_time=False, officer=officer,
        )  # fmt: skip
        citizen = citizens.enrol(row)
        cards.attest(citizen)
        citizen.agree(asked.answer.consent)
        found.append(Person(row.personal_number, row.full_name, birth_of(row), asked.answer.consent))
    return found


def _questions(world: World, system: System, asked: list[Person]) -> Questions:
    settings = client_settings.load(world.agencies[AGENCY].settings)
    entry = world.plan.catalogue.entry(system, Service.LOOK_UP_CITIZEN, world.plan.environment)
    people = asked
    if system is SYSTEM:
        people = [Person(each.personal_number, each.name, each.birth) for each in asked]
    made = Questions(settings, entry, AccountKey(settings, settings.account(system), system_now), people)
    if system is not SYSTEM:
        made.officer = world.plan.identity[AGENCY].officer
    return made
