"""One party's security server on one platform, as its operator sets it up."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_runtime.database import migrate, open_pool
from ketnoi_runtime.settings import load_settings
from ketnoi_securityserver.admin import ApiKeys
from ketnoi_securityserver.admin.api_keys import ROLES
from ketnoi_securityserver.app import SecurityServer
from ketnoi_securityserver.credentials.keys import KeyStore, authentication_request, signing_request
from ketnoi_securityserver.messagelog.encryption import make_key
from ketnoi_securityserver.settings import Settings
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.parts.admin_client import AdminClient
from ketnoi_testbed.parts.hosting import Hosted
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.plan import Party
from ketnoi_testbed.surroundings import Surroundings


class SecurityServerPart:
    """A security server with its keys, settings and admin API."""

    def __init__(self, around: Surroundings, party: Party, host: str, database: str) -> None:
        self.party = party
        self.id = party.server
        self.host = host
        self._around = around
        self.folder = around.premises.make_folder(
            "securityserver", party.instance, f"{party.part.code}-{party.part.server}"
        )
        ports, pace = around.premises.ports, around.pace
        file = write_settings(
            self.folder / "securityserver.toml",
            {
                "server": str(self.id),
                "database": database,
                "listen": {
                    "host": host,
                    "consumer_http": ports[8080],
                    "consumer_https": ports[8443],
                    "peers": ports[5500],
                    "ocsp": ports[5577],
                    "admin": ports[4000],
                },
                "peers": {"port": ports[5500], "ocsp_port": ports[5577]},
                "upkeep": {
                    "configuration_poll": pace.fetch,
                    "new_certificate_after": 4 * pace.fetch,
                    "serverconf_poll": min(2.0, pace.fetch),
                    "ocsp_refresh": pace.ocsp,
                    "timestamp_interval": pace.timestamp,
                },
            },
        )
        self.settings = load_settings(file, Settings)
        self.hosted: Hosted[SecurityServer] = Hosted(
            f"security server {self.id}",
            "ketnoi_securityserver",
            file,
            self._start_here,
            self.folder / "securityserver.log",
        )
        self._admin: AdminClient | None = None

    async def _start_here(self) -> SecurityServer:
        return await SecurityServer.start(self.settings, self._around.clock, self._around.told)

    @property
    def keys(self) -> KeyStore:
        """The folder of its keys."""
        return KeyStore(self.settings.path(self.settings.keys))

    @property
    def internal_certificate(self) -> Path:
        """What information systems and the registry see of it (PEM)."""
        return self.keys.internal_files[0]

    @property
    def consumer_url(self) -> str:
        """Where its information systems ask."""
        return f"https://{self.host}:{self.settings.listen.consumer_https}"

    @property
    def admin_url(self) -> str:
        """Its admin API."""
        return f"https://{self.host}:{self.settings.listen.admin}/api/v1"

    def certificate(self, kind: str) -> x509.Certificate:
        """The certificate of its one key of a kind, `authentication` or `signing`."""
        return next(each.certificate for each in self.keys.held() if each.kind == kind and each.certificate)

    def make_keys(self, authority: UnsafeAuthority) -> bytes:
        """All keys, with certificates for which the authority was asked; the authentication certificate (DER)."""
        keys, at, party = self.keys, self._around.clock.now(), self.party
        make_key(keys.message_log, f"{at:%Y%m%d}")
        keys.make_internal_certificate([self.host], at, key_type=self.settings.kind.key_type)
        proving = keys.make_authentication_key(key_type=self.settings.kind.key_type)
        signing = keys.make_signing_key(party.member, key_type=self.settings.kind.key_type)
        organisation = party.part.en[:64]
        issued = authority.certify_request(
            authentication_request(proving, self.id, organisation, self.host), "authentication"
        ).public_bytes(Encoding.DER)
        keys.import_certificate(issued)
        signer = authority.certify_request(signing_request(signing, self.id, organisation), "signing")
        keys.import_certificate(signer.public_bytes(Encoding.DER))
        return issued

    async def start(self, anchor: bytes, *, as_process: bool) -> None:
        """Start it under the anchor that its operator was given."""
        self.settings.path(self.settings.anchor).write_bytes(anchor)
        await self.hosted.start(as_process=as_process)

    async def admin(self) -> AdminClient:
        """Its admin API, with a key that may do everything."""
        if self._admin is None:
            key = await self.make_api_key("test bed", ROLES)
            self._admin = AdminClient(self.admin_url, self.internal_certificate, key)
        return self._admin

    async def make_api_key(self, actor: str, roles: Collection[str]) -> str:
        """A key to its admin API, as the operator's command makes one."""
        pool = await open_pool(self.settings.database, max_size=1)
        try:
            await migrate(pool, "ketnoi_securityserver")
            return (await ApiKeys(pool, self._around.clock).make(actor, roles))[1]
        finally:
            await pool.close()

    async def add_client(self, certificate: bytes) -> None:
        """Register the party's information system: over HTTPS, known by its certificate (DER)."""
        admin, id_ = await self.admin(), self.party.subsystem
        wanted = {
            "member_class": id_.member_class,
            "member_code": id_.member_code,
            "subsystem_code": id_.subsystem_code,
            "connection_type": "HTTPS",
        }
        await admin.ask("POST", "/clients", {"ignore_warnings": True, "client": wanted})
        await admin.ask("PUT", f"/clients/{id_}/register")
        await admin.ask("POST", f"/clients/{id_}/tls-certificates", certificate)

    async def add_service(self, service_code: str, url: str) -> None:
        """Offer a service that the party's information system answers at `url`, over mutual TLS."""
        admin, id_ = await self.admin(), self.party.subsystem
        description = await admin.ask(
            "POST",
            f"/clients/{id_}/service-descriptions",
            {"url": url, "type": "REST", "rest_service_code": service_code, "ignore_warnings": False},
        )
        for service in description["services"]:
            await admin.ask("PATCH", f"/services/{service['id']}", {"url": url, "timeout": 30, "ssl_auth": True})
        await admin.ask("PUT", f"/service-descriptions/{description['id']}/enable")

    async def give_right(self, consumer: Party, service_codes: list[str]) -> None:
        """Open services to a party's information system, from its own security server alone."""
        admin = await self.admin()
        items = [{"service_code": code, "security_servers": [str(consumer.server)]} for code in service_codes]
        path = f"/clients/{self.party.subsystem}/service-clients/{consumer.subsystem}/access-rights"
        await admin.ask("POST", path, {"items": items})

    async def take_right(self, consumer: Party, service_codes: list[str]) -> None:
        """Close services to a party's information system."""
        admin = await self.admin()
        path = f"/clients/{self.party.subsystem}/service-clients/{consumer.subsystem}/access-rights/delete"
        await admin.ask("POST", path, {"items": [{"service_code": code} for code in service_codes]})

    async def stop(self) -> None:
        """Stop it."""
        if self._admin is not None:
            await self._admin.close()
            self._admin = None
        await self.hosted.stop()
