"""Everything that a security server knows and keeps, put together: started in order, stopped in reverse."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Protocol, TypeVar

import asyncpg

from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_securityserver.configuration_download import Sources
from ketnoi_securityserver.credentials import Credentials, KeyStore
from ketnoi_securityserver.credentials.ocsp_server import OcspServer
from ketnoi_securityserver.fetching import Fetching
from ketnoi_securityserver.globalconf import GlobalConfiguration
from ketnoi_securityserver.messagelog import MessageLog
from ketnoi_securityserver.messagelog.archive import Archiver
from ketnoi_securityserver.messagelog.encryption import BodyCipher
from ketnoi_securityserver.messagelog.evidence import Evidence
from ketnoi_securityserver.messagelog.housekeeping import Housekeeping
from ketnoi_securityserver.messagelog.snapshots import Snapshots
from ketnoi_securityserver.messagelog.timestamping import Timestamper
from ketnoi_securityserver.serverconf import ServerConfiguration
from ketnoi_securityserver.settings import Settings
from ketnoi_securityserver.traffic import Traffic


@dataclass(frozen=True, slots=True)
class State:
    """One server's own things, running. `stack` stops them."""

    pool: asyncpg.Pool
    serverconf: ServerConfiguration
    globalconf: GlobalConfiguration
    credentials: Credentials
    ocsp: OcspServer
    log: MessageLog
    timestamper: Timestamper
    evidence: Evidence
    traffic: Traffic
    stack: contextlib.AsyncExitStack

    @classmethod
    async def start(cls, settings: Settings, clock: Clock) -> State:
        """Open the database, bring its tables up to date, and start everything.

        A configuration that cannot be downloaded yet is no error: messages are refused until it is there.
        Raises OSError or asyncpg.PostgresError without a database, KeyStoreError and MessageLogKeyError for unusable
        keys, Refusal `logging_failed` when another process runs under this node's name.
        """
        keys = KeyStore(settings.path(settings.keys))
        cipher = BodyCipher.open(keys.message_log)
        async with contextlib.AsyncExitStack() as stack:
            pool = await open_pool(settings.database)
            stack.push_async_callback(pool.close)
            await migrate(pool, "ketnoi_securityserver")
            fetching = Fetching()
            stack.push_async_callback(fetching.stop)
            base = _Base(settings, clock, pool, fetching, stack)
            serverconf = await base.started(ServerConfiguration(pool, poll_seconds=settings.upkeep.serverconf_poll))
            snapshots = Snapshots(pool, settings.node)
            globalconf = await base.started(base.global_configuration(snapshots))
            credentials = await base.started(base.credentials(keys, globalconf, serverconf))
            log = await base.started(
                MessageLog(settings.database, settings.node, cipher, timeout=settings.upkeep.log_timeout)
            )
            await base.started(base.housekeeping(globalconf))
            timestamper = await base.started(base.timestamper(log, globalconf))
            if settings.upkeep.archive is not None:
                await base.started(base.archiver(cipher, settings.upkeep.archive))
            return cls(
                pool=pool,
                serverconf=serverconf,
                globalconf=globalconf,
                credentials=credentials,
                ocsp=OcspServer(credentials),
                log=log,
                timestamper=timestamper,
                evidence=Evidence(pool, cipher, serverconf, timestamper, snapshots),
                traffic=await base.started(Traffic(pool, clock)),
                stack=stack.pop_all(),
            )

    async def stop(self) -> None:
        """Stop everything, the last started first; what waits in the log is written."""
        await self.stack.aclose()


class _Runs(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


_Part = TypeVar("_Part", bound=_Runs)


@dataclass(frozen=True, slots=True)
class _Base:
    """What every part stands on, and how each is made of the settings."""

    settings: Settings
    clock: Clock
    pool: asyncpg.Pool
    fetching: Fetching
    stack: contextlib.AsyncExitStack

    async def started(self, part: _Part) -> _Part:
        """Start a part, and have it stopped when the stack is closed."""
        await part.start()
        self.stack.push_async_callback(part.stop)
        return part

    def global_configuration(self, snapshots: Snapshots) -> GlobalConfiguration:
        settings = self.settings
        return GlobalConfiguration(
            settings.path(settings.anchor),
            settings.path(settings.configuration),
            self.clock,
            Sources(self.fetching),
            snapshots,
            poll_seconds=settings.upkeep.configuration_poll,
        )

    def credentials(
        self, keys: KeyStore, globalconf: GlobalConfiguration, serverconf: ServerConfiguration
    ) -> Credentials:
        return Credentials(
            keys,
            self.settings.server_id,
            self.clock,
            globalconf.current,
            self.fetching.ask_ocsp,
            refresh_seconds=self.settings.upkeep.ocsp_refresh,
            disabled=serverconf.disabled_certificates,
            new_certificate_after=self.settings.upkeep.new_certificate_after,
        )

    def housekeeping(self, globalconf: GlobalConfiguration) -> Housekeeping:
        upkeep = self.settings.upkeep
        return Housekeeping(
            self.pool,
            self.clock,
            globalconf.current,
            body_days=upkeep.body_days,
            record_days=upkeep.record_days,
            forget_replays=self.settings.strict_freshness,
        )

    def timestamper(self, log: MessageLog, globalconf: GlobalConfiguration) -> Timestamper:
        upkeep = self.settings.upkeep
        return Timestamper(
            self.pool,
            log,
            self.clock,
            globalconf.current,
            self.fetching.ask_timestamp,
            interval_seconds=upkeep.timestamp_interval,
            acceptable_failure=upkeep.timestamp_failure_accepted,
        )

    def archiver(self, cipher: BodyCipher, folder: str) -> Archiver:
        upkeep = self.settings.upkeep
        return Archiver(
            self.pool,
            cipher,
            self.clock,
            self.settings.path(folder),
            interval_seconds=upkeep.archive_interval,
            bodies=upkeep.body_days is None,
        )
