"""Proof that a certificate of ours counts: its chain, and an OCSP response for each link that needs one."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_securityserver.credentials.keys import HeldKey
from ketnoi_trust import certificates, ocsp
from ketnoi_trust.certificates import ParsedCertificate
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

Asks = Callable[[str, bytes], Awaitable[bytes]]
"""Asks an OCSP responder: its URL and the DER request in, the DER response out. Raises OSError."""

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Proof:
    """OCSP responses by certificate (DER), the key's own first; `above` are the intermediate ones of them.

    `window` is when others accept the certificate with these responses; None while they would not, and `problem`
    says why.
    """

    responses: dict[bytes, bytes] = field(repr=False)
    above: tuple[bytes, ...] = field(default=(), repr=False)
    window: Window | None = None
    problem: str = ""

    @classmethod
    def kept_beside(cls, key: HeldKey) -> Proof | None:
        """What was kept beside the key, not judged yet; None when nothing was."""
        responses = {}
        for certificate in key.certificates:
            der = certificate.public_bytes(Encoding.DER)
            path = _file_of(key, der)
            if path.exists():
                responses[der] = path.read_bytes()
        return cls(responses) if responses else None

    def keep_beside(self, key: HeldKey) -> None:
        """Keep the responses beside the key, so that a restart does not need the authority."""
        for der, response in self.responses.items():
            path = _file_of(key, der)
            if not path.exists() or path.read_bytes() != response:
                fresh = path.with_suffix(".new")
                fresh.write_bytes(response)
                fresh.replace(path)


def _file_of(key: HeldKey, der: bytes) -> Path:
    return key.folder / f"{hashlib.sha256(der).hexdigest()[:32]}.ocsp"


async def prove(
    key: HeldKey, before: Proof | None, configuration: Configuration, at: datetime, asks: Asks | None
) -> Proof:
    """Gather the OCSP responses that the key's certificate needs, and judge it as others will.

    With `asks` the authority's responders are asked in order, and what they say replaces what was known; without, or
    when none answers, what was known goes on as long as it is fresh.
    Raises Refused when the certificate has no path to an approved authority.
    """
    own = [ParsedCertificate.of(each) for each in key.certificates]
    signing = key.kind == "signing"
    path = certificates.chain(own[0], own[1:], configuration, at, signing=signing)
    responses: dict[bytes, bytes] = {}
    problem = ""
    for certificate, issuer in zip(path.certificates, path.issuers, strict=False):
        if configuration.authorities_with(certificate.der):
            continue
        response = before.responses.get(certificate.der) if before is not None else None
        if asks is not None:
            try:
                response = await _ask(certificate, issuer, configuration, at, asks)
            except OSError as error:
                problem = str(error)
        if response is not None:
            responses[certificate.der] = response
    above = tuple(each.der for each in path.issuers if each.der in responses)
    extra = [each.der for each in own[1:]]
    try:
        window = _judge(key, own[0].der, responses, extra, configuration, at)
    except Refused as refused:
        return Proof(responses, above, None, problem or f"{refused.code}: {refused.message}")
    return Proof(responses, above, window, problem)


async def _ask(
    certificate: ParsedCertificate,
    issuer: ParsedCertificate,
    configuration: Configuration,
    at: datetime,
    asks: Asks,
) -> bytes:
    """The first believable answer, also when it says that the certificate is revoked. Raises OSError for none.

    What comes over plain HTTP may be anybody's: an answer that others would not believe replaces nothing.
    """
    question = ocsp.request(certificate.certificate, issuer.certificate)
    problem = "the configuration names no OCSP responder for the authority"
    for url in configuration.ocsp_urls(issuer.der):
        try:
            response = await asks(url, question)
            ocsp.judge(ocsp.Response.parse(response), certificate, issuer, configuration, at)
        except Refused as refused:
            if refused.code == "cert_validation":
                return response
            problem = f"no believable OCSP response from {url}: {refused.message}"
        except OSError as error:
            problem = f"no OCSP response from {url}: {error}"
        else:
            return response
    raise OSError(problem)


def _judge(
    key: HeldKey,
    der: bytes,
    responses: dict[bytes, bytes],
    extra: list[bytes],
    configuration: Configuration,
    at: datetime,
) -> Window:
    given = list(responses.values())
    if key.kind == "authentication":
        judged = certificates.judge_authentication_certificate(der, given, extra, configuration, at)
        return judged.valid_from, judged.valid_until
    signer = certificates.judge_signing_certificate(der, given, extra, configuration, at)
    if signer.member != key.member:
        raise Refused("incorrect_certificate", "the certificate is another member's")
    return signer.valid_from, signer.valid_until
