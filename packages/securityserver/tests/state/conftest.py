"""A small instance for tests: an authority with OCSP and time stamps, a source that publishes, a server's state.

Everything answers over real HTTP from within the test's own loop; keys, certificates, responses and tokens are real.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_runtime.web import Listener
from ketnoi_securityserver.credentials.keys import KeyStore, authentication_request, signing_request
from ketnoi_securityserver.messagelog import MessageLog, Record
from ketnoi_securityserver.messagelog.encryption import BodyCipher, make_key
from ketnoi_securityserver.settings import Listen, Settings, Upkeep
from ketnoi_securityserver.state import State
from ketnoi_testbed.authority import UnsafeAuthority, UnsafeAuthorityWarning
from ketnoi_testbed.postgres import Postgres
from ketnoi_trust import keys, signatures
from ketnoi_trust.configuration import (
    Anchor,
    AnchorSource,
    CertificateHash,
    ConfigurationSource,
    ManagementService,
    Member,
    MemberClass,
    PrivateParams,
    SecurityServer,
    SharedParams,
    SignedDirectory,
    Subsystem,
    rehearsal,
)
from ketnoi_trust.configuration.signed_directory import PRIVATE, SHARED, DirectoryContent
from ketnoi_trust.signatures import Signature

INSTANCE = "XX-TEST"
C06 = MemberId(INSTANCE, "GOV", "G01.C06")
MINISTRY = MemberId(INSTANCE, "GOV", "G15")
SERVER = SecurityServerId(INSTANCE, "GOV", "G01.C06", "SS01")
THEIRS = SecurityServerId(INSTANCE, "GOV", "G15", "SS01")
DANCU, MOTCUA = C06.subsystem("DANCU"), MINISTRY.subsystem("MOTCUA")
_SIGNER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Unsafe Configuration")])


@dataclass
class Instance:
    """The governing side and the authority of one small instance.

    `answers` are switches for bad days: `ocsp`, `tsa`, `tsa2` and `source` may be set to False. `asked` counts.
    """

    clock: AdjustableClock
    folder: Path
    port: int = 0
    version: int = 6
    answers: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(("ocsp", "tsa", "tsa2", "source"), True))
    asked: dict[str, int] = field(default_factory=dict)
    published: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnsafeAuthorityWarning)
            self.authority = UnsafeAuthority(self.clock)
        self.signer = self.authority.issue(_SIGNER, usage=("digital_signature",))
        self.params = SharedParams(
            instance=INSTANCE,
            members=(
                Member(C06, "Trung tâm dữ liệu", (Subsystem(DANCU),)),
                Member(MINISTRY, "Bộ Tư pháp", (Subsystem(MOTCUA),)),
            ),
            servers=(
                SecurityServer(SERVER, "127.0.0.1", (), frozenset({DANCU})),
                SecurityServer(THEIRS, "127.0.0.2", (), frozenset({MOTCUA})),
            ),
            member_classes=(MemberClass("GOV", "Government"),),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def register(self, certificate: x509.Certificate) -> None:
        """Register an authentication certificate for SERVER; publish afterwards."""
        mine, *others = self.params.servers
        known = CertificateHash.of(certificate.public_bytes(Encoding.DER))
        hashed = (*mine.authentication_certificate_hashes, known)
        self.params = replace(self.params, servers=(replace(mine, authentication_certificate_hashes=hashed), *others))

    def publish(self, *, lasts: timedelta = timedelta(minutes=10)) -> None:
        """Sign and publish the configuration as it is now."""
        stamps = self.authority.timestamp_authority(self.url)
        source = ConfigurationSource(f"127.0.0.1:{self.port}", (self.signer.der,), (self.signer.der,))
        params = replace(
            self.params,
            sources=(source,),
            authorities=(self.authority.approved(self.url),),
            timestamp_authorities=(stamps, replace(stamps, url=f"{self.url}/tsa2")),
        )
        private = PrivateParams(INSTANCE, ManagementService(f"{self.url}/management", DANCU))
        place = f"/V{self.version}"
        contents = [
            DirectoryContent(SHARED, f"{place}/shared-params.xml", params.write(self.version)),
            DirectoryContent(PRIVATE, f"{place}/private-params.xml", private.write(self.version)),
            DirectoryContent(
                rehearsal.CONTENT_IDENTIFIER, f"{place}/{rehearsal.FILE_NAME}", rehearsal.write_mark(INSTANCE)
            ),
        ]
        directory = SignedDirectory.write(
            INSTANCE, contents, self.signer.key, self.signer.der, self.clock.now() + lasts, self.version
        )
        self.published = {"directory": directory, **{each.location: each.data for each in contents}}

    def anchor_data(self, *certificates: bytes) -> bytes:
        """An anchor of this instance, for its own signer or for other certificates."""
        source = AnchorSource(f"{self.url}/internalconf", certificates or (self.signer.der,))
        return Anchor.make(INSTANCE, (source,), self.clock.now()).write()

    def anchor(self) -> Path:
        """The anchor file of this instance."""
        path = self.folder / "anchor.xml"
        path.write_bytes(self.anchor_data())
        return path

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Every address of the instance."""
        name = request.path.strip("/").partition("/")[0]
        name = {"internalconf": "source", "V2": "file", "V3": "file", "V6": "file"}.get(name, name)
        self.asked[name] = self.asked.get(name, 0) + 1
        if not self.answers.get(name, True):
            return web.Response(status=500)
        if name == "source":
            right = request.query.get("version") == str(self.version)
            return web.Response(body=self.published["directory"]) if right else web.Response(status=404)
        if name == "file":
            return web.Response(body=self.published[request.path])
        if name == "ocsp":
            return web.Response(body=self.authority.ocsp_answer(await request.read()))
        if name in ("tsa", "tsa2"):
            return web.Response(body=self.authority.timestamp(await request.read()))
        return web.Response(status=404)


