"""One platform of a world as its operator sets it up: members, servers and authorities registered, then published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ketnoi_exchange.initialisation import initialise, open_actions
from ketnoi_exchange.settings import Settings
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.settings import load_settings
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.files import write_toml
from ketnoi_testbed.operating import Running
from ketnoi_testbed.site import Site

ACTOR = "world"


@dataclass
class PlatformSite:
    """One exchange of a world. `running` while it runs."""

    instance: str
    folder: Path
    host: str
    database: str
    running: Running | None = None

    @property
    def settings_file(self) -> Path:
        """The exchange's settings."""
        return self.folder / "exchange.toml"

    @property
    def settings(self) -> Settings:
        """The same, read."""
        return load_settings(self.settings_file, Settings)

    @property
    def server(self) -> Any:
        """The running exchange in this process."""
        assert self.running is not None
        return self.running.server


async def found(
    platform: PlatformSite,
    sites: Sequence[Site],
    certificates: Mapping[str, bytes],
    authority: UnsafeAuthority,
    authority_address: str,
    clock: Clock,
) -> None:
    """Make the platform and register everybody: `certificates` are the servers' authentication certificates (DER)."""
    write_toml(
        platform.settings_file,
        {
            "instance": platform.instance,
            "database": platform.database,
            "rehearsal": True,
            "listen": {"host": platform.host},
            "publish": {"interval": 2.0, "poll": 0.5},
        },
    )
    await initialise(platform.settings, clock, ACTOR)
    async with open_actions(platform.settings, clock) as actions:
        await actions.add_member_class(ACTOR, sites[0].party.member.member_class, "Cơ quan nhà nước")
        await actions.add_authority(ACTOR, authority.approved(authority_address))
        await actions.add_timestamp_authority(ACTOR, authority.timestamp_authority(authority_address))
        for site in sites:
            party = site.party
            await actions.add_member(ACTOR, party.member, party.part.vi)
            await actions.add_subsystem(ACTOR, party.subsystem, party.part.subsystem_vi)
            await actions.add_security_server(ACTOR, party.server, site.host, certificates[site.id], [party.subsystem])
        await actions.set_management_provider(ACTOR, sites[0].party.subsystem)


async def anchor(platform: PlatformSite, clock: Clock) -> bytes:
    """The anchor that the operator hands to members."""
    async with open_actions(platform.settings, clock) as actions:
        made = await actions.anchor()
    return made.write()
