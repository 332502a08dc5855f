"""An agency's information system: its keys, its settings file, and what the signed directory says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ketnoi_client.agency import Agency
from ketnoi_protocol.directory import Grant, IntegrationAccount, Officer, Organisation, Quota
from ketnoi_protocol.services import Platform, Service, System
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.directory_publisher import Content
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.plan import SYSTEM, AgencyPart, OfficerPart, Plan
from ketnoi_testbed.surroundings import Surroundings

VOLUMES: Final = (
    Quota("organisation", 50_000_000, 86_400),
    Quota("organisation", 1_000_000, 60),
    Quota("officer", 1_000_000, 3_600),
)
"""Counted as everywhere, and so large that no story and no measurement uses them up."""


class AgencySide:
    """One agency's information system, with everything it needs to ask."""

    def __init__(self, around: Surroundings, part: AgencyPart, authority: UnsafeAuthority) -> None:
        self.part = part
        self._around = around
        self.folder = around.premises.make_folder("agencies", part.code)
        self.account_key = ec.generate_private_key(ec.SECP256R1())
        self.tls = authority.issue_authentication(f"{part.code}.{part.subsystem}".lower())
        self.identity_key = ec.generate_private_key(ec.SECP256R1())
        self._accounts = {SYSTEM: part.account} if part.account else {}
        self._identity = around.plan.identity.get(part.code)
        if self._identity is not None:
            self._accounts[System.IDENTITY] = self._identity.account
        self._officer = part.officer
        self._servers: Mapping[Platform, SecurityServerPart] = {}
        self._opened: Agency | None = None

    @property
    def settings(self) -> Path:
        """The settings file for `ketnoi` and for Agency.open."""
        return self.folder / "agency.toml"

    @property
    def agency(self) -> Agency:
        """The client, opened when first asked for, on the world's clock."""
        if self._opened is None:
            self._opened = Agency.open(self.settings, now=self._around.clock.now)
        return self._opened

    def write(self, servers: Mapping[Platform, SecurityServerPart]) -> None:
        """Write its keys and its settings file."""
        self._servers = servers
        for system, key in ((SYSTEM, self.account_key), (System.IDENTITY, self.identity_key)):
            self._keep(_key_file(system), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._keep("tls-key.pem", self.tls.key_pem)
        self._keep("tls.pem", self.tls.pem)
        self._write_settings(self.settings, servers)

    def take_account(self, system: System, id_: str, key: bytes, officer: str) -> None:
        """The integration account that was issued to it, with its private key (PEM), goes into its settings file.

        `officer` is the account with which it asks from now on unless told otherwise.
        """
        self._keep(_key_file(system), key)
        self._accounts[system], self._officer = id_, officer
        self.close()
        self._write_settings(self.settings, self._servers)

    def ask_as(self, officer: str) -> None:
        """Ask with this officer's account from now on unless told otherwise."""
        self._officer = officer
        self.close()
        self._write_settings(self.settings, self._servers)

    def _keep(self, name: str, data: bytes) -> None:
        (self.folder / name).touch(mode=0o600)
        (self.folder / name).write_bytes(data)

    def through(self, platform: Platform, server: SecurityServerPart) -> Agency:
        """A client that asks through this security server alone; the caller closes it."""
        file = self.folder / f"agency-{server.party.part.server}.toml"
        self._write_settings(file, {platform: server})
        return Agency.open(file, now=self._around.clock.now)

    def _write_settings(self, file: Path, servers: Mapping[Platform, SecurityServerPart]) -> None:
        plan, part = self._around.plan, self.part
        provider = f"{plan.member_class}/{plan.provider.code}/{plan.provider.subsystem}"
        gates = {}
        for platform, server in servers.items():
            trusted = f"{platform}-{server.party.part.server}.pem"
            (self.folder / trusted).write_bytes(server.internal_certificate.read_bytes())
            gates[platform.value] = {
                "security_server": server.consumer_url,
                "certificate": "tls.pem",
                "key": "tls-key.pem",
                "trusted": trusted,
                "provider": provider,
            }
        write_settings(
            file,
            {
                "environment": plan.environment.value,
                "organisation": part.code,
                "subsystem": part.subsystem,
                "unit": part.unit or part.code,
                "officer": self._officer,
                "procedure": part.procedure,
                "member_class": plan.member_class,
                "profile": plan.profile,
                "accounts": {
                    system.value: {"id": id_, "key": _key_file(system)} for system, id_ in self._accounts.items()
                },
                "platforms": gates,
            },
        )

    def accounts(self) -> Iterator[IntegrationAccount]:
        """Its integration accounts as the directory has them."""
        yield self._account(self.part.account, SYSTEM, self.account_key)
        if self._identity is not None:
            yield self._account(self._identity.account, System.IDENTITY, self.identity_key)

    def _account(self, id_: str, system: System, key: ec.EllipticCurvePrivateKey) -> IntegrationAccount:
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
        return IntegrationAccount(id_, self.part.code, system, self._around.plan.environment, public, True)

    def close(self) -> None:
        """Close the client's connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _key_file(system: System) -> str:
    return "account.pem" if system is SYSTEM else f"account-{system}.pem"


def directory_content(around: Surroundings, agencies: list[AgencySide]) -> Content:
    """The directory as the plan says it; officers' accounts began a day ago."""
    plan, since = around.plan, around.clock.now() - timedelta(days=1)
    parts = [each.part for each in agencies]
    return Content(
        organisations=tuple(
            Organisation(code, name)
            for part in parts
            for code, name in [(part.code, part.vi), *((unit.code, unit.name) for unit in part.units)]
        ),
        accounts=tuple(account for each in agencies for account in each.accounts()),
        grants=tuple(grant for part in parts for grant in _grants(plan, part)),
        officers=tuple(
            Officer(officer.code, officer.unit, officer.active, officer.services, since, of_system=officer.of_system)
            for part in parts
            for officer in _officers(plan, part)
        ),
    )


def _officers(plan: Plan, part: AgencyPart) -> list[OfficerPart]:
    identity = plan.identity.get(part.code)
    if identity is None:
        return list(part.officers)
    itself = OfficerPart(code=identity.officer, unit=part.code, services=identity.services, of_system=True)
    return [*part.officers, itself]


def _grants(plan: Plan, part: AgencyPart) -> list[Grant]:
    return [
        Grant(
            part.code,
            SYSTEM,
            grant.service,
            plan.environment,
            grant.procedures,
            grant.fields,
            grant.match_fields,
            grant.active,
            VOLUMES,
        )
        for grant in part.grants
    ] + _identity_grants(plan, part)


def _identity_grants(plan: Plan, part: AgencyPart) -> list[Grant]:
    told = plan.identity.get(part.code)
    if told is None:
        return []
    return [
        Grant(
            part.code,
            System.IDENTITY,
            service,
            plan.environment,
            told.procedures,
            told.fields if service is Service.LOOK_UP_CITIZEN else (),
            told.match_fields if service is Service.VERIFY_CITIZEN else (),
            True,
            VOLUMES,
        )
        for service in told.services
    ]
