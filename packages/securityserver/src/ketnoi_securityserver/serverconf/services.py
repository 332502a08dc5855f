"""Changing services: descriptions, their services, endpoints."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ketnoi_protocol.identifiers import InvalidIdentifier, ServiceId, SubsystemId
from ketnoi_securityserver.serverconf.ledger import ChangeRefused, Ledger

DEFAULT_TIMEOUT = 60
LONGEST_TIMEOUT = 1000
METHODS = frozenset({"*", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"})
RESERVED_CODES = frozenset({"listMethods", "allowedMethods", "getOpenAPI"})
_PATH = re.compile(r"/[!-~]{0,1023}|\*\*")


def check_url(url: str) -> str:
    """The address of an information system; refused with 400 `invalid_url` unless it is plain http or https."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or "@" in parts.netloc or not url.isprintable() or " " in url:
        raise ChangeRefused(400, "invalid_url")
    return url


class Services:
    """Every method writes an audit row in the name of its first argument and raises ChangeRefused."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def add_rest(self, actor: str, client: SubsystemId, url: str, code: str) -> int:
        """A description with one REST service, disabled at first; its id.

        404 `client_not_found`, 409 `url_already_exists` or `service_code_already_exists`, 400.
        """
        check_url(url)
        try:
            client.service(code)
        except InvalidIdentifier:
            raise ChangeRefused(400, "invalid_service_identifier") from None
        if code in RESERVED_CODES:
            raise ChangeRefused(400, "invalid_service_identifier", "reserved")
        details = {"url": url, "service_code": code, "type": "REST"}
        async with self._ledger.act(actor, "add service description", str(client), details) as connection:
            if not await connection.fetchval("SELECT true FROM client WHERE id = $1", str(client)):
                raise ChangeRefused(404, "client_not_found")
            id_ = await connection.fetchval(
                "INSERT INTO service_description (client, type, url, refreshed_at) VALUES ($1, 'REST', $2, $3)"
                " ON CONFLICT DO NOTHING RETURNING id",
                str(client),
                url,
                self._ledger.clock.now(),
            )
            if id_ is None:
                raise ChangeRefused(409, "url_already_exists")
            done = await connection.execute(
                "INSERT INTO service (description, client, code, url, timeout, verify_tls)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                id_,
                str(client),
                code,
                url,
                DEFAULT_TIMEOUT,
                url.startswith("https:"),
            )
            if done == "INSERT 0 0":
                raise ChangeRefused(409, "service_code_already_exists")
            await connection.execute(
                "INSERT INTO endpoint (client, service_code, method, path) VALUES ($1, $2, '*', '**')",
                str(client),
                code,
            )
        return int(id_)

    async def set_enabled(self, actor: str, description: int, enabled: bool, notice: str = "") -> None:
        """Open or close a description's services; `notice` tells callers why they are closed. 404."""
        action = "enable service description" if enabled else "disable service description"
        async with self._ledger.act(actor, action, str(description), {"notice": notice}) as connection:
            done = await connection.execute(
                "UPDATE service_description SET enabled = $2, disabled_notice = $3 WHERE id = $1",
                description,
                enabled,
                notice,
            )
            _found(done, "service_description_not_found")

    async def remove(self, actor: str, description: int) -> None:
        """With its services, their endpoints and rights; 404."""
        async with self._ledger.act(actor, "remove service description", str(description), {}) as connection:
            done = await connection.execute("DELETE FROM service_description WHERE id = $1", description)
            _found(done, "service_description_not_found")

    async def change(
        self,
        actor: str,
        service: ServiceId,
        *,
        url: str,
        timeout: int,
        verify_tls: bool,
        whole: frozenset[str],
    ) -> None:
        """Address, time-out (seconds) and whether the information system's certificate is looked at.

        `whole` names those of `url`, `timeout`, `ssl_auth` that all services of the same description get. 404, 400.
        """
        check_url(url)
        if not 0 <= timeout <= LONGEST_TIMEOUT:
            raise ChangeRefused(400, "invalid_timeout")
        details = {"url": url, "timeout": timeout, "ssl_auth": verify_tls, "all": sorted(whole)}
        values = {"url": url, "timeout": timeout, "ssl_auth": verify_tls}
        columns = {"url": "url", "timeout": "timeout", "ssl_auth": "verify_tls"}
        async with self._ledger.act(actor, "change service", str(service), details) as connection:
            description = await connection.fetchval(
                "SELECT description FROM service WHERE client = $1 AND code = $2",
                str(service.provider),
                service.service_code,
            )
            if description is None:
                raise ChangeRefused(404, "service_not_found")
            for name, value in values.items():
                await connection.execute(
                    f"UPDATE service SET {columns[name]} = $1 WHERE description = $2 AND ($3 OR code = $4)",  # noqa: S608
                    value,
                    description,
                    name in whole,
                    service.service_code,
                )

    async def add_endpoint(self, actor: str, service: ServiceId, method: str, path: str) -> int:
        """A method and path pattern that rights can be given on; its id. 404, 409 `endpoint_already_exists`, 400."""
        if method not in METHODS or not _PATH.fullmatch(path):
            raise ChangeRefused(400, "invalid_endpoint")
        details = {"method": method, "path": path}
        async with self._ledger.act(actor, "add endpoint", str(service), details) as connection:
            known = await connection.fetchval(
                "SELECT true FROM service WHERE client = $1 AND code = $2", str(service.provider), service.service_code
            )
            if not known:
                raise ChangeRefused(404, "service_not_found")
            id_ = await connection.fetchval(
                "INSERT INTO endpoint (client, service_code, method, path) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT DO NOTHING RETURNING id",
                str(service.provider),
                service.service_code,
                method,
                path,
            )
            if id_ is None:
                raise ChangeRefused(409, "endpoint_already_exists")
        return int(id_)

    async def remove_endpoint(self, actor: str, endpoint: int) -> None:
        """With the rights on it. 404, 409 `base_endpoint_remove` for a service's own `* **`."""
        async with self._ledger.act(actor, "remove endpoint", str(endpoint), {}) as connection:
            row = await connection.fetchrow("SELECT method, path FROM endpoint WHERE id = $1", endpoint)
            if row is None:
                raise ChangeRefused(404, "endpoint_not_found")
            if (row["method"], row["path"]) == ("*", "**"):
                raise ChangeRefused(409, "base_endpoint_remove")
            await connection.execute("DELETE FROM endpoint WHERE id = $1", endpoint)


def _found(done: str, code: str) -> None:
    if done.endswith(" 0"):
        raise ChangeRefused(404, code)
