"""One member's security server as its operator sets it up: keys, certificates, then the admin API.

Nothing here reaches into the server: what a world does, an operator can do with the same documents in hand.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.identifiers import SubsystemId
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_runtime.settings import load_settings
from ketnoi_securityserver.admin import ApiKeys
from ketnoi_securityserver.cli import FIRST_ROLES
from ketnoi_securityserver.credentials.keys import KeyStore, authentication_request, signing_request
from ketnoi_securityserver.messagelog.encryption import make_key
from ketnoi_securityserver.settings import Settings
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.files import write_toml
from ketnoi_testbed.operating import Running
from ketnoi_testbed.plan import Party

TIMESTAMP_SECONDS = 5.0
"""How often a world's logs are time-stamped, so that a story need not wait a minute for its evidence."""


@dataclass
class Site:
    """One security server of a world. `running` while it runs; `settings_file` is what it runs by."""

    party: Party
    folder: Path
    host: str
    database: str
    running: Running | None = None
    api_key: str = field(default="", repr=False)

    @property
    def settings_file(self) -> Path:
        """The server's settings."""
        return self.folder / "securityserver.toml"

    @property
    def keys(self) -> KeyStore:
        """The server's folder of keys."""
        return KeyStore(self.folder / "keys")

    @property
    def internal_certificate(self) -> Path:
        """What information systems must see from this server (PEM)."""
        return self.keys.internal_files[0]

    @property
    def server(self) -> Any:
        """The running server in this process."""
        assert self.running is not None
        return self.running.server

    @property
    def id(self) -> str:
        """The server's identifier, colon form."""
        return str(self.party.server)

    def prepare(self, authority: UnsafeAuthority, clock: Clock) -> bytes:
        """Settings, keys and certificates; the authentication certificate (DER), to be registered."""
        write_toml(
            self.settings_file,
            {
                "server": self.id,
                "database": self.database,
                "listen": {"host": self.host},
                "upkeep": {
                    "configuration_poll": 2.0,
                    "serverconf_poll": 1.0,
                    "timestamp_interval": TIMESTAMP_SECONDS,
                },
            },
        )
        keys, server = self.keys, self.party.server
        make_key(keys.message_log, "k1")
        keys.make_internal_certificate([self.host], clock.now())
        authentication, signing = keys.make_authentication_key(), keys.make_signing_key(self.party.member)
        asked = authentication_request(authentication, server, "Unsafe", self.host)
        certificate = authority.certify_request(asked, "authentication")
        keys.import_certificate(certificate.public_bytes(Encoding.PEM))
        signs = authority.certify_request(signing_request(signing, server, "Unsafe"), "signing")
        keys.import_certificate(signs.public_bytes(Encoding.PEM))
        return certificate.public_bytes(Encoding.DER)

    async def make_api_key(self, clock: Clock) -> None:
        """The first key to the admin API, as `ketnoi-securityserver api-key` makes it."""
        settings = load_settings(self.settings_file, Settings)
        pool = await open_pool(settings.database, max_size=1)
        try:
            await migrate(pool, "ketnoi_securityserver")
            _, self.api_key = await ApiKeys(pool, clock).make("world", FIRST_ROLES)
        finally:
            await pool.close()

    def admin(self) -> AdminApi:
        """The admin API of the running server."""
        return AdminApi(self.host, self.internal_certificate, self.api_key)


class AdminRefused(Exception):  # noqa: N818
    """The admin API refused; `status` and `code` are its own."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class AdminApi:
    """One server's admin API, its certificate pinned. Use it in `async with`."""

    def __init__(self, host: str, certificate: Path, key: str, port: int = 4000) -> None:
        self._address = f"https://{host}:{port}/api/v1"
        self._key = key
        self._context = ssl.create_default_context(cafile=str(certificate))
        self._context.check_hostname = False
        self._context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    async def __aenter__(self) -> AdminApi:
        headers = {"Authorization": f"X-Road-ApiKey token={self._key}"}
        self._session = aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(ssl=self._context))
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request with a JSON body (octets go as they are); the answer's JSON or None. Raises AdminRefused."""
        more: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        async with self._session.request(method, f"{self._address}{path}", **more) as answer:
            told = await answer.json() if answer.content_type == "application/json" else None
            if answer.status >= 300:
                raise AdminRefused(answer.status, (told or {}).get("error", {}).get("code", ""))
            return told

    async def add_client(self, client: SubsystemId, certificate: bytes, connection_type: str = "HTTPS") -> None:
        """An information system of ours, which calls with (or answers under) this TLS certificate (PEM or DER)."""
        parts = {
            "member_class": client.member_class,
            "member_code": client.member_code,
            "subsystem_code": client.subsystem_code,
            "connection_type": connection_type,
        }
        await self.call("POST", "/clients", {"ignore_warnings": True, "client": parts})
        await self.call("PUT", f"/clients/{client}/register")
        await self.call("POST", f"/clients/{client}/tls-certificates", certificate)

    async def open_service(self, provider: SubsystemId, code: str, url: str) -> None:
        """A service of ours: described, its server's certificate checked, enabled."""
        described = {"url": url, "type": "REST", "rest_service_code": code, "ignore_warnings": True}
        added = await self.call("POST", f"/clients/{provider}/service-descriptions", described)
        changes = {"url": url, "timeout": 30, "ssl_auth": True, "ignore_warnings": True}
        await self.call("PATCH", f"/services/{provider}:{code}", changes)
        await self.call("PUT", f"/service-descriptions/{added['id']}/enable")

    async def grant(self, provider: SubsystemId, code: str, consumer: SubsystemId, servers: list[str]) -> None:
        """Let `consumer` use our service from these security servers."""
        items = [{"service_code": code, "security_servers": servers}]
        await self.call("POST", f"/clients/{provider}/service-clients/{consumer}/access-rights", {"items": items})

    async def revoke(self, provider: SubsystemId, code: str, consumer: SubsystemId) -> None:
        """Take that right."""
        items = {"items": [{"service_code": code}]}
        await self.call("POST", f"/clients/{provider}/service-clients/{consumer}/access-rights/delete", items)
