"""Making and judging signatures in a running server: where the key is used, and what need not be judged twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.identifiers import MemberId
from ketnoi_securityserver.credentials import SigningCredential
from ketnoi_trust import certificates, keys, signatures
from ketnoi_trust.certificates import Judged
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.signatures import Signature

MOST_FORMS = 64


MESSAGE = signatures.MESSAGE
BODY = "/attachment1"


def parts_of(message: bytes, body: bytes | None) -> dict[str, bytes]:
    """A message's octets under the names that signatures know them by."""
    return {MESSAGE: message} if body is None else {MESSAGE: message, BODY: body}


def digests(message: bytes, body: bytes | None) -> dict[str, bytes]:
    """The SHA-512 digests of the same."""
    return {name: hashlib.sha512(octets).digest() for name, octets in parts_of(message, body).items()}


class Signs(Protocol):
    """Anything that can sign a message for a member."""

    async def sign(self, inputs: Mapping[str, bytes], credential: SigningCredential, at: datetime) -> Signature:
        """Sign the digests (SHA-512) of the parts named in `inputs`."""


class Verifies(Protocol):
    """Anything that can judge a message's signature. Gives the signing time; raises ketnoi_trust's Refused."""

    def verify(
        self,
        signature: Signature,
        parts: Mapping[str, bytes],
        sender: MemberId,
        configuration: Configuration,
        at: datetime,
    ) -> datetime:
        """Judge `signature` over `parts` as made by `sender`, at `at`."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A credential in the form in which it stands in signatures, DER; it is made once and serves for an hour.

    `at_once`: its key signs so fast that no thread is needed.
    """

    credential: SigningCredential
    certificate: bytes
    ocsp_responses: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    at_once: bool

    @classmethod
    def of(cls, credential: SigningCredential) -> _Form:
        above = credential.intermediates
        return cls(
            credential,
            credential.certificate.public_bytes(Encoding.DER),
            (credential.ocsp_response, *(response for _, response in above)),
            tuple(certificate.public_bytes(Encoding.DER) for certificate, _ in above),
            isinstance(credential.key, ec.EllipticCurvePrivateKey),
        )


class Signer:
    """Signs with the key at hand: P-256 at once (30 µs), RSA in a thread, so that nobody waits for it.

    `direct`: the signature refers to the message and its body directly, and not through a hash chain, which spares
    both sides two XML documents. X-Road reads such signatures from 7.6 on.
    """

    def __init__(self, *, direct: bool) -> None:
        self._direct = direct
        self._forms: dict[int, _Form] = {}
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signer")

    async def sign(self, inputs: Mapping[str, bytes], credential: SigningCredential, at: datetime) -> Signature:
        form = self._form_of(credential)
        prepared = signatures.prepare(
            [inputs], form.certificate, form.ocsp_responses, at, intermediates=form.intermediates, direct=self._direct
        )
        if form.at_once:
            value = keys.sign(credential.key, prepared.to_be_signed)
        else:
            loop = asyncio.get_running_loop()
            value = await loop.run_in_executor(self._threads, keys.sign, credential.key, prepared.to_be_signed)
        return prepared.assemble(value)[0]

    def _form_of(self, credential: SigningCredential) -> _Form:
        form = self._forms.get(id(credential))
        if form is None or form.credential is not credential:
            if len(self._forms) >= MOST_FORMS:
                self._forms.clear()
            form = self._forms[id(credential)] = _Form.of(credential)
        return form

    def close(self) -> None:
        """Let the thread go."""
        self._threads.shutdown(wait=False)


class HasWindow(Protocol):
    """A verdict that holds from one moment to another under one configuration."""

    @property
    def valid_from(self) -> datetime: ...
    @property
    def valid_until(self) -> datetime: ...


V = TypeVar("V", bound=HasWindow)


class Verdicts(Generic[V]):
    """Verdicts remembered by everything they depend on, used again only within their own time window.

    The key holds the judged octets themselves, so that no two questions can be taken for one. At most `size`
    are kept; the one used longest ago goes first.
    """

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._known: OrderedDict[Any, V] = OrderedDict()

    def find(self, key: Any, at: datetime) -> V | None:
        """The verdict for `key`, when one is known that holds at `at`."""
        verdict = self._known.get(key)
        if verdict is None or not verdict.valid_from <= at <= verdict.valid_until:
            return None
        self._known.move_to_end(key)
        return verdict

    def keep(self, key: Any, verdict: V) -> V:
        """Remember `verdict` for `key` and give it back."""
        self._known[key] = verdict
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return verdict


class Verifier:
    """Verifies every signature in full; the signer's certificate is judged again only when something changed."""

    def __init__(self) -> None:
        self._judged: Verdicts[Judged] = Verdicts()

    def verify(
        self,
        signature: Signature,
        parts: Mapping[str, bytes],
        sender: MemberId,
        configuration: Configuration,
        at: datetime,
    ) -> datetime:
        verified = signatures.verify(signature, parts, sender, configuration, at, judge=self._judge)
        return verified.signing_time

    def _judge(
        self,
        certificate_der: bytes,
        ocsp_responses: Sequence[bytes],
        extra: Sequence[bytes],
        configuration: Configuration,
        at: datetime,
    ) -> Judged:
        key = (configuration.digest, certificate_der, tuple(ocsp_responses), tuple(extra))
        return self._judged.find(key, at) or self._judged.keep(
            key, certificates.judge_signing_certificate(certificate_der, ocsp_responses, extra, configuration, at)
        )
