"""What both sides of one security server stand on: its own name, clock, keys, configuration, log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.credentials import Credentials
from ketnoi_securityserver.messagelog import Record, ReplayKey
from ketnoi_securityserver.observer import Observer
from ketnoi_securityserver.serverconf import ServerConfiguration
from ketnoi_securityserver.settings import Settings
from ketnoi_securityserver.signing import Signs, Verifies
from ketnoi_securityserver.traffic import Traffic
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused


class Records(Protocol):
    """Anything that keeps messages: they are durable when `record` returns."""

    async def record(self, *records: Record, replay: ReplayKey | None = None) -> None:
        """Raises `logging_failed` or `replayed_message`."""


@dataclass(frozen=True, slots=True)
class Parties:
    """One security server's own things. `configuration` gives the current global configuration or refuses."""

    server: SecurityServerId
    settings: Settings
    clock: Clock
    configuration: Callable[[], Configuration]
    serverconf: ServerConfiguration
    credentials: Credentials
    signer: Signs
    verifier: Verifies
    log: Records
    observer: Observer | None
    traffic: Traffic

    def current_configuration(self) -> Configuration:
        """The configuration of this moment. Raises Refusal `global_conf_outdated`: nothing goes on without one."""
        try:
            return self.configuration()
        except Refused as refused:
            raise Refusal("global_conf_outdated", refused.message) from refused
