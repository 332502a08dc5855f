"""Certificates judged: usage, chain to an approved authority, whom they speak for, and that they still count.

Every verdict carries the window of moments in which the same verdict holds under the same configuration, so that a
caller may remember it by (certificate, OCSP responses, configuration digest).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509.oid import ExtendedKeyUsageOID

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_trust import ocsp
from ketnoi_trust.configuration import ApprovedAuthority, Configuration
from ketnoi_trust.errors import Refused, numbered
from ketnoi_trust.parsed_certificate import ParsedCertificate
from ketnoi_trust.profiles import member_of

__all__ = [
    "Chain",
    "Judged",
    "JudgedServer",
    "ParsedCertificate",
    "chain",
    "check_authentication_usage",
    "check_signing_usage",
    "judge_authentication_certificate",
    "judge_signing_certificate",
    "member_of",
]

MAX_DEPTH = 8
MAX_EXTRA = 16
MAX_OCSP_RESPONSES = 16


@dataclass(frozen=True, slots=True)
class Judged:
    """A signing certificate that counts: whose it is, and within which moments (both ends included)."""

    member: MemberId
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class JudgedServer:
    """An authentication certificate that counts: which server's it is, and within which moments."""

    server: SecurityServerId
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Chain:
    """A path from a certificate to a top CA of the configuration, both included, with the approved authority.

    `certificates[0]` is the certificate itself. Every one of them is valid from `valid_from` to `valid_until`.
    """

    authority: ApprovedAuthority
    certificates: tuple[ParsedCertificate, ...]

    @property
    def issuers(self) -> tuple[ParsedCertificate, ...]:
        """The CA certificates, the certificate's own issuer first."""
        return self.certificates[1:]

    @property
    def valid_from(self) -> datetime:
        """The first moment at which all are valid."""
        return max(each.not_before for each in self.certificates)

    @property
    def valid_until(self) -> datetime:
        """The last moment at which all are valid."""
        return min(each.not_after for each in self.certificates)


def check_signing_usage(certificate: ParsedCertificate) -> None:
    """Key usage nonRepudiation, as X-Road demands of signing certificates. Raises Refused("incorrect_certificate")."""
    _check_end_entity(certificate)
    if certificate.key_usage is None or not certificate.key_usage.content_commitment:
        raise Refused("incorrect_certificate", "the certificate is not for signing")


def check_authentication_usage(certificate: ParsedCertificate) -> None:
    """Extended usage clientAuth, or a key usage of TLS, as X-Road demands. Raises Refused("incorrect_certificate")."""
    _check_end_entity(certificate)
    if ExtendedKeyUsageOID.CLIENT_AUTH in (certificate.extended_key_usage or ()):
        return
    usage = certificate.key_usage
    if usage is None or not (usage.digital_signature or usage.key_encipherment or usage.data_encipherment):
        raise Refused("incorrect_certificate", "the certificate is not for authentication")


def _check_end_entity(certificate: ParsedCertificate) -> None:
    # X-Road asks none of the three; a server's key that can issue, or can be broken, proves nothing: our choice.
    if certificate.is_authority:
        raise Refused("incorrect_certificate", "the certificate is that of an authority")
    if not certificate.has_strong_key:
        raise Refused("incorrect_certificate", "the certificate's key is of an unknown kind or too short")
    if certificate.unknown_critical:
        raise Refused("incorrect_certificate", "the certificate insists on something that is not known here")


def chain(
    certificate: ParsedCertificate,
    extra: Sequence[ParsedCertificate],
    configuration: Configuration,
    at: datetime,
    *,
    signing: bool = False,
) -> Chain:
    """The shortest path to an approved top CA, through CAs of the configuration and `extra` ones.

    `signing` leaves out authorities that are approved for authentication only. The approved authority is the one
    whose CA in the configuration comes first on the path: it chooses the profile. Every CA must be a CA, may sign
    certificates, keeps its path length, and is valid at `at`; every signature uses an unbroken hash.

    Raises Refused("cannot_create_cert_path") when there is no path, and Refused("cert_validation") when the
    certificate itself is not valid at that moment.
    """
    if not certificate.is_valid(at):
        raise Refused("cert_validation", "the certificate is not valid at this moment")
    if len(extra) > MAX_EXTRA:
        raise Refused("cannot_create_cert_path", "too many additional certificates")
    # Breadth first, every CA looked at once: what a stranger sends along cannot make this expensive.
    paths: deque[tuple[ParsedCertificate, ...]] = deque([(certificate,)])
    seen = {certificate.der}
    while paths:
        path = paths.popleft()
        approved = _approved(path, configuration, signing=signing)
        if approved is not None:
            return Chain(approved, path)
        for issuer in _issuers(path[-1], extra, configuration):
            if issuer.der not in seen and len(path) < MAX_DEPTH and _may_issue(issuer, path, at):
                seen.add(issuer.der)
                paths.append((*path, issuer))
    raise Refused("cannot_create_cert_path", "the certificate was not issued under an approved authority")


