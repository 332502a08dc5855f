"""The keys that sign the configuration, and the anchor that names them.

A rotation has three steps, so that nobody is left behind: a second key is made, and the anchor with both is carried
to the members; the second key is activated once they have it; the first one is removed.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from ketnoi_exchange.actions import checks
from ketnoi_exchange.keys import Algorithm, KeyFolder
from ketnoi_exchange.ledger import Ledger, Shown
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_trust.configuration import Anchor, AnchorSource

MOST_KEYS: Final = 2


class SigningKeys:
    """Every method acts in the name of its first argument, leaves a row of history, and raises ChangeRefused."""

    _ledger: Ledger
    _keys: KeyFolder
    _algorithm: Algorithm

    async def rotate_signing_key(self, actor: str, label: str = "") -> str:
        """Make one more key on this node, not active unless it is the first; its name. 409 when there are two."""
        label = checks.text(label, "key_label") if label else "configuration"
        made = None
        try:
            async with self._ledger.act(actor, "add signing key") as change:
                count = await change.connection.fetchval("SELECT count(*) FROM signing_key")
                if count >= MOST_KEYS:
                    raise ChangeRefused("too_many_signing_keys")
                # A common name has 64 characters at most.
                name = f"{'Unsafe configuration' if change.rehearsal else 'Configuration'} of {change.instance}"[:64]
                made = await asyncio.to_thread(self._keys.make_signing_key, name, self._algorithm, change.at)
                await change.connection.execute(
                    "INSERT INTO signing_key VALUES ($1, $2, $3, $4, $5, $6)",
                    made.id,
                    label,
                    self._algorithm,
                    made.certificate,
                    count == 0,
                    change.at,
                )
                await change.connection.execute("UPDATE platform SET anchor_made_at = $1", change.at)
                change.subject, change.after = made.id, {"algorithm": self._algorithm, "active": count == 0}
        except BaseException:
            if made is not None:
                self._keys.remove_signing_key(made.id)
            raise
        return made.id

    async def activate_signing_key(self, actor: str, id_: str) -> None:
        """It signs from now on; 404, 409 when it does already or this node does not hold it."""
        async with self._ledger.act(actor, "activate signing key", id_) as change:
            change.before = await _shown(change.connection, id_)
            if change.before["active"]:
                raise ChangeRefused("signing_key_action_not_possible", id_)
            if not self._keys.holds(id_):
                raise ChangeRefused("error_activating_signing_key", id_)
            await change.connection.execute("UPDATE signing_key SET active = false WHERE active")
            await change.connection.execute("UPDATE signing_key SET active = true WHERE id = $1", id_)
            change.after = await _shown(change.connection, id_)

    async def remove_signing_key(self, actor: str, id_: str) -> None:
        """Nothing that it signed counts any more under the anchor made now; 404, 409 while it is active."""
        async with self._ledger.act(actor, "remove signing key", id_) as change:
            change.before = await _shown(change.connection, id_)
            if change.before["active"]:
                raise ChangeRefused("signing_key_action_not_possible", id_)
            await change.connection.execute("DELETE FROM signing_key WHERE id = $1", id_)
            await change.connection.execute("UPDATE platform SET anchor_made_at = $1", change.at)
        self._keys.remove_signing_key(id_)

    async def anchor(self, *, external: bool = False) -> Anchor:
        """What members are given by hand: where the configuration is, and every key that may sign it.

        The same keys and addresses give the same bytes, on every node. `external` is for federated platforms.
        Raises ChangeRefused `not_initialized`.
        """
        row = await self._ledger.pool.fetchrow(
            "SELECT instance, addresses, anchor_made_at,"
            " ARRAY(SELECT certificate FROM signing_key ORDER BY added_at, id) AS certificates FROM platform"
        )
        if row is None:
            raise ChangeRefused("not_initialized")
        if not row["certificates"]:
            raise ChangeRefused("no_configuration_signing_keys_configured")
        path = "externalconf" if external else "internalconf"
        sources = tuple(
            AnchorSource(f"http://{address}/{path}", tuple(row["certificates"])) for address in row["addresses"]
        )
        return Anchor.make(row["instance"], sources, row["anchor_made_at"])


async def _shown(connection: Any, id_: str) -> Shown:
    row = await connection.fetchrow("SELECT label, algorithm, active FROM signing_key WHERE id = $1", id_)
    if row is None:
        raise ChangeRefused("signing_key_not_found", id_)
    return dict(row)
