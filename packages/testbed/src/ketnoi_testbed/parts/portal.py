"""The portal of a country, as the processes that its operators run: pages, worker, one publisher per environment."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from ketnoi_protocol.services import Environment, System
from ketnoi_testbed.authority import Holder
from ketnoi_testbed.parts.agencies import directory_content
from ketnoi_testbed.parts.exchanges import OPERATOR
from ketnoi_testbed.parts.hosting import ServerProcess, StartFailed
from ketnoi_testbed.parts.identity import IdentitySide
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.parts.security_servers import SecurityServerPart
from ketnoi_testbed.world import World

# What the portal may do on C06's security servers and at the platforms' exchanges, and no more.
SERVER_ROLES: Final = ("XROAD_SERVICE_ADMINISTRATOR", "XROAD_SECURITYSERVER_OBSERVER")
EXCHANGE_ROLES: Final = ("XROAD_REGISTRATION_OFFICER", "XROAD_MANAGEMENT_SERVICE")
_COMMAND: Final = (sys.executable, "-c", "import sys; from ketnoi_portal.cli import main; sys.exit(main())")


@dataclass(frozen=True)
class Neighbours:
    """What the portal is told of one environment: tables of its settings file."""

    environment: Environment
    servers: list[dict[str, Any]] = field(default_factory=list)
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    directory: dict[str, Any] = field(default_factory=dict)
    registry: dict[str, Any] = field(default_factory=dict)
    identities: list[dict[str, Any]] = field(default_factory=list)


class PortalPart:
    """The portal: `prepare` its database, `meet` the worlds, `furnish` it, then `start` it.

    It answers on `host:port`; `database` is new and empty. `remove` takes its folder away.
    """

    def __init__(self, database: str, host: str, port: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ketnoi-portal-", dir="/tmp"))
        self.database = database
        self.host, self.port = host, port
        self.url = f"http://{host}:{port}"
        self._neighbours: dict[Environment, Neighbours] = {}
        self._mail: dict[str, Any] = {}
        self._signing: dict[str, Any] = {}
        self._mailboxes: list[dict[str, Any]] = []
        self.processes: dict[tuple[str, str], ServerProcess] = {}
        self._keep("secret", secrets.token_urlsafe(48).encode())
        self.write()

    @property
    def settings(self) -> Path:
        """The settings file of its pages and its worker."""
        return self.folder / "portal.toml"

    # Being told of its neighbours

    def send_mail_through(self, host: str, port: int) -> None:
        """Notices leave through this mail server."""
        self._mail = {"host": host, "port": port, "sender": "cong-ket-noi@c06.example"}

    def read_mailbox(
        self, system: System, address: str, password: str, host: str, port: int, certificate: bytes
    ) -> None:
        """One mailbox that its mailroom polls over IMAP, under this certificate (PEM)."""
        self._keep(f"mailbox-{system}.word", password.encode())
        self._keep(f"mailbox-{system}.pem", certificate)
        self._mailboxes.append(
            {
                "system": system.value,
                "address": address,
                "user": address,
                "password_file": f"mailbox-{system}.word",
                "host": host,
                "port": port,
                "certificate": f"mailbox-{system}.pem",
            }
        )

    def believe_signatures(self, authority: Holder) -> None:
        """Signatures under this authority count on papers, and it certifies whoever signs in the test bed."""
        self._keep("issuer.pem", authority.pem)
        self._keep("signing-authority.pem", authority.key_pem + authority.pem)
        self._signing = {"rehearsal_signer": "signing-authority.pem", "issuers": {"Unsafe Ketnoi CA": "issuer.pem"}}

    async def meet(self, world: World) -> None:
        """Keys to C06's security servers and to the exchanges of a world, and its directory's as it stood so far.

        On the world's loop.
        """
        environment = world.plan.environment
        met = Neighbours(environment)
        for platform in world.plan.instances.values():
            provider, exchange = world.provider(platform), world.exchange(platform)
            instance = exchange.instance
            async with exchange.actions() as actions:
                exchange_key = (await actions.make_api_key(OPERATOR, EXCHANGE_ROLES))[1]
                anchor = (await actions.anchor()).write()
            self._keep(f"{instance}-exchange.key", exchange_key.encode())
            self._keep(f"{instance}-exchange.pem", exchange.admin_certificate.read_bytes())
            self._keep(f"{instance}-anchor.xml", anchor)
            self._keep(f"{instance}-server.key", (await provider.make_api_key("portal", SERVER_ROLES)).encode())
            self._keep(f"{instance}-server.pem", provider.internal_certificate.read_bytes())
            common = {"instance": instance, "platform": platform.value, "environment": environment.value}
            met.servers.append(
                {
                    **common,
                    "subsystem": str(provider.party.subsystem),
                    "admin_url": provider.admin_url,
                    "certificate": f"{instance}-server.pem",
                    "api_key_file": f"{instance}-server.key",
                    **(await self._door_for_evidence(world, provider)),
                }
            )
            met.exchanges.append(
                {
                    **common,
                    "admin_url": exchange.admin_url,
                    "certificate": f"{instance}-exchange.pem",
                    "api_key_file": f"{instance}-exchange.key",
                    "configuration_url": exchange.configuration_url,
                    "anchor": f"{instance}-anchor.xml",
                    "peer_port": world.premises.ports[5500],
                    "ocsp_port": world.premises.ports[5577],
                }
            )
        before = directory_content(world.around, world.registered_agencies)
        self._keep(f"directory-{environment}.json", msgspec.json.encode(before))
        self._keep(f"directory-{environment}.pem", world.directory_signer.pem)
        self._keep(f"directory-{environment}.key", world.directory_signer.key_pem)
        host, _, port = world.directory_url.removeprefix("http://").partition(":")
        met.directory.update(
            environment=environment.value,
            certificate=f"directory-{environment}.pem",
            host=host,
            port=int(port),
            interval=world.around.pace.directory,
        )
        met.registry.update(self._watch(world))
        if System.IDENTITY in world.plan.systems:
            met.identities.append(self._know(world.identity, environment))
        self._neighbours[environment] = met
        self.write()

    def _watch(self, world: World) -> dict[str, Any]:
        """A watcher's key to the registry's alarms."""
        registry, name = world.registry, f"population-{world.plan.environment.value}"
        self._keep(f"{name}.pem", registry.tls.pem)
        self._keep(f"{name}-watcher.pem", registry.watcher.pem)
        self._keep(f"{name}-watcher.key", registry.watcher.key_pem)
        return {
            "name": name,
            "url": registry.address,
            "certificate": f"{name}.pem",
            "client_certificate": f"{name}-watcher.pem",
            "client_key": f"{name}-watcher.key",
        }

    def _know(self, side: IdentitySide, environment: Environment) -> dict[str, Any]:
        """The identity system's wire, and the certificate by which it knows the portal."""
        name = f"identity-{environment.value}"
        self._keep(f"{name}.pem", side.tls.pem)
        self._keep(f"{name}-portal.pem", side.portal.pem)
        self._keep(f"{name}-portal.key", side.portal.key_pem)
        return {
            "name": name,
            "environment": environment.value,
            "url": side.wire_url,
            "certificate": f"{name}.pem",
            "client_certificate": f"{name}-portal.pem",
            "client_key": f"{name}-portal.key",
        }

    async def _door_for_evidence(self, world: World, provider: SecurityServerPart) -> dict[str, Any]:
        """Where evidence of test calls is given to the portal, as one more information system of C06's subsystem.

        In the test environment alone: whoever has that key can read every message.
        """
        if world.plan.environment is not Environment.TEST:
            return {}
        instance = provider.party.instance
        proof = world.authority.issue_authentication("portal.evidence")
        admin = await provider.admin()
        await admin.ask("POST", f"/clients/{provider.party.subsystem}/tls-certificates", proof.der)
        self._keep(f"{instance}-evidence.pem", proof.pem)
        self._keep(f"{instance}-evidence.key", proof.key_pem)
        return {
            "evidence_url": provider.consumer_url,
            "evidence_certificate": f"{instance}-evidence.pem",
            "evidence_key": f"{instance}-evidence.key",
        }

    def write(self) -> None:
        """Write the settings files anew; only a publisher's own names the key of its directory."""
        known = list(self._neighbours.values())
        base: dict[str, Any] = {
            "database": self.database,
            "secret_key_file": "secret",
            "base_url": self.url,
            "host": self.host,
            "port": self.port,
            "rehearsal": True,
        }
        everything = {
            **base,
            "servers": [table for each in known for table in each.servers],
            "exchanges": [table for each in known for table in each.exchanges],
            "directories": [each.directory for each in known],
            "registries": [each.registry for each in known],
            "identities": [table for each in known for table in each.identities],
            "mailboxes": self._mailboxes,
            "mail": self._mail,
            "signing": self._signing,
        }
        write_settings(self.settings, {name: value for name, value in everything.items() if value})
        for each in known:
            own = {
                **each.directory,
                "key": f"directory-{each.environment}.key",
                "inherited": f"directory-{each.environment}.json",
            }
            write_settings(self._publisher_settings(each.environment), {**base, "directories": [own]})

    def _publisher_settings(self, environment: Environment) -> Path:
        return self.folder / f"publisher-{environment}.toml"

    # Life

    def prepare(self) -> None:
        """Bring the database up to date. Raises StartFailed."""
        self.command("migrate", "--verbosity", "0")

    def furnish(self) -> None:
        """Put the bodies, desks and people of the test bed in. Raises StartFailed."""
        with resources.as_file(resources.files("ketnoi_testbed") / "offices.toml") as file:
            self.command("make_rehearsal", str(file))

    def command(self, *arguments: str) -> str:
        """Run one of the portal's commands to its end; what it said. Raises StartFailed with the end of its errors."""
        done = subprocess.run(  # noqa: S603
            [*_COMMAND, "--settings", str(self.settings), *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StartFailed(f"ketnoi-portal {arguments[0]}: {done.stderr[-2000:]}")
        return done.stdout

    async def start(self) -> None:
        """Start pages and worker. Raises StartFailed."""
        both = (self.start_pages(), self._start("worker", self.settings))
        # Whichever fails, the other one is waited for, so that it can be stopped.
        for trouble in await asyncio.gather(*both, return_exceptions=True):
            if trouble is not None:
                raise trouble

    async def start_pages(self) -> None:
        """Start the pages alone. Raises StartFailed."""
        await self._start("web", self.settings)

    async def start_publisher(self, environment: Environment) -> None:
        """Start the publisher of one environment's directory. Raises StartFailed."""
        settings = self._publisher_settings(environment)
        await self._start("publisher", settings, "--environment", environment.value)

    async def _start(self, command: str, settings: Path, *arguments: str) -> None:
        log = self.log(command)
        started = await ServerProcess.start([*_COMMAND, "--settings", str(settings), command, *arguments], log)
        self.processes[settings.stem, command] = started

    def log(self, command: str) -> Path:
        """What the processes of a command have said."""
        return self.folder / f"{command}.log"

    async def stop(self) -> None:
        """Stop whatever of it runs."""
        running = list(self.processes.values())
        self.processes.clear()
        await asyncio.gather(*[each.stop() for each in running])

    def remove(self) -> None:
        """Nothing of it runs any more, and its files are gone."""
        for each in self.processes.values():
            each.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, name: str, data: bytes) -> None:
        (self.folder / name).touch(mode=0o600)
        (self.folder / name).write_bytes(data)
