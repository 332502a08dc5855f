"""The catalogue: which service of which system is reached over which platform, under which codes.

Systems, services and platforms are the seed's. Codes, answer shapes and ways of comparing are *profiles*, kept as
data files, because no official text that prints them was found (MaTichHop 033, 037 and 003 come from callers).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from ketnoi_protocol.soap_dialect import SoapOperation, read_dialect

DEFAULT_PROFILE: Final = "2022-seed"
_ENDING: Final = ".toml"


class System(StrEnum):
    """The two systems that agencies connect to."""

    POPULATION = "population"
    IDENTITY = "identity"


class Service(StrEnum):
    """The four services."""

    CONFIRM_IDENTITY_NUMBER = "confirm_identity_number"
    VERIFY_HOUSEHOLD = "verify_household"
    LOOK_UP_CITIZEN = "look_up_citizen"
    VERIFY_CITIZEN = "verify_citizen"


class ConsentOperation(StrEnum):
    """What an agency may do with a citizen's consent before it is used: two operations of the identity system, beside
    its four services [our choice]."""

    REQUEST = "request_consent"
    STATE = "consent_state"


class Platform(StrEnum):
    """The integration platforms: the seed's two, and the one that NĐ 278/2025 puts in their place."""

    VDXP = "VDXP"
    NDXP = "NDXP"
    NDOP = "NDOP"


class Environment(StrEnum):
    """Test or production. An attribute of an entry, never read out of an identifier's text."""

    TEST = "test"
    PRODUCTION = "production"


class AnswerShape(StrEnum):
    """How an answer is written; envelope.py and citizen.py have the types."""

    EXISTS = "exists"
    HOUSEHOLD = "household"
    COUNT = "count"
    QCVN_109 = "qcvn-109"
    C06_037 = "c06-037"


class NameMatch(StrEnum):
    """Names agree at level E (exact) only, or at level L (legacy) too; names.py has both."""

    EXACT = "exact"
    LEGACY = "legacy"


SHAPES: Final = {
    Service.CONFIRM_IDENTITY_NUMBER: (AnswerShape.EXISTS,),
    Service.VERIFY_HOUSEHOLD: (AnswerShape.HOUSEHOLD,),
    Service.LOOK_UP_CITIZEN: (AnswerShape.QCVN_109, AnswerShape.C06_037),
    Service.VERIFY_CITIZEN: (AnswerShape.COUNT,),
}
"""The shapes that an answer of each service can have."""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One service in one environment. `instance` is the X-Road instance, `service_code` X-Road's service code.

    `soap` is how it is asked in SOAP, None where the profile offers it in JSON alone.
    """

    system: System
    service: Service
    platform: Platform
    environment: Environment
    instance: str
    service_code: str
    ma_tich_hop: str
    answer_shape: AnswerShape
    name_match: NameMatch
    year_only_permitted: bool
    title_vi: str
    title_en: str
    soap: SoapOperation | None = None


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One consent operation in one environment. `service_code` is X-Road's service code; it is asked in JSON alone."""

    operation: ConsentOperation
    platform: Platform
    environment: Environment
    instance: str
    service_code: str
    ma_tich_hop: str
    title_vi: str
    title_en: str

    @property
    def system(self) -> System:
        """The system whose services need a consent."""
        return System.IDENTITY


class Catalogue:
    """One profile's entries: 2 systems, 4 services, 2 environments; and the operations by which a consent is had."""

    def __init__(
        self, profile: str, entries: tuple[CatalogueEntry, ...], consent_operations: tuple[ConsentEntry, ...] = ()
    ) -> None:
        self.profile = profile
        self.entries = entries
        self.consent_operations = consent_operations
        self._by_service = {(each.system, each.service, each.environment): each for each in entries}
        self._by_code = {(each.instance, each.service_code): each for each in entries}
        self._consent_by_operation = {(each.operation, each.environment): each for each in consent_operations}
        self._consent_by_code = {(each.instance, each.service_code): each for each in consent_operations}

    def __iter__(self) -> Iterator[CatalogueEntry]:
        """The entries in the profile's order."""
        return iter(self.entries)

    @staticmethod
    @cache
    def load(profile: str = DEFAULT_PROFILE) -> Catalogue:
        """The catalogue of a profile that is shipped. Raises LookupError for any other name."""
        if profile not in profiles():
            raise LookupError(f"there is no such profile; known are {', '.join(profiles())}")
        return _catalogue(profile, _shipped(profile))

    @classmethod
    def of(cls, profile: str, read: Callable[[str], str]) -> Catalogue:
        """The catalogue of a profile that is shipped, or of a file (`….toml`), whose text `read` gives.

        Its dialect, too, may be such a file. Raises LookupError for any other name, ValueError for a text that is no
        profile, which names the file and what is wrong, and what `read` raises.
        """
        if not profile.endswith(_ENDING):
            return cls.load(profile)
        try:
            return _catalogue(profile, _extended(tomllib.loads(read(profile))), read)
        except KeyError as error:
            raise ValueError(f"{profile}: the profile lacks {error}") from None
        except (ValueError, msgspec.ValidationError) as error:
            raise ValueError(f"{profile}: {error}") from None

    def entry(self, system: System | str, service: Service | str, environment: Environment | str) -> CatalogueEntry:
        """The one entry of a service of a system in an environment. Raises LookupError for unknown names."""
        return self._by_service[System(system), Service(service), Environment(environment)]

    def by_code(self, instance: str, service_code: str) -> CatalogueEntry | None:
        """The entry behind an X-Road service of an instance; None when the catalogue has none."""
        return self._by_code.get((instance, service_code))

    def consent_entry(self, operation: ConsentOperation | str, environment: Environment | str) -> ConsentEntry:
        """The one entry of a consent operation in an environment. Raises LookupError, ValueError for unknown names."""
        return self._consent_by_operation[ConsentOperation(operation), Environment(environment)]

    def consent_by_code(self, instance: str, service_code: str) -> ConsentEntry | None:
        """The consent operation behind an X-Road service of an instance; None when the catalogue has none."""
        return self._consent_by_code.get((instance, service_code))