@dataclass(frozen=True)
class Kit:
    """What tests take from here: import-mode importlib lets no test import this file."""

    folder: Path
    clock: AdjustableClock
    c06 = C06
    ministry = MINISTRY
    server = SERVER
    theirs = THEIRS
    instance_name = INSTANCE

    def record(self, number: int = 1, *, body: bytes | None = b"{}", **others: object) -> Record:
        """A record of our own, with a signature of the right shape."""
        values = {
            "message_id": f"message-{number}",
            "is_response": False,
            "own": DANCU,
            "rest_part": b"POST\r\n/r1/XX-TEST/GOV/G01.C06/DANCU/TraCuu\r\nx-road-id:message\r\n",
            "body": body,
            "signature": Signature(b"<ds:SignatureValue>c2lnbmVk</ds:SignatureValue> %d" % number, None, None),
            "configuration_digest": "ab" * 32,
            "at": self.clock.now(),
        }
        return Record(**(values | others))  # type: ignore[arg-type]

    async def signed(
        self, state: State, number: int = 1, *, body: bytes | None = b"{}", direct: bool = False
    ) -> Record:
        """A response of C06's subsystem, really signed with the state's own key; `direct`: without a hash chain."""
        message_id = f"message-{number}"
        lines = (
            "200",
            "OK",
            f"x-road-id:{message_id}",
            f"x-road-client:{MOTCUA.slash}",
            f"x-road-service:{DANCU.slash}/TraCuu",
        )
        rest_part = "".join(f"{line}\r\n" for line in lines).encode()
        at = self.clock.now()
        own = state.credentials.signing(C06)
        parts = {"/message.xml": rest_part} | ({"/attachment1": body} if body is not None else {})
        digests = {name: hashlib.sha512(octets).digest() for name, octets in parts.items()}
        prepared = signatures.prepare([digests], _der(own.certificate), own.ocsp_response, at, direct=direct)
        (signature,) = prepared.assemble(keys.sign(own.key, prepared.to_be_signed))
        return self.record(
            number,
            body=body,
            message_id=message_id,
            is_response=True,
            rest_part=rest_part,
            signature=signature,
            configuration_digest=state.globalconf.current().digest,
            at=at,
        )

    @asynccontextmanager
    async def log(
        self, database: str, *, node: str = "node0", cipher: BodyCipher | None = None, timeout: float = 5.0
    ) -> AsyncIterator[tuple[MessageLog, asyncpg.Pool]]:
        """A started message log and a pool on the same database."""
        pool = await open_pool(database)
        await migrate(pool, "ketnoi_securityserver")
        log = MessageLog(database, node, cipher or BodyCipher({"k1": bytes(32)}), timeout=timeout)
        try:
            await log.start()
            yield log, pool
        finally:
            await log.stop()
            await pool.close()

    @asynccontextmanager
    async def instance(self, *, version: int = 6) -> AsyncIterator[Instance]:
        """An instance that answers; its configuration is published once."""
        made = Instance(self.clock, self.folder, version=version)
        listener = Listener(web.Server(made.answer), "127.0.0.1", 0, drain=0.1)
        await listener.start()
        made.port = listener.port
        made.publish()
        try:
            yield made
        finally:
            await listener.stop()

    def keys(self, instance: Instance) -> KeyStore:
        """C06's keys with certificates, the authentication certificate registered and published."""
        store = KeyStore(self.folder / "keys")
        if not store.held():
            signing, tls = store.make_signing_key(C06), store.make_authentication_key()
            asked = signing_request(signing, SERVER, "Unsafe")
            store.import_certificate(_der(instance.authority.certify_request(asked, "signing")))
            asked = authentication_request(tls, SERVER, "Unsafe", "ss01.example")
            certificate = instance.authority.certify_request(asked, "authentication")
            store.import_certificate(_der(certificate))
            store.make_internal_certificate(["127.0.0.1"], self.clock.now())
            make_key(store.message_log, "k1")
            instance.register(certificate)
            instance.publish()
        return store

    def settings(self, instance: Instance, database: str, node: str = "node0", **upkeep: object) -> Settings:
        """Settings of one node of SERVER, whose keys are made if they are not there."""
        self.keys(instance)
        if not (self.folder / "anchor.xml").exists():
            instance.anchor()
        defaults = {
            "configuration_poll": 3600.0,
            "serverconf_poll": 0.05,
            "timestamp_interval": 3600.0,
            "new_certificate_after": 0.0,
        }
        return Settings(
            server=str(SERVER),
            database=database,
            listen=Listen("127.0.0.1"),
            base=str(self.folder),
            configuration=f"configuration-{node}",
            node=node,
            upkeep=Upkeep(**(defaults | upkeep)),  # type: ignore[arg-type]
        )

    @asynccontextmanager
    async def state(
        self, instance: Instance, database: str, node: str = "node0", **upkeep: object
    ) -> AsyncIterator[State]:
        """One node of SERVER, everything of it but the doors."""
        state = await State.start(self.settings(instance, database, node, **upkeep), self.clock)
        try:
            yield state
        finally:
            await state.stop()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


async def eventually(check: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait until `check` is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not check():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def migrated(cluster: Postgres) -> str:
    """The name of a database with this room's tables, for copies: one migration for all tests."""

    async def make(dsn: str) -> None:
        pool = await open_pool(dsn)
        await migrate(pool, "ketnoi_securityserver")
        await pool.close()

    name = f"migrated_{uuid.uuid4().hex}"
    asyncio.run(make(cluster.create_database(name)))
    return name


@pytest.fixture
def database(cluster: Postgres, migrated: str) -> str:
    """The address of a fresh database with this room's tables."""

    async def copy(name: str) -> None:
        connection = await asyncpg.connect(cluster.dsn("postgres"))
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
        await connection.close()

    name = f"d{uuid.uuid4().hex}"
    asyncio.run(copy(name))
    return cluster.dsn(name)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path, AdjustableClock())


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., object]:
    return eventually
