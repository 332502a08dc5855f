"""Everything that can be done to a platform: the one set of actions behind the admin API, the CLI and the test bed."""

from __future__ import annotations

import asyncpg

from ketnoi_exchange.actions.api_keys import ApiKeys
from ketnoi_exchange.actions.authorities import Authorities
from ketnoi_exchange.actions.groups import Groups
from ketnoi_exchange.actions.members import Members
from ketnoi_exchange.actions.platform import Platform
from ketnoi_exchange.actions.requests import ManagementRequest, Requests
from ketnoi_exchange.actions.servers import Servers
from ketnoi_exchange.actions.signing_keys import SigningKeys
from ketnoi_exchange.keys import Algorithm, KeyFolder
from ketnoi_exchange.ledger import Ledger
from ketnoi_exchange.settings import Settings

__all__ = ["Actions", "ManagementRequest"]


class Actions(Members, Servers, Requests, Groups, Authorities, SigningKeys, ApiKeys, Platform):
    """The actions on one platform.

    Each takes as its first argument in whose name it is done (not empty), raises ChangeRefused when it cannot be done
    and then changes nothing, and is durable, with its row of history, when it returns.
    """

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._keys = KeyFolder(settings.path(settings.keys))
        self._algorithm: Algorithm = "RSA" if settings.profile == "xroad-7.4" else "EC"

    @property
    def pool(self) -> asyncpg.Pool:
        """The platform's database, for whoever shows what is there."""
        return self._ledger.pool
