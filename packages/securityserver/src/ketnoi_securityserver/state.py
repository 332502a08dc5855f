"""Everything that a security server knows and keeps, put together: started in order, stopped in reverse."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

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
    stack: contextlib.AsyncExitStack

    @classmethod
    async def start(cls, settings: Settings, clock: Clock) -> State:
        """Open the database, bring its tables up to date, and start everything.

        A configuration that cannot be downloaded yet is no error: messages are refused until it is there.
        Raises OSError or asyncpg.PostgresError without a database, KeyStoreError and MessageLogKeyError for unusable
        keys, Refusal `logging_failed` when another process runs under this node's name.
        """
        upkeep = settings.upkeep
        keys = KeyStore(settings.path(settings.keys))
        cipher = BodyCipher.open(keys.message_log)
        async with contextlib.AsyncExitStack() as stack:
            pool = await open_pool(settings.database)
            stack.push_async_callback(pool.close)
            await migrate(pool, "ketnoi_securityserver")
            fetching = Fetching()
            stack.push_async_callback(fetching.stop)
            serverconf = ServerConfiguration(pool, poll_seconds=upkeep.serverconf_poll)
            await serverconf.start()
            stack.push_async_callback(serverconf.stop)
            snapshots = Snapshots(pool, settings.node)
            globalconf = GlobalConfiguration(
                settings.path(settings.anchor),
                settings.path(settings.configuration),
                clock,
                Sources(fetching),
                snapshots,
                poll_seconds=upkeep.configuration_poll,
            )
            await globalconf.start()
            stack.push_async_callback(globalconf.stop)
            credentials = Credentials(
                keys,
                settings.server_id,
                clock,
                globalconf.current,
                fetching.ask_ocsp,
                refresh_seconds=upkeep.ocsp_refresh,
                disabled=serverconf.disabled_certificates,
            )
            await credentials.start()
            stack.push_async_callback(credentials.stop)
            log = MessageLog(settings.database, settings.node, cipher, timeout=upkeep.log_timeout)
            await log.start()
            stack.push_async_callback(log.stop)
            housekeeping = Housekeeping(
                pool,
                clock,
                globalconf.current,
                body_days=upkeep.body_days,
                record_days=upkeep.record_days,
                forget_replays=settings.strict_freshness,
            )
            await housekeeping.start()
            stack.push_async_callback(housekeeping.stop)
            timestamper = Timestamper(
                pool,
                log,
                clock,
                globalconf.current,
                fetching.ask_timestamp,
                interval_seconds=upkeep.timestamp_interval,
                acceptable_failure=upkeep.timestamp_failure_accepted,
            )
            await timestamper.start()
            stack.push_async_callback(timestamper.stop)
            if upkeep.archive is not None:
                archiver = Archiver(
                    pool,
                    cipher,
                    clock,
                    settings.path(upkeep.archive),
                    interval_seconds=upkeep.archive_interval,
                    bodies=upkeep.body_days is None,
                )
                await archiver.start()
                stack.push_async_callback(archiver.stop)
            evidence = Evidence(pool, cipher, serverconf, timestamper, snapshots)
            return cls(
                pool=pool,
                serverconf=serverconf,
                globalconf=globalconf,
                credentials=credentials,
                ocsp=OcspServer(credentials),
                log=log,
                timestamper=timestamper,
                evidence=evidence,
                stack=stack.pop_all(),
            )

    async def stop(self) -> None:
        """Stop everything, the last started first; what waits in the log is written."""
        await self.stack.aclose()
