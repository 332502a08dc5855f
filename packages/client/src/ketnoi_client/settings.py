"""An agency's settings: which environment, through which security servers, with which keys."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from ketnoi_client.problems import SettingsError
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode, SubsystemId
from ketnoi_protocol.services import Catalogue, CatalogueEntry, ConsentEntry, Environment, Platform, Service, System


@lru_cache(maxsize=16)
def _catalogue(profile: str, base: str) -> Catalogue:
    return Catalogue.of(profile, lambda name: (Path(base) / name).read_text(encoding="utf-8"))


class Account(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An integration account that C06 issued for one system: its id and the file of its P-256 private key (PEM)."""

    id: str
    key: str


class Gate(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The agency's own security server on one platform.

    `security_server` is its address for information systems, `https://host:8443`. `certificate` and `key` are the
    information system's TLS files as registered there; `trusted` is the server's internal certificate (PEM; two while
    it is being changed), and no other is accepted. `provider` is C06's subsystem, written
    `memberClass/memberCode/subsystemCode`.
    """

    security_server: str
    certificate: str
    key: str
    trusted: str
    provider: str


class SoapGateway(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Where the gateway for today's SOAP callers listens, and who they are.

    `tables` is a TOML file that its owner alone may read (chmod 600), since it may hold officers' personal numbers:
    `[MaCanBo]` and `[TaiKhoan]` lead from what callers send to an officer's account code, `[MaDonVi]` and `[MaDVC]`
    from codes that they use to approved ones. `certificate` and `key` make it HTTPS. Callers are known by the client
    certificates in `callers` (PEM), by `caller_addresses` (addresses or networks), and by `user` and `password` (a
    file) as HTTP Basic, each where it is given. HTTPS and one of the three are needed to listen elsewhere than on this
    machine. `address` is what the WSDL says callers should call; without it they are told the host that they asked.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8084
    tables: str = "soap-gateway.toml"
    user: str = ""
    password: str = ""
    certificate: str = ""
    key: str = ""
    callers: str = ""
    caller_addresses: tuple[str, ...] = ()
    address: str = ""
    max_connections: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One agency's information system in one environment.

    `organisation` is the member code, `unit` (MaDonVi) the organisation itself or a unit beneath it, `officer`
    (MaCanBo) the account code of the officer who asks and `procedure` (MaDVC) the procedure that is asked for, both
    unless a call names others. `timeout` in seconds, for each step of a call: connecting, sending, waiting.
    """

    environment: Environment
    organisation: str
    subsystem: str
    unit: str = ""
    officer: str = ""
    procedure: str = ""
    member_class: str = "GOV"
    profile: str = "2022-seed"
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    base: str = "."
    accounts: dict[System, Account]
    platforms: dict[Platform, Gate]
    soap_gateway: SoapGateway = SoapGateway()

    def path(self, name: str) -> Path:
        """A file that the settings name; relative ones are meant from the settings file's folder."""
        return Path(self.base) / name

    @property
    def catalogue(self) -> Catalogue:
        """The services as `profile` has them: the name of one that is shipped, or a file (`….toml`).

        Raises LookupError for another name, OSError, ValueError for a file that is no profile.
        """
        return _catalogue(self.profile, self.base)

    def entry(self, system: System | str, service: Service | str) -> CatalogueEntry:
        """The catalogue's entry of a service in this environment."""
        return self.catalogue.entry(system, service, self.environment)

    def client_id(self, entry: CatalogueEntry | ConsentEntry) -> SubsystemId:
        """Our own subsystem on the entry's instance."""
        return SubsystemId(entry.instance, self.member_class, self.organisation, self.subsystem)

    def provider_id(self, entry: CatalogueEntry | ConsentEntry) -> SubsystemId:
        """C06's subsystem on the entry's instance."""
        return SubsystemId.from_slash(f"{entry.instance}/{self.gate(entry).provider}")

    def gate(self, entry: CatalogueEntry | ConsentEntry) -> Gate:
        """Our security server on the entry's platform. Raises SettingsError when there is none."""
        found = self.platforms.get(entry.platform)
        if found is None:
            raise SettingsError(
                f"chưa có [platforms.{entry.platform}] trong tệp cấu hình · "
                f"the settings have no [platforms.{entry.platform}], which {entry.title_en} goes over"
            )
        return found

    def entries(self) -> Iterator[CatalogueEntry]:
        """The catalogue's entries of this environment that go over a platform of ours."""
        for entry in self.catalogue:
            if entry.environment is self.environment and entry.platform in self.platforms:
                yield entry

    def account(self, system: System) -> Account:
        """Our integration account for a system. Raises SettingsError when there is none."""
        found = self.accounts.get(system)
        if found is None:
            raise SettingsError(
                f"chưa có [accounts.{system}] trong tệp cấu hình · the settings have no [accounts.{system}]"
            )
        return found


def load(file: str | os.PathLike[str]) -> Settings:
    """Read a settings file (TOML). Raises SettingsError, which names the file, the field and the mend."""
    path = Path(file)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: không đọc được · cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: không phải TOML UTF-8 · is not TOML in UTF-8: {error}") from error
    content.setdefault("base", str(path.resolve().parent))
    try:
        settings = msgspec.convert(content, Settings, strict=True)
        _check(settings)
    except (msgspec.ValidationError, InvalidIdentifier, LookupError) as error:
        raise SettingsError(f"{path}: {error}; sửa trường này rồi chạy lại · mend this field and try again") from error
    return settings


def _check(settings: Settings) -> None:
    """What can be known to be wrong before a call is made."""
    organisation = OrganisationCode.parse(settings.organisation)
    if settings.unit and not organisation.covers(OrganisationCode.parse(settings.unit)):
        raise LookupError("`unit` is neither the organisation nor beneath it")
    for entry in settings.catalogue:
        if entry.platform in settings.platforms:
            settings.client_id(entry)
            settings.provider_id(entry)
    for name, gate in settings.platforms.items():
        if not _is_address(gate.security_server, "https") or urlsplit(gate.security_server).path not in ("", "/"):
            raise LookupError(f"`platforms.{name}.security_server` is not an address like https://ss.example:8443")
    told = settings.soap_gateway.address
    if told and not _is_address(told, "https", "http"):
        raise LookupError("`soap_gateway.address` is not an address like https://gateway.example:8084")


def _is_address(text: str, *schemes: str) -> bool:
    """Whether a text is an absolute URL that names a host and nothing but, perhaps, a port and a path."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and text.isprintable() and not (" " in text or "@" in text or parts.query or parts.fragment)
