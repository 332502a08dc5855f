"""The governing side of one platform, as its operator sets it up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.app import Exchange
from ketnoi_exchange.initialisation import initialise, open_actions
from ketnoi_exchange.keys import KeyFolder
from ketnoi_exchange.settings import Settings
from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId
from ketnoi_runtime.settings import load_settings
from ketnoi_testbed.authority_server import AuthorityServer
from ketnoi_testbed.parts.hosting import Hosted
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.plan import Party, PlatformPart
from ketnoi_testbed.surroundings import Surroundings

OPERATOR = "test bed"


@dataclass(frozen=True)
class Joining:
    """A security server that a platform registers: its address, authentication certificate (DER) and client."""

    party: Party
    address: str
    certificate: bytes

    @property
    def server(self) -> SecurityServerId:
        """Which server."""
        return self.party.server


class ExchangePart:
    """One platform's exchange."""

    def __init__(self, around: Surroundings, part: PlatformPart, host: str, database: str) -> None:
        self.instance = around.plan.instance(part.platform)
        self.part = part
        self.host = host
        self._around = around
        folder = around.premises.make_folder("exchange", self.instance)
        ports, pace = around.premises.ports, around.pace
        file = write_settings(
            folder / "exchange.toml",
            {
                "instance": self.instance,
                "database": database,
                "rehearsal": True,
                "listen": {"host": host, "configuration": ports[8080], "admin": ports[4000]},
                "publish": {"interval": pace.publish, "poll": min(1.0, pace.publish / 4), "gather": 0.02},
            },
        )
        self.settings = load_settings(file, Settings)
        self.hosted: Hosted[Exchange] = Hosted(
            f"exchange {self.instance}", "ketnoi_exchange", file, self._start_here, folder / "exchange.log"
        )
        self.api_key = ""

    async def _start_here(self) -> Exchange:
        return await Exchange.start(self.settings, self._around.clock, self._around.told)

    @property
    def configuration_url(self) -> str:
        """Where members download the signed configuration."""
        return f"http://{self.host}:{self.settings.listen.configuration}/internalconf"

    @property
    def admin_url(self) -> str:
        """Its admin API."""
        return f"https://{self.host}:{self.settings.listen.admin}/api/v1"

    @property
    def admin_certificate(self) -> Path:
        """What callers of its admin API see (PEM)."""
        return KeyFolder(self.settings.path(self.settings.keys)).admin_files[0]

    @asynccontextmanager
    async def actions(self) -> AsyncIterator[Actions]:
        """What can be done to the platform, whether its node runs here or elsewhere."""
        if self.hosted.is_running and self.hosted.process is None:
            yield self.hosted.running.actions
        else:
            async with open_actions(self.settings, self._around.clock) as actions:
                yield actions

    async def found(self, authority: AuthorityServer, joining: Sequence[Joining]) -> bytes:
        """Make the platform and register everybody; the anchor, to be carried to the members by hand."""
        plan = self._around.plan
        self.api_key = await initialise(self.settings, self._around.clock)
        async with self.actions() as actions:
            await actions.add_member_class(OPERATOR, plan.member_class, "Cơ quan nhà nước")
            manager = MemberId(self.instance, plan.member_class, self.part.operator)
            members = {manager: self.part.operator_vi, **{each.party.member: each.party.part.vi for each in joining}}
            for member, name in members.items():
                await actions.add_member(OPERATOR, member, name)
            management: SubsystemId = manager.subsystem("QUANTRI")
            await actions.add_subsystem(OPERATOR, management, f"Quản trị {self.part.platform}")
            await actions.set_management_provider(OPERATOR, management)
            for each in joining:
                await actions.add_subsystem(OPERATOR, each.party.subsystem, each.party.part.subsystem_vi)
            await actions.add_authority(OPERATOR, authority.authority.approved(authority.address))
            await actions.add_timestamp_authority(OPERATOR, authority.authority.timestamp_authority(authority.address))
            for each in joining:
                await actions.add_security_server(
                    OPERATOR, each.server, each.address, each.certificate, [each.party.subsystem]
                )
            return (await actions.anchor()).write()
