"""The credentials of the moment: which key signs for whom, which certificate proves this server, how fresh the proof.

A credential is used only within the window in which its certificate was judged good; when OCSP responses cannot be
renewed, it stops being used by itself before others would refuse it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_runtime.clock import Clock
from ketnoi_securityserver.credentials.keys import CERTIFICATE, KEY, HeldKey, KeyStore, KeyStoreError, PrivateKey
from ketnoi_securityserver.credentials.proof import Asks, Proof, prove
from ketnoi_securityserver.fetching import Outcome
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)

RETRY_SECONDS = 60.0
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SigningCredential:
    """What signs for one member. `intermediates` are CA certificates below the configuration's own, with their OCSP
    responses."""

    certificate: x509.Certificate = field(repr=False)
    key: PrivateKey = field(repr=False)
    ocsp_response: bytes = field(repr=False)
    intermediates: tuple[tuple[x509.Certificate, bytes], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class AuthenticationCredential:
    """What proves this server, as PEM files for TLS. `password` opens the key file, None when it is not encrypted."""

    certificate_file: Path
    key_file: Path
    certificate_der: bytes = field(repr=False)
    ocsp_responses: tuple[bytes, ...] = field(default=(), repr=False)
    password: bytes | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Held:
    """One certificate with what is known about it.

    `due` and `registered_since` (None while it is not registered) are moments of the loop's clock.
    """

    key: HeldKey
    der: bytes
    proof: Proof | None = None
    judged_under: str = ""
    problem: str = "not judged yet"
    due: float = 0.0
    registered_since: float | None = None


class Credentials:
    """Keeps the server's credentials usable.

    `configuration` gives the current global configuration or raises; `asks` asks an OCSP responder. OCSP responses
    are renewed every `refresh_seconds` (None: what the configuration says, X-Road's default being 1200). `disabled`
    gives the SHA-256 of the certificates that the operator has taken out of use. `new_certificate_after` in seconds:
    how long a newer authentication certificate must have been registered to be preferred to an older one.
    """

    def __init__(
        self,
        keys: KeyStore,
        server: SecurityServerId,
        clock: Clock,
        configuration: Callable[[], Configuration],
        asks: Asks,
        *,
        refresh_seconds: float | None = None,
        disabled: Callable[[], frozenset[bytes]] = frozenset,
        new_certificate_after: float = 0.0,
    ) -> None:
        self.keys = keys
        self._server = server
        self._clock = clock
        self._configuration = configuration
        self._ask_responder = asks
        self.responders: dict[str, Outcome] = {}
        self._refresh_seconds = refresh_seconds
        self._disabled = disabled
        self._new_certificate_after = new_certificate_after
        self._left_out: frozenset[bytes] = frozenset()
        self._held: list[_Held] = []
        self._unreadable = ""
        self._seen: frozenset[tuple[Path, int]] = frozenset()
        self._signing: dict[MemberId, list[tuple[SigningCredential, datetime, datetime]]] = {}
        self._authentication: AuthenticationCredential | None = None
        self._responses: dict[str, bytes] = {}
        self._refreshing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    # What others use

    def signing(self, member: MemberId) -> SigningCredential:
        """What signs for `member` at this moment. Raises Refusal `cannot_create_signature`."""
        now = self._clock.now()
        for credential, valid_from, valid_until in self._signing.get(member, ()):
            if valid_from <= now <= valid_until:
                return credential
        raise Refusal("cannot_create_signature", f"{self._server} has no usable signing certificate for {member}")

    @property
    def authentication(self) -> AuthenticationCredential:
        """What proves this server; the same object until something changes.

        Raises Refusal `ssl_authentication_failed` when there is no authentication certificate.
        """
        if self._authentication is None:
            raise Refusal("ssl_authentication_failed", f"{self._server} has no authentication certificate")
        return self._authentication

    @property
    def internal(self) -> AuthenticationCredential:
        """What information systems see of this server. Raises KeyStoreError when it has not been made."""
        certificate, key = self.keys.internal_files
        if not certificate.exists() or not key.exists():
            raise KeyStoreError(f"{certificate.parent}: no certificate towards information systems; run init")
        der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
        return AuthenticationCredential(certificate, key, der, (), self.keys.pin)

    def ocsp_response(self, certificate_hash: str) -> bytes | None:
        """The newest OCSP response for one of our certificates, by its SHA-1 or SHA-256 in hexadecimal."""
        return self._responses.get(certificate_hash.lower())

    def standing(self, certificate_der: bytes) -> tuple[Proof | None, str]:
        """How one of our certificates was judged last, and why it is not usable (empty when it is)."""
        for each in self._held:
            if each.der == certificate_der:
                return each.proof, each.problem
        return None, "not judged yet"

    @property
    def problems(self) -> dict[str, str]:
        """Why a certificate is not usable, by the name of its key; empty when all are.

        Under `keys`, why the folder of keys could not be read anew.
        """
        found = {f"{each.key.kind}/{each.key.folder.name}": each.problem for each in self._held if each.problem}
        return found | ({"keys": self._unreadable} if self._unreadable else {})

    # Life

    async def start(self) -> None:
        """Read the keys, judge what can be judged, and keep it fresh. Raises KeyStoreError."""
        self._load()
        await self.refresh()
        self._task = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        """Stop refreshing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def refresh(self, *, ask_again: bool = False) -> None:
        """Look whether keys or configuration have changed, and renew what is due; `ask_again`: everything is."""
        async with self._refreshing:
            await self._refresh(ask_again=ask_again)

    async def _refresh(self, *, ask_again: bool) -> None:
        if self._files() == self._seen:
            self._unreadable = ""
        else:
            try:
                self._load()
                self._unreadable = ""
            except KeyStoreError as error:
                # Everything else goes on; it is looked at again every time.
                if str(error) != self._unreadable:
                    logger.error("%s", error)
                self._unreadable = str(error)
        try:
            configuration = self._configuration()
        except Refused:
            return
        now = asyncio.get_running_loop().time()
        disabled = self._disabled()
        changed = disabled != self._left_out
        self._left_out = disabled
        for held in self._held:
            due = ask_again or held.due <= now
            if due or held.judged_under != configuration.digest:
                await self._judge(held, configuration, fresh=due)
                changed = True
            if configuration.server_by_authentication_certificate(held.der) is None:
                held.registered_since = None
            elif held.registered_since is None:
                held.registered_since = asyncio.get_running_loop().time()
        # Also when nothing has changed but the time: a newer certificate's turn comes by itself.
        if changed or self._best_authentication() != self._authentication:
            self._publish()

    # Within

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.refresh()
            except Exception:
                logger.exception("the credentials could not be refreshed")

    async def _asks(self, url: str, question: bytes) -> bytes:
        try:
            response = await self._ask_responder(url, question)
        except OSError as error:
            self.responders[url] = Outcome(self._clock.now(), str(error))
            raise
        self.responders[url] = Outcome(self._clock.now(), "")
        return response

    def _files(self) -> frozenset[tuple[Path, int]]:
        found = set()
        for name in (KEY, CERTIFICATE):
            for kind in ("authentication", "signing"):
                found |= {(path, path.stat().st_mtime_ns) for path in (self.keys.folder / kind).glob(f"*/{name}")}
        return frozenset(found)

    def _load(self) -> None:
        known = {(each.key.folder, each.key.certificates): each for each in self._held}
        seen, fresh = self._files(), []
        for key in self.keys.held():
            if key.certificate is not None:
                der = key.certificate.public_bytes(Encoding.DER)
                before = known.get((key.folder, key.certificates))
                fresh.append(before or _Held(key, der, Proof.kept_beside(key)))
        # Only now: a key that cannot be read leaves everything as it was, to be looked at again.
        self._seen, self._held = seen, fresh
        self._publish()

    async def _judge(self, held: _Held, configuration: Configuration, *, fresh: bool) -> None:
        at = self._clock.now()
        interval = self._refresh_seconds or configuration.ocsp_fetch_interval.total_seconds()
        loop = asyncio.get_running_loop()
        try:
            held.proof = await prove(held.key, held.proof, configuration, at, self._asks if fresh else None)
            held.problem = held.proof.problem
        except Refused as refused:
            held.problem = f"{refused.code}: {refused.message}"
            held.proof = Proof(held.proof.responses if held.proof is not None else {}, (), None, held.problem)
        held.judged_under = configuration.digest
        held.proof.keep_beside(held.key)
        if fresh:
            held.due = loop.time() + (min(RETRY_SECONDS, interval) if held.problem else interval)
        if held.problem:
            logger.warning("certificate %s/%s: %s", held.key.kind, held.key.folder.name, held.problem)

    def _publish(self) -> None:
        signing: dict[MemberId, list[tuple[SigningCredential, datetime, datetime]]] = {}
        responses: dict[str, bytes] = {}
        for held in sorted(self._in_use(), key=_newest_first):
            proof, certificate = held.proof, held.key.certificate
            assert certificate is not None
            for der, response in proof.responses.items() if proof is not None else ():
                responses[hashlib.sha1(der, usedforsecurity=False).hexdigest()] = response
                responses[hashlib.sha256(der).hexdigest()] = response
            if held.key.member is not None and proof is not None and proof.window is not None:
                above = tuple((x509.load_der_x509_certificate(der), proof.responses[der]) for der in proof.above)
                credential = SigningCredential(certificate, held.key.key, proof.responses[held.der], above)
                signing.setdefault(held.key.member, []).append((credential, *proof.window))
        self._signing, self._responses = signing, responses
        best = self._best_authentication()
        if best != self._authentication:
            self._authentication = best

    def _in_use(self) -> list[_Held]:
        return [each for each in self._held if hashlib.sha256(each.der).digest() not in self._left_out]

    def _best_authentication(self) -> AuthenticationCredential | None:
        """The newest certificate that every peer accepts by now; before any is, the one they have known for longest."""
        candidates = sorted((each for each in self._in_use() if each.key.kind == "authentication"), key=_newest_first)
        if not candidates:
            return None
        registered = [each for each in candidates if each.registered_since is not None]
        usable = [each for each in candidates if each.proof is not None and each.proof.window is not None]
        best = self._known_to_all(usable or registered) if usable or registered else candidates[0]
        responses = tuple(best.proof.responses.values()) if best.proof is not None else ()
        folder = best.key.folder
        return AuthenticationCredential(folder / CERTIFICATE, folder / KEY, best.der, responses, self.keys.pin)

    def _known_to_all(self, newest_first: list[_Held]) -> _Held:
        known_since = asyncio.get_running_loop().time() - self._new_certificate_after
        for each in newest_first:
            if each.registered_since is not None and each.registered_since <= known_since:
                return each
        return newest_first[-1]


def _newest_first(held: _Held) -> float:
    assert held.key.certificate is not None
    return -held.key.certificate.not_valid_before_utc.timestamp()
