"""A small instance for tests: an authority with OCSP and time stamps, and a source that publishes a configuration.

Everything answers over real HTTP from within the test's own loop; keys, certificates, responses and tokens are real.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_runtime.database import migrate, open_pool
from ketnoi_runtime.web import Listener
from ketnoi_securityserver.messagelog import MessageLog, Record
from ketnoi_securityserver.messagelog.encryption import BodyCipher
from ketnoi_trust import profiles
from ketnoi_trust.configuration import (
    Anchor,
    AnchorSource,
    ApprovedAuthority,
    AuthorityCertificate,
    CertificateHash,
    ConfigurationSource,
    ManagementService,
    Member,
    MemberClass,
    OcspResponder,
    PrivateParams,
    SecurityServer,
    SharedParams,
    SignedDirectory,
    Subsystem,
    TimestampAuthority,
)
from ketnoi_trust.configuration.signed_directory import PRIVATE, SHARED, DirectoryContent
from ketnoi_trust.signatures import Signature

INSTANCE = "XX-TEST"
C06 = MemberId(INSTANCE, "GOV", "G01.C06")
MINISTRY = MemberId(INSTANCE, "GOV", "G15")
SERVER = SecurityServerId(INSTANCE, "GOV", "G01.C06", "SS01")
THEIRS = SecurityServerId(INSTANCE, "GOV", "G15", "SS01")
_USAGES = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
]


@dataclass
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def issue(
    issuer: Holder | None,
    at: datetime,
    subject: x509.Name,
    usage: tuple[str, ...],
    *,
    public: ec.EllipticCurvePublicKey | None = None,
    authority: bool = False,
    extended: x509.ObjectIdentifier | None = None,
) -> Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(public or key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=365))
        .add_extension(x509.KeyUsage(**{each: each in usage for each in _USAGES}), critical=True)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if extended is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([extended]), critical=True)
    return Holder(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass
class Instance:
    """The governing side and the authority of one small instance.

    `answers` are switches for bad days: `ocsp`, `tsa`, `tsa2` and `source` may be set to False. `asked` counts.
    """

    clock: AdjustableClock
    folder: Path
    port: int = 0
    version: int = 6
    revoked: set[int] = field(default_factory=set)
    answers: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(("ocsp", "tsa", "tsa2", "source"), True))
    asked: dict[str, int] = field(default_factory=dict)
    published: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = self.clock.now()
        self.signer = issue(None, at, named("Sample Configuration"), ("digital_signature",))
        self.authority = issue(None, at, named("Sample CA"), ("key_cert_sign", "crl_sign"), authority=True)
        stamping = ExtendedKeyUsageOID.TIME_STAMPING
        self.tsa = issue(self.authority, at, named("Sample TSA"), ("digital_signature",), extended=stamping)
        self.params = SharedParams(
            instance=INSTANCE,
            members=(
                Member(C06, "Trung tâm dữ liệu", (Subsystem(C06.subsystem("DANCU")),)),
                Member(MINISTRY, "Bộ Tư pháp", (Subsystem(MINISTRY.subsystem("MOTCUA")),)),
            ),
            servers=(
                SecurityServer(SERVER, "127.0.0.1", (), frozenset({C06.subsystem("DANCU")})),
                SecurityServer(THEIRS, "127.0.0.2", (), frozenset({MINISTRY.subsystem("MOTCUA")})),
            ),
            member_classes=(MemberClass("GOV", "Government"),),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sign_for(self, member: MemberId, public: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """A signing certificate with a subject of the profile FiVRK."""
        values = {
            NameOID.COUNTRY_NAME: "FI",
            NameOID.ORGANIZATION_NAME: "Sample",
            NameOID.COMMON_NAME: member.member_code,
            NameOID.SERIAL_NUMBER: f"{member.instance}/SS01/{member.member_class}",
        }
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in values.items()])
        return issue(self.authority, self.clock.now(), subject, ("content_commitment",), public=public).certificate

    def authenticate(self, public: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """An authentication certificate; it counts once it is registered."""
        usage = ("digital_signature", "key_encipherment")
        return issue(self.authority, self.clock.now(), named("ss01.example"), usage, public=public).certificate

    def register(self, certificate: x509.Certificate) -> None:
        """Register an authentication certificate for SERVER; publish afterwards."""
        mine, *others = self.params.servers
        known = CertificateHash.of(certificate.public_bytes(Encoding.DER))
        hashed = (*mine.authentication_certificate_hashes, known)
        self.params = replace(self.params, servers=(replace(mine, authentication_certificate_hashes=hashed), *others))

    def publish(self, *, lasts: timedelta = timedelta(minutes=10)) -> None:
        """Sign and publish the configuration as it is now."""
        responder = OcspResponder(f"{self.url}/ocsp", None)
        approved = ApprovedAuthority(
            "Sample CA", AuthorityCertificate(self.authority.der, (responder,)), profiles.FIVRK
        )
        stamps = tuple(
            TimestampAuthority(f"Sample TSA {name}", f"{self.url}/{name}", self.tsa.der) for name in ("tsa", "tsa2")
        )
        source = ConfigurationSource(f"127.0.0.1:{self.port}", (self.signer.der,), (self.signer.der,))
        params = replace(self.params, sources=(source,), authorities=(approved,), timestamp_authorities=stamps)
        private = PrivateParams(INSTANCE, ManagementService(f"{self.url}/management", C06.subsystem("DANCU")))
        contents = [
            DirectoryContent(SHARED, f"/V{self.version}/shared-params.xml", params.write(self.version)),
            DirectoryContent(PRIVATE, f"/V{self.version}/private-params.xml", private.write(self.version)),
        ]
        expires_at = self.clock.now() + lasts
        directory = SignedDirectory.write(
            INSTANCE, contents, self.signer.key, self.signer.der, expires_at, self.version
        )
        self.published = {"directory": directory, **{each.location: each.data for each in contents}}

    def anchor(self) -> Path:
        """The anchor file of this instance."""
        source = AnchorSource(f"{self.url}/internalconf", (self.signer.der,))
        path = self.folder / "anchor.xml"
        path.write_bytes(Anchor.make(INSTANCE, (source,), self.clock.now()).write())
        return path

    def ocsp_response(self, question: bytes) -> bytes:
        """The authority's answer about any certificate of its own."""
        asked = ocsp.load_der_ocsp_request(question)
        at = self.clock.now().replace(microsecond=0)
        revoked = asked.serial_number in self.revoked
        name, key = asked.issuer_name_hash, asked.issuer_key_hash
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            name, key, asked.serial_number, asked.hash_algorithm,
            ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            at, at + timedelta(hours=1), at if revoked else None, None,
        )  # fmt: skip
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.authority.certificate)
        return builder.sign(self.authority.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def timestamp_response(self, query: bytes) -> bytes:
        """What `openssl ts -reply` answers as our authority."""
        folder = self.folder / "tsa"
        if not folder.exists():
            folder.mkdir()
            (folder / "serial").write_text("01")
            (folder / "certificate.pem").write_bytes(self.tsa.certificate.public_bytes(Encoding.PEM))
            key = self.tsa.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / "key.pem").write_bytes(key)
            (folder / "tsa.cnf").write_text(
                "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=certificate.pem\nsigner_key=key.pem\n"
                "signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256,sha512\naccuracy=secs:1\n"
                "ordering=no\ntsa_name=no\ness_cert_id_chain=no\n"
            )
        (folder / "query").write_bytes(query)
        subprocess.run(
            [shutil.which("openssl") or "openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "t",
             "-queryfile", "query", "-out", "reply"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        return (folder / "reply").read_bytes()

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
            return web.Response(body=self.ocsp_response(await request.read()))
        if name in ("tsa", "tsa2"):
            return web.Response(body=await asyncio.to_thread(self.timestamp_response, await request.read()))
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
            "own": C06.subsystem("DANCU"),
            "rest_part": b"POST\r\n/r1/XX-TEST/GOV/G01.C06/DANCU/TraCuu\r\nx-road-id:message\r\n",
            "body": body,
            "signature": Signature(b"<ds:SignatureValue>c2lnbmVk</ds:SignatureValue> %d" % number, None, None),
            "configuration_digest": "ab" * 32,
            "at": self.clock.now(),
        }
        return Record(**(values | others))  # type: ignore[arg-type]

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


async def eventually(check: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait until `check` is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not check():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path, AdjustableClock())


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., object]:
    return eventually