@cache
def profiles() -> tuple[str, ...]:
    """The names of the profiles that are shipped."""
    folder = resources.files(__package__) / "profiles"
    return tuple(sorted(file.name.removesuffix(_ENDING) for file in folder.iterdir() if file.name.endswith(_ENDING)))


_Words: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
_Code: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9'()+,.=?-]{1,255}\Z")]
_Digits: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}\Z")]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a profile's file; a name that it does not know is an error, and so is a value of another type."""


class _Instances(_File, frozen=True, forbid_unknown_fields=True, kw_only=True):
    test: _Code
    production: _Code


class _ServiceRow(_File, frozen=True, forbid_unknown_fields=True, kw_only=True):
    system: System
    service: Service
    platform: Platform
    service_code: _Code
    ma_tich_hop: _Digits
    answer: AnswerShape
    name_match: NameMatch
    year_only_permitted: bool
    vi: _Words
    en: _Words

    def __post_init__(self) -> None:
        """An answer has a shape of its service."""
        if self.answer not in SHAPES[self.service]:
            raise ValueError(f"{self.service} is not answered in the shape {self.answer}")


class _ConsentRow(_File, frozen=True, forbid_unknown_fields=True, kw_only=True):
    operation: ConsentOperation
    platform: Platform
    service_code: _Code
    ma_tich_hop: _Digits
    vi: _Words
    en: _Words


class _Profile(_File, frozen=True, forbid_unknown_fields=True, kw_only=True):
    extends: str = ""
    every: dict[str, Any] = {}
    soap: str = ""
    instances: dict[Platform, _Instances]
    service: tuple[_ServiceRow, ...]
    consent: tuple[_ConsentRow, ...] = ()


def _shipped(profile: str) -> dict[str, Any]:
    text = (resources.files(__package__) / "profiles" / f"{profile}{_ENDING}").read_text(encoding="utf-8")
    return _extended(tomllib.loads(text))


def _extended(table: dict[str, Any]) -> dict[str, Any]:
    """A profile's table with what it takes from the shipped one that it `extends`.

    Its rows say of a service what differs there, and `every` what differs everywhere.
    """
    own = _by_key(table, "service", "system", "service"), _by_key(table, "consent", "operation")
    if "extends" not in table:
        return table
    if table["extends"] not in profiles():
        raise ValueError("a profile extends one that is shipped")
    base = _shipped(table["extends"])
    every = table.get("every", {})
    # Of what differs everywhere, the platform alone says something about a consent operation.
    platform = {name: value for name, value in every.items() if name == "platform"}
    rows = _by_key(base, "service", "system", "service"), _by_key(base, "consent", "operation")
    for known, differing, common in zip(rows, own, (every, platform), strict=True):
        for key in known:
            known[key] |= common
        for key, row in differing.items():
            if key not in known:
                raise ValueError(f"there is no {' '.join(key)} to differ in")
            known[key] |= row
    lists = {"service": list(rows[0].values()), "consent": list(rows[1].values())}
    return base | table | {"instances": base["instances"] | table.get("instances", {}), **lists}


def _by_key(table: dict[str, Any], name: str, *columns: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """The rows of a list by what names them. Raises ValueError where one stands twice, KeyError for one without."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in table.get(name, ()):
        key = tuple(str(row[column]) for column in columns)
        if key in found:
            raise ValueError(f"{' '.join(key)} stands twice")
        found[key] = dict(row)
    return found


def _catalogue(profile: str, table: dict[str, Any], read: Callable[[str], str] | None = None) -> Catalogue:
    told = msgspec.convert(table, _Profile)
    operations = read_dialect(told.soap, read) if told.soap else {}
    entries = tuple(
        CatalogueEntry(
            each.system,
            each.service,
            each.platform,
            environment,
            _instance(told, each.platform, environment),
            each.service_code,
            each.ma_tich_hop,
            each.answer,
            each.name_match,
            each.year_only_permitted,
            each.vi,
            each.en,
            operations.get(each.service),
        )
        for each in told.service
        for environment in Environment
    )
    consents = tuple(
        ConsentEntry(
            each.operation,
            each.platform,
            environment,
            _instance(told, each.platform, environment),
            each.service_code,
            each.ma_tich_hop,
            each.vi,
            each.en,
        )
        for each in told.consent
        for environment in Environment
    )
    _check(told, entries, consents)
    return Catalogue(profile, entries, consents)


def _instance(told: _Profile, platform: Platform, environment: Environment) -> str:
    if platform not in told.instances:
        raise ValueError(f"no instances of {platform}")
    code: str = getattr(told.instances[platform], environment.value)
    return code


def _check(told: _Profile, entries: tuple[CatalogueEntry, ...], consents: tuple[ConsentEntry, ...]) -> None:
    """What would make one service be taken for another."""
    codes = [code for each in told.instances.values() for code in (each.test, each.production)]
    if len(set(codes)) != len(codes):
        raise ValueError("two platforms or environments have the same instance")
    asked = [(each.instance, each.service_code) for each in entries]
    asked += [(each.instance, each.service_code) for each in consents]
    for instance, code in asked:
        if asked.count((instance, code)) > 1:
            raise ValueError(f"two services of {instance} have the code {code}")
