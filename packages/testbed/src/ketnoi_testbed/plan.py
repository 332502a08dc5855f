"""A world as it is written down: one readable file that says who is there and who may what.

`like = "<name>"` begins with another world of this folder, of which top-level values are replaced.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from ketnoi_protocol.identifiers import MemberId, OrganisationCode, SecurityServerId, SubsystemId
from ketnoi_protocol.services import Catalogue, CatalogueEntry, ConsentEntry, Environment, Platform, Service, System

DEFAULT = "two_platforms"
SYSTEM = System.POPULATION


class WorldError(Exception):
    """A world that cannot be: the text says what to mend."""


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Something in the file; unknown names are errors."""


class PopulationPart(_Part, frozen=True):
    """How many invented people, and the seed that decides who they are."""

    seed: int = 2026
    people: int = 2000


class PlatformPart(_Part, frozen=True):
    """One platform, and who governs it; `operator` is an organisation code."""

    platform: Platform
    operator: str
    operator_vi: str
    operator_en: str


class ProviderPart(_Part, frozen=True):
    """Who answers: a member with one subsystem, and one security server on each platform."""

    code: str
    vi: str
    en: str
    subsystem: str
    subsystem_vi: str
    subsystem_en: str
    server: str = "SS01"


class UnitPart(_Part, frozen=True):
    """A unit beneath an agency."""

    code: str
    name: str


class OfficerPart(_Part, frozen=True):
    """An officer's account, or that of the agency's information system itself (`of_system`)."""

    code: str
    unit: str
    services: tuple[Service, ...]
    active: bool = True
    of_system: bool = False


class GrantPart(_Part, frozen=True):
    """What an agency may ask of one service. Its security servers are opened for it as well."""

    service: Service
    procedures: tuple[str, ...]
    fields: tuple[str, ...] = ()
    match_fields: tuple[str, ...] = ()
    active: bool = True


class IdentityPart(_Part, frozen=True):
    """What an agency has at the identity system: an integration account, the account under which its information
    system itself asks (`officer`), and one licence for `services`, whose answers show no more than was agreed to."""

    account: str
    officer: str
    procedures: tuple[str, ...]
    services: tuple[Service, ...] = tuple(Service)
    fields: tuple[str, ...] = ()
    match_fields: tuple[str, ...] = ()


class AgencyPart(_Part, frozen=True):
    """Who asks. `officer`, `procedure` and `unit` are what its client asks with unless told otherwise.

    `platforms` are those on which it has a security server; none named means all of the world's.
    """

    code: str
    vi: str
    en: str
    subsystem: str
    subsystem_vi: str
    subsystem_en: str
    account: str = ""
    officer: str = ""
    procedure: str = ""
    unit: str = ""
    server: str = "SS01"
    platforms: tuple[Platform, ...] = ()
    units: tuple[UnitPart, ...] = ()
    officers: tuple[OfficerPart, ...] = ()
    grants: tuple[GrantPart, ...] = ()


