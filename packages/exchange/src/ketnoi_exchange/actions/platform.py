"""What holds for the platform as a whole: its times, its addresses, and who provides the management services."""

from __future__ import annotations

from collections.abc import Sequence

from ketnoi_exchange.actions import checks
from ketnoi_exchange.ledger import Change, Ledger, one_done, write_history
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import SubsystemId

LONGEST_SECONDS = 7 * 86_400
# X-Road's own defaults.
OCSP_FRESHNESS_SECONDS = 3600
TIMESTAMP_INTERVAL_SECONDS = 60


class Platform:
    """Every method acts in the name of its first argument, leaves a row of history, and raises ChangeRefused."""

    _ledger: Ledger

    async def identity(self) -> tuple[str, bool]:
        """The instance, and whether it is a rehearsal. Raises ChangeRefused `not_initialized`."""
        row = await self._ledger.pool.fetchrow("SELECT instance, rehearsal FROM platform")
        if row is None:
            raise ChangeRefused("not_initialized")
        return row["instance"], row["rehearsal"]

    async def version(self) -> int:
        """How many changes there have been. Raises ChangeRefused `not_initialized`."""
        version: int | None = await self._ledger.pool.fetchval("SELECT version FROM platform")
        if version is None:
            raise ChangeRefused("not_initialized")
        return version

    async def create_platform(self, actor: str, instance: str, *, rehearsal: bool, addresses: Sequence[str]) -> bool:
        """The platform itself, with nothing registered yet; False when the database has one already."""
        change = Change(None, self._ledger.clock.now(), instance, rehearsal, instance)
        change.after = {"rehearsal": rehearsal, "addresses": list(addresses)}
        async with self._ledger.pool.acquire() as connection, connection.transaction():
            done = await connection.execute(
                "INSERT INTO platform (instance, rehearsal, version, addresses, anchor_made_at, ocsp_freshness_seconds,"
                " timestamp_interval_seconds) VALUES ($1, $2, 1, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                instance,
                rehearsal,
                list(addresses),
                change.at,
                OCSP_FRESHNESS_SECONDS,
                TIMESTAMP_INTERVAL_SECONDS,
            )
            if not one_done(done):
                return False
            await write_history(connection, 1, change, actor, "initialise")
        return True

    async def set_times(
        self, actor: str, *, ocsp_freshness: int | None = None, timestamp_interval: int | None = None
    ) -> None:
        """In seconds: how old an OCSP response may be, and how often message logs are time-stamped."""
        for name, value in (("ocsp_freshness", ocsp_freshness), ("timestamp_interval", timestamp_interval)):
            if value is not None and not 1 <= value <= LONGEST_SECONDS:
                raise ChangeRefused("validation_failure", name)
        async with self._ledger.act(actor, "set times") as change:
            read = "SELECT ocsp_freshness_seconds, timestamp_interval_seconds FROM platform"
            change.before = dict(await change.connection.fetchrow(read))
            await change.connection.execute(
                "UPDATE platform SET ocsp_freshness_seconds = coalesce($1, ocsp_freshness_seconds),"
                " timestamp_interval_seconds = coalesce($2, timestamp_interval_seconds)",
                ocsp_freshness,
                timestamp_interval,
            )
            change.after = dict(await change.connection.fetchrow(read))

    async def set_addresses(self, actor: str, addresses: Sequence[str]) -> None:
        """Where members reach the nodes' configuration, as host or host:port. The anchor changes with it."""
        if not addresses or len(set(addresses)) != len(addresses):
            raise ChangeRefused("validation_failure", "addresses")
        for each in addresses:
            checks.url(f"http://{each}/")
        async with self._ledger.act(actor, "set addresses") as change:
            change.before = {"addresses": list(await change.connection.fetchval("SELECT addresses FROM platform"))}
            await change.connection.execute(
                "UPDATE platform SET addresses = $1, anchor_made_at = $2", list(addresses), change.at
            )
            change.after = {"addresses": list(addresses)}

    async def set_management_provider(self, actor: str, subsystem: SubsystemId) -> None:
        """Which subsystem members send their management requests to; 404 `subsystem_not_found`.

        Until it is set, the private parameters are not published, as X-Road's form of them must name one.
        """
        async with self._ledger.act(actor, "set management provider", str(subsystem)) as change:
            before = await change.connection.fetchval("SELECT management_provider FROM platform")
            if not await change.connection.fetchval("SELECT true FROM subsystem WHERE id = $1", str(subsystem)):
                raise ChangeRefused("subsystem_not_found", str(subsystem))
            await change.connection.execute("UPDATE platform SET management_provider = $1", str(subsystem))
            change.before, change.after = {"provider": before}, {"provider": str(subsystem)}
