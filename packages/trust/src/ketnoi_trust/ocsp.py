"""OCSP: whether a certificate still counts, and for how long the answer may be believed.

The rules are X-Road's (behaviour of its OcspVerifier, 7.8), one numbered step each. Where ours are narrower (a response
from the future, a delegated responder that has itself expired, hashes that are broken) the step says so: our choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ketnoi_trust import keys
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import STRONG_HASHES, UNREADABLE, ParsedCertificate

MAX_RESPONSE_BYTES = 128 * 1024
# A response brings its responder's certificate, and at most the way from there to the authority.
MAX_EMBEDDED = 16

# How far the clocks of an authority and of whoever judges may disagree.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OcspVerdict:
    """The certificate is good. The same verdict holds from `valid_from` to `valid_until` under this configuration."""

    this_update: datetime
    next_update: datetime | None
    valid_from: datetime
    valid_until: datetime


def request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The DER of a question about one certificate, with a SHA-1 CertID as X-Road's servers ask."""
    # SHA-1 only names the issuer here; responders of the stock installations know no other name.
    built = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return built.build().public_bytes(Encoding.DER)


def verify(
    response: bytes, certificate: x509.Certificate, issuer: x509.Certificate, configuration: Configuration, at: datetime
) -> OcspVerdict:
    """Judge one response about one certificate at one moment.

    Raises Refused("incorrect_validation_info") when the response may not be believed, Refused("cert_validation") when
    it says that the certificate is not good, Refused("incorrect_certificate") for unreadable certificates.
    """
    subject, authority = ParsedCertificate.of(certificate), ParsedCertificate.of(issuer)
    return judge(Response.parse(response), subject, authority, configuration, at)


@dataclass(frozen=True, slots=True)
class Response:
    """A response read once: its first answer, and what is needed to find out who signed it."""

    serial_number: int
    id_hash: hashes.HashAlgorithm
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    status: ocsp.OCSPCertStatus
    this_update: datetime
    next_update: datetime | None
    responder_name: x509.Name | None
    responder_key_hash: bytes | None
    embedded: tuple[bytes, ...]
    signature: bytes
    signed: bytes
    hash_algorithm: hashes.HashAlgorithm | None

    @classmethod
    def parse(cls, data: bytes) -> Response:
        """Read DER; raises Refused("incorrect_validation_info")."""
        if len(data) > MAX_RESPONSE_BYTES:
            raise _refused("the OCSP response is too large", 1)
        try:
            response = ocsp.load_der_ocsp_response(data)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise _refused("the OCSP responder did not answer", 1)
            if len(response.certificates) > MAX_EMBEDDED:
                raise _refused("the OCSP response brings too many certificates", 1)
            single = next(iter(response.responses))
            return cls(
                single.serial_number,
                single.hash_algorithm,
                single.issuer_name_hash,
                single.issuer_key_hash,
                single.certificate_status,
                single.this_update_utc,
                single.next_update_utc,
                response.responder_name,
                response.responder_key_hash,
                tuple(each.public_bytes(Encoding.DER) for each in response.certificates),
                response.signature,
                response.tbs_response_bytes,
                response.signature_hash_algorithm,
            )
        except (StopIteration, *UNREADABLE) as error:
            raise _refused("the OCSP response cannot be read", 1) from error

    def is_about(self, certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
        """Whether the answer's CertID names this certificate of this issuer."""
        if self.serial_number != certificate.serial_number:
            return False
        question = ocsp.OCSPRequestBuilder().add_certificate(certificate.certificate, issuer.certificate, self.id_hash)
        asked = question.build()
        return (self.issuer_name_hash, self.issuer_key_hash) == (asked.issuer_name_hash, asked.issuer_key_hash)

    def is_signed_by(self, responder: ParsedCertificate) -> bool:
        """Whether the responder ID names this certificate and its key made the signature."""
        if self.responder_name is not None:
            named = self.responder_name == responder.subject
        else:
            named = self.responder_key_hash == responder.key_sha1
        # Broken hashes are not accepted, though X-Road leaves that to Java's settings: our choice.
        if not named or not isinstance(self.hash_algorithm, STRONG_HASHES):
            return False
        key = responder.public_key
        kind: keys.Kind = "rsa" if isinstance(key, RSAPublicKey) else "ec"
        return keys.fits(key, keys.algorithm(kind, self.hash_algorithm), self.signed, self.signature)


def judge(
    response: Response,
    certificate: ParsedCertificate,
    issuer: ParsedCertificate,
    configuration: Configuration,
    at: datetime,
) -> OcspVerdict:
    """The same as `verify`, for what is parsed already; step 1 was the parsing."""
    # 2 the first answer is about this certificate
    if not response.is_about(certificate, issuer):
        raise _refused("the OCSP response is about another certificate", 2)
    # 3 somebody whom we know, or whom the response brings along, signed it
    signers = [each for each in _candidates(response, issuer, configuration) if response.is_signed_by(each)]
    if not signers:
        raise _refused("the OCSP response is not signed by a responder that can be found", 3)
    # 4 that somebody may answer for this issuer
    if not any(_is_authorised(each, issuer, configuration, at) for each in signers):
        raise _refused("the OCSP responder may not answer for this authority", 4)
    # 5 the answer is fresh, and not from the future (our choice)
    if response.this_update < at - configuration.ocsp_freshness:
        raise _refused("the OCSP response is too old", 5)
    if response.this_update > at + CLOCK_SKEW:
        raise _refused("the OCSP response is from the future", 5)
    # 6 no newer answer should have been there by now, unless the configuration says that this does not count
    last = response.this_update + configuration.ocsp_freshness
    if configuration.verify_next_update and response.next_update is not None:
        if response.next_update < at:
            raise _refused("a newer OCSP response should have been there", 6)
        last = min(last, response.next_update)
    # 7 the answer is yes
    if response.status is not ocsp.OCSPCertStatus.GOOD:
        raise Refused("cert_validation", f"the certificate's status is {response.status.name}", 7)
    return OcspVerdict(response.this_update, response.next_update, response.this_update - CLOCK_SKEW, last)


def _candidates(
    response: Response, issuer: ParsedCertificate, configuration: Configuration
) -> Iterator[ParsedCertificate]:
    yield issuer
    for known in configuration.known_authorities:
        yield from known.responders
        yield known.certificate
    for der in response.embedded:
        try:
            yield ParsedCertificate.parse(der)
        except Refused:
            continue


def _is_authorised(
    responder: ParsedCertificate, issuer: ParsedCertificate, configuration: Configuration, at: datetime
) -> bool:
    if responder == issuer or any(
        responder in known.responders for known in configuration.authorities_with(issuer.der)
    ):
        return True
    # A delegated responder: issued by the authority for this very purpose, and (our choice) itself still valid.
    delegated = ExtendedKeyUsageOID.OCSP_SIGNING in (responder.extended_key_usage or ())
    return delegated and responder.is_valid(at) and responder.is_issued_by(issuer)


def _refused(message: str, step: int) -> Refused:
    return Refused("incorrect_validation_info", message, step)