class Plan(_Part, frozen=True):
    """One world.

    `newcomers` have security servers with keys and certificates, but no platform has registered them and C06 has
    opened nothing to them: that is the portal's work. C06 answers for the `systems`; `identity` says, by their codes,
    which agencies are connected to the identity system. With `existing_database` its
    registry stands in front of a database that was there before, and keeps no people itself.
    """

    vi: str
    en: str
    environment: Environment
    platforms: tuple[PlatformPart, ...]
    provider: ProviderPart
    agencies: tuple[AgencyPart, ...]
    newcomers: tuple[AgencyPart, ...] = ()
    systems: tuple[System, ...] = (SYSTEM,)
    identity: dict[str, IdentityPart] = {}
    member_class: str = "GOV"
    profile: str = "2022-seed"
    existing_database: bool = False
    population: PopulationPart = msgspec.field(default_factory=PopulationPart)

    @property
    def members(self) -> list[ProviderPart | AgencyPart]:
        """Everybody who has security servers, C06 first."""
        return [self.provider, *self.agencies, *self.newcomers]

    @property
    def catalogue(self) -> Catalogue:
        """The services as this world knows them."""
        return Catalogue.of(self.profile, lambda name: Path(name).read_text(encoding="utf-8"))

    def entry(self, service: Service) -> CatalogueEntry:
        """One service of the population system in this world's environment."""
        return self.catalogue.entry(SYSTEM, service, self.environment)

    def instance(self, platform: Platform) -> str:
        """The X-Road instance that a platform is in this environment."""
        return next(
            each.instance
            for each in self.catalogue
            if each.platform is platform and each.environment is self.environment
        )

    @property
    def instances(self) -> dict[str, Platform]:
        """Every instance of this world with its platform."""
        return {self.instance(each.platform): each.platform for each in self.platforms}

    def services_of(self, instance: str) -> list[CatalogueEntry]:
        """What C06 answers in an instance."""
        entries = (
            self.catalogue.entry(each, service, self.environment) for each in self.systems for service in Service
        )
        return [each for each in entries if each.instance == instance]

    def consent_operations_of(self, instance: str) -> list[ConsentEntry]:
        """By what consents are asked for in an instance: nothing where C06 does not answer for the identity system."""
        operations = self.catalogue.consent_operations if System.IDENTITY in self.systems else ()
        return [each for each in operations if (each.instance, each.environment) == (instance, self.environment)]

    def parties(self, instance: str) -> list[Party]:
        """Everybody who has a security server in an instance, C06 first."""
        platform = self.instances[instance]
        return [
            Party(self, instance, each)
            for each in self.members
            if isinstance(each, ProviderPart) or not each.platforms or platform in each.platforms
        ]


@dataclass(frozen=True)
class Party:
    """One member in one instance, with its identifiers there."""

    plan: Plan
    instance: str
    part: ProviderPart | AgencyPart

    @property
    def member(self) -> MemberId:
        """The member."""
        return MemberId(self.instance, self.plan.member_class, self.part.code)

    @property
    def subsystem(self) -> SubsystemId:
        """Its information system."""
        return self.member.subsystem(self.part.subsystem)

    @property
    def server(self) -> SecurityServerId:
        """Its security server."""
        return SecurityServerId(self.instance, self.plan.member_class, self.part.code, self.part.server)

    @property
    def is_provider(self) -> bool:
        """Whether it answers rather than asks."""
        return isinstance(self.part, ProviderPart)

    @property
    def is_newcomer(self) -> bool:
        """Whether its platforms do not know it yet."""
        return self.part in self.plan.newcomers


def load(world: str | Path = DEFAULT) -> Plan:
    """Read a world: the name of one that is shipped, or a file. Raises WorldError."""
    try:
        content = _content(world)
        plan = msgspec.convert(content, Plan, strict=True)
        _check(plan)
    except (msgspec.ValidationError, ValueError, LookupError) as error:
        raise WorldError(f"{world}: {error}; mend this in the world's file") from error
    return plan


def shipped() -> list[str]:
    """The names of the worlds that are shipped."""
    folder = resources.files(__package__) / "worlds"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def _content(world: str | Path) -> dict[str, Any]:
    if isinstance(world, str) and world in shipped():
        text = (resources.files(__package__) / "worlds" / f"{world}.toml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(world).read_text(encoding="utf-8")
        except OSError as error:
            raise WorldError(f"{world}: cannot be read ({error.strerror}); known are {', '.join(shipped())}") from error
    content = tomllib.loads(text)
    like = content.pop("like", None)
    return content if like is None else _content(str(like)) | content


def _check(plan: Plan) -> None:
    """What no server would tell in time."""
    for code in [each.operator for each in plan.platforms] + [each.code for each in plan.members]:
        OrganisationCode.parse(code)
    for agency in (*plan.agencies, *plan.newcomers):
        own = OrganisationCode.parse(agency.code)
        units = {agency.code, *(unit.code for unit in agency.units)}
        for unit in sorted(units | {officer.unit for officer in agency.officers}):
            if not own.covers(OrganisationCode.parse(unit)):
                raise ValueError(f"`{unit}` is neither {agency.code} nor beneath it")
        if agency.account and agency.officer not in {officer.code for officer in agency.officers}:
            raise ValueError(f"`{agency.officer}` is no officer of {agency.code}")
    for instance in plan.instances:
        for party in plan.parties(instance):
            _ = party.subsystem, party.server
    platforms = set(plan.instances.values())
    for service in Service:
        if plan.entry(service).platform not in platforms:
            raise ValueError(f"nobody governs {plan.entry(service).platform}, which {service} goes over")
