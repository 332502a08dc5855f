"""Giving and taking access rights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ketnoi_protocol.identifiers import SecurityServerId, ServiceId, SubsystemId
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused


@dataclass(frozen=True, slots=True)
class Grant:
    """A right on one endpoint, for one subject, from these security servers; from none when it is empty."""

    endpoint: int
    subject: SubsystemId
    security_servers: tuple[SecurityServerId, ...] = ()


class Rights:
    """Every method writes an audit row in the name of its first argument and raises ChangeRefused.

    `configuration` gives the current global configuration or raises Refused: only what is registered there can be
    given a right.
    """

    def __init__(self, ledger: Ledger, configuration: Callable[[], Configuration]) -> None:
        self._ledger = ledger
        self._configuration = configuration

    async def base_endpoint(self, service: ServiceId) -> int:
        """The endpoint `* **` of a service, on which service-level rights lie; 404 `service_not_found`."""
        id_ = await self._ledger.pool.fetchval(
            "SELECT id FROM endpoint WHERE client = $1 AND service_code = $2 AND method = '*' AND path = '**'",
            str(service.provider),
            service.service_code,
        )
        if id_ is None:
            raise ChangeRefused(404, "service_not_found", service.service_code)
        return int(id_)

    async def give(self, actor: str, grants: Sequence[Grant]) -> None:
        """All of them or none. 404 for what is not registered, 409 `duplicate_accessright`."""
        self._check_registered(grants)
        async with self._ledger.act(actor, "give rights", _subjects(grants), _details(grants)) as connection:
            for grant in grants:
                await _check_endpoint(connection, grant.endpoint)
                done = await connection.execute(
                    "INSERT INTO access_right VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                    grant.endpoint,
                    str(grant.subject),
                    [str(server) for server in grant.security_servers],
                    self._ledger.clock.now(),
                )
                if done == "INSERT 0 0":
                    raise ChangeRefused(409, "duplicate_accessright", str(grant.subject))

    async def set_servers(self, actor: str, grants: Sequence[Grant]) -> None:
        """Replace the security servers of rights that are there already. 404 `accessright_not_found`."""
        self._check_registered(grants)
        async with self._ledger.act(actor, "set servers of rights", _subjects(grants), _details(grants)) as connection:
            for grant in grants:
                done = await connection.execute(
                    "UPDATE access_right SET security_servers = $3 WHERE endpoint = $1 AND subject = $2",
                    grant.endpoint,
                    str(grant.subject),
                    [str(server) for server in grant.security_servers],
                )
                if done.endswith(" 0"):
                    raise ChangeRefused(404, "accessright_not_found", str(grant.subject))

    async def take(self, actor: str, grants: Sequence[Grant]) -> None:
        """All of them or none; their servers do not matter. 404 `accessright_not_found`."""
        async with self._ledger.act(actor, "take rights", _subjects(grants), _details(grants)) as connection:
            for grant in grants:
                done = await connection.execute(
                    "DELETE FROM access_right WHERE endpoint = $1 AND subject = $2", grant.endpoint, str(grant.subject)
                )
                if done.endswith(" 0"):
                    raise ChangeRefused(404, "accessright_not_found", str(grant.subject))

    def _check_registered(self, grants: Sequence[Grant]) -> None:
        try:
            configuration = self._configuration()
        except Refused as refused:
            raise ChangeRefused(503, refused.code) from refused
        for grant in grants:
            if grant.subject not in configuration.subsystems:
                raise ChangeRefused(404, "identifier_not_found", str(grant.subject))
            for server in grant.security_servers:
                if server not in configuration.servers:
                    raise ChangeRefused(404, "security_server_not_found", str(server))


async def _check_endpoint(connection: Any, endpoint: int) -> None:
    if not await connection.fetchval("SELECT true FROM endpoint WHERE id = $1", endpoint):
        raise ChangeRefused(404, "endpoint_not_found", str(endpoint))


def _subjects(grants: Sequence[Grant]) -> str:
    return ", ".join(sorted({str(grant.subject) for grant in grants}))


def _details(grants: Sequence[Grant]) -> dict[str, Any]:
    return {
        "rights": [
            {
                "endpoint": grant.endpoint,
                "subject": str(grant.subject),
                "security_servers": [str(server) for server in grant.security_servers],
            }
            for grant in grants
        ]
    }