def _approved(
    path: tuple[ParsedCertificate, ...], configuration: Configuration, *, signing: bool
) -> ApprovedAuthority | None:
    if len(path) == 1 or not any(known.is_top for known in configuration.authorities_with(path[-1].der)):
        return None
    nearest = next(found for found in (configuration.authorities_with(each.der) for each in path[1:]) if found)
    usable = (known.approved for known in nearest if not (signing and known.approved.authentication_only))
    return next(usable, None)


def _issuers(
    certificate: ParsedCertificate, extra: Sequence[ParsedCertificate], configuration: Configuration
) -> list[ParsedCertificate]:
    known = [each.certificate for each in configuration.authorities_named(certificate.issuer)]
    return known + [each for each in extra if each.subject == certificate.issuer]


def _may_issue(issuer: ParsedCertificate, path: tuple[ParsedCertificate, ...], at: datetime) -> bool:
    return (
        issuer.is_authority
        and issuer.is_valid(at)
        and not issuer.unknown_critical
        and (issuer.key_usage is None or issuer.key_usage.key_cert_sign)
        # Between this CA and the end of the path stand len(path) - 1 other CAs.
        and (issuer.path_length is None or issuer.path_length >= len(path) - 1)
        and path[-1].has_strong_signature
        and path[-1].is_issued_by(issuer)
    )


def judge_signing_certificate(
    certificate_der: bytes,
    ocsp_responses: Sequence[bytes],
    extra: Sequence[bytes],
    configuration: Configuration,
    at: datetime,
) -> Judged:
    """Whether a certificate may sign messages at this moment, and for which member.

    `extra` are DER certificates between it and an approved authority. That the member or its subsystem is registered
    at a server is for the caller to ask: old evidence outlives a membership.
    Raises Refused with the code of the step that failed.
    """
    # 1 readable
    with numbered(1):
        certificate = ParsedCertificate.parse(certificate_der)
    # 2 meant for signing
    with numbered(2):
        check_signing_usage(certificate)
    # 3 issued under an authority approved for signing, everything valid at this moment
    with numbered(3):
        path = chain(certificate, _parsed(extra), configuration, at, signing=True)
    # 4 names a member in the way that its authority does
    with numbered(4):
        member = member_of(certificate, path.authority.profile, configuration.instance)
    # 5 not revoked, by a fresh answer
    with numbered(5):
        valid_from, valid_until = _judge_ocsp(path, ocsp_responses, configuration, at)
    return Judged(member, valid_from, valid_until)


def judge_authentication_certificate(
    certificate_der: bytes,
    ocsp_responses: Sequence[bytes],
    extra: Sequence[bytes],
    configuration: Configuration,
    at: datetime,
) -> JudgedServer:
    """Whether a certificate proves a security server at this moment, and which one.

    That a given client is registered at that server is `configuration.server(...).serves(client)`.
    Raises Refused with the code of the step that failed.
    """
    # 1 readable
    with numbered(1):
        certificate = ParsedCertificate.parse(certificate_der)
    # 2 meant for authentication
    with numbered(2):
        check_authentication_usage(certificate)
    # 3 issued under an approved authority, everything valid at this moment
    with numbered(3):
        path = chain(certificate, _parsed(extra), configuration, at)
    # 4 registered: a name in the subject proves nothing
    server = configuration.server_by_authentication_certificate(certificate_der)
    if server is None:
        raise Refused("ssl_authentication_failed", "the certificate is not registered for any security server", 4)
    # 5 not revoked, by a fresh answer
    with numbered(5):
        valid_from, valid_until = _judge_ocsp(path, ocsp_responses, configuration, at)
    return JudgedServer(server, valid_from, valid_until)


def _parsed(certificates: Sequence[bytes]) -> list[ParsedCertificate]:
    if len(certificates) > MAX_EXTRA:
        raise Refused("cannot_create_cert_path", "too many additional certificates")
    return [ParsedCertificate.parse(each) for each in certificates]


def _judge_ocsp(
    path: Chain, responses: Sequence[bytes], configuration: Configuration, at: datetime
) -> tuple[datetime, datetime]:
    if len(responses) > MAX_OCSP_RESPONSES:
        raise Refused("cert_validation", "too many OCSP responses")
    answers = [ocsp.Response.parse(each) for each in responses]
    valid_from, valid_until = path.valid_from, path.valid_until
    for certificate, issuer in zip(path.certificates, path.issuers, strict=False):
        # The configuration itself vouches for the CAs that it lists; everything below them needs an answer.
        if configuration.authorities_with(certificate.der):
            continue
        about = [each for each in answers if each.is_about(certificate, issuer)]
        if not about:
            raise Refused("cert_validation", "there is no OCSP response for the certificate")
        verdict = ocsp.judge(about[0], certificate, issuer, configuration, at)
        valid_from, valid_until = max(valid_from, verdict.valid_from), min(valid_until, verdict.valid_until)
    return valid_from, valid_until
