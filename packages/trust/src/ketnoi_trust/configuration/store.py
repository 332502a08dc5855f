"""One instance's configuration as everybody else uses it: frozen, with its look-up tables built once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha1, sha256
from types import MappingProxyType
from typing import TypeVar

from cryptography import x509

from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId
from ketnoi_trust.configuration.directory_files import ConfigurationFiles
from ketnoi_trust.configuration.private_params import PrivateParams
from ketnoi_trust.configuration.rehearsal import check_mark, check_names
from ketnoi_trust.configuration.shared_params import (
    ApprovedAuthority,
    AuthorityCertificate,
    Member,
    SecurityServer,
    SharedParams,
    Subsystem,
    TimestampAuthority,
)
from ketnoi_trust.configuration.signed_directory import SHARED, DirectoryListing
from ketnoi_trust.configuration.values import malformed
from ketnoi_trust.errors import Refused, numbered
from ketnoi_trust.parsed_certificate import ParsedCertificate

K = TypeVar("K")
V = TypeVar("V")

# An instance approves a handful of authorities. Every certificate is read, which takes a tenth of a millisecond.
MAX_CERTIFICATES = 2_000

DEFAULT_TIMESTAMP_INTERVAL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class KnownAuthority:
    """A CA certificate of the configuration: parsed, with the approved authority it stands under and its responders."""

    certificate: ParsedCertificate
    approved: ApprovedAuthority
    is_top: bool
    ocsp_urls: tuple[str, ...]
    responders: tuple[ParsedCertificate, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Configuration:
    """What one instance has approved and registered, at one moment of its history.

    `digest` is the SHA-256 (hexadecimal) of the bytes of shared-params.xml: it names this configuration in message
    logs and in memoised verdicts. `expires_at` is None for a file that came without a directory; such a configuration
    can judge old evidence but is never current. `rehearsal` says that the instance is a world of invented people.
    `groups` are the members of each global group.
    """

    shared: SharedParams = field(repr=False)
    private: PrivateParams | None = field(repr=False)
    digest: str
    expires_at: datetime | None
    rehearsal: bool
    verify_next_update: bool
    ocsp_fetch_interval: timedelta
    members: Mapping[MemberId, Member] = field(repr=False)
    subsystems: Mapping[SubsystemId, Subsystem] = field(repr=False)
    servers: Mapping[SecurityServerId, SecurityServer] = field(repr=False)
    known_authorities: tuple[KnownAuthority, ...] = field(repr=False)
    tsa_certificates: tuple[bytes, ...] = field(repr=False)
    groups: Mapping[str, frozenset[MemberId | SubsystemId]] = field(repr=False)
    _servers_by_client: Mapping[MemberId | SubsystemId, tuple[SecurityServer, ...]] = field(repr=False)
    _servers_by_hash: Mapping[bytes, SecurityServerId] = field(repr=False)
    _authorities_by_subject: Mapping[x509.Name, tuple[KnownAuthority, ...]] = field(repr=False)
    _authorities_by_der: Mapping[bytes, tuple[KnownAuthority, ...]] = field(repr=False)

    @classmethod
    def from_signed_directory(cls, listing: DirectoryListing, files: Mapping[str, bytes]) -> Configuration:
        """The way of a server: what a verified directory lists; `files` by content identifier.

        Raises Refused("malformed_global_conf") when a known file is missing or is not the one that was signed, cannot
        be read, or disagrees with the rehearsal mark; Refused("incorrect_certificate") for an unreadable authority.
        """
        return cls._of(ConfigurationFiles.listed(listing, files))

    @classmethod
    def from_directory_files(cls, files: Mapping[str, bytes], instance: str | None = None) -> Configuration:
        """The way of somebody who trusts where a directory came from: it keeps no signature of its own.

        `files` by path: `<instance>/shared-params.xml` beside `instance-identifier` (at any depth, as X-Road packs it
        for its verifier), or the files of one instance alone. Raises as above.
        """
        return cls._of(ConfigurationFiles.kept(files, instance))

    @classmethod
    def from_shared_params(cls, data: bytes) -> Configuration:
        """The same for a shared-params file by itself: it can judge evidence, but is never current. Raises as above."""
        return cls._of(ConfigurationFiles({SHARED: data}, None, None))

    @classmethod
    def _of(cls, files: ConfigurationFiles) -> Configuration:
        shared = checked_params(files)
        known = tuple(_known_authorities(shared.authorities))
        clients = [(client, server) for server in shared.servers for client in {server.id.owner, *server.clients}]
        return cls(
            shared=shared,
            private=None if files.private is None else PrivateParams.read(files.private, shared.instance),
            digest=sha256(files.shared).hexdigest(),
            expires_at=files.expires_at,
            rehearsal=files.mark is not None,
            verify_next_update=files.verify_next_update,
            ocsp_fetch_interval=files.ocsp_fetch_interval,
            members=_unique((member.id, member) for member in shared.members),
            subsystems=_unique((each.id, each) for member in shared.members for each in member.subsystems),
            servers=_unique((server.id, server) for server in shared.servers),
            known_authorities=known,
            tsa_certificates=tuple(each.certificate for each in shared.timestamp_authorities),
            _servers_by_client=_grouped(clients),
            _servers_by_hash=_unique(
                (digest, server.id)
                for server in shared.servers
                for each in server.authentication_certificate_hashes
                for digest in (each.sha256, each.sha1)
                if digest is not None
            ),
            _authorities_by_subject=_grouped((each.certificate.subject, each) for each in known),
            _authorities_by_der=_grouped((each.certificate.der, each) for each in known),
            groups=_unique((group.code, frozenset(group.members)) for group in shared.groups),
        )

    @property
    def instance(self) -> str:
        """The instance that this configuration governs."""
        return self.shared.instance

    @property
    def authorities(self) -> tuple[ApprovedAuthority, ...]:
        """The approved certification authorities."""
        return self.shared.authorities

    @property
    def timestamp_authorities(self) -> tuple[TimestampAuthority, ...]:
        """The approved time-stamping authorities, in order."""
        return self.shared.timestamp_authorities

    @property
    def ocsp_freshness(self) -> timedelta:
        """How old an OCSP response may be."""
        return self.shared.ocsp_freshness

    @property
    def timestamp_interval(self) -> timedelta:
        """How often a message log is time-stamped; one minute where the private parameters are not there."""
        return DEFAULT_TIMESTAMP_INTERVAL if self.private is None else self.private.timestamp_interval

    def server(self, id_: SecurityServerId) -> SecurityServer:
        """A registered security server; raises Refused("invalid_security_server") for any other."""
        found = self.servers.get(id_)
        if found is None:
            raise Refused("invalid_security_server", "the security server is not registered")
        return found

    def servers_of(self, client: SubsystemId | MemberId) -> tuple[SecurityServer, ...]:
        """The servers through which a subsystem (or an owning member) sends and answers; none for strangers."""
        return self._servers_by_client.get(client, ())

    def server_by_authentication_certificate(self, certificate_der: bytes) -> SecurityServerId | None:
        """The server for which this very certificate is registered, or None. Nothing else about it is judged."""
        found = self._servers_by_hash.get(sha256(certificate_der).digest())
        if found is None:
            # Only configurations of version 2 register SHA-1, and there it is the only hash there is.
            found = self._servers_by_hash.get(sha1(certificate_der, usedforsecurity=False).digest())
        return found

    def authorities_named(self, subject: x509.Name) -> tuple[KnownAuthority, ...]:
        """The CA certificates of the configuration with that subject."""
        return self._authorities_by_subject.get(subject, ())

    def authorities_with(self, certificate_der: bytes) -> tuple[KnownAuthority, ...]:
        """The entries of the configuration for that very CA certificate (it may stand under several authorities)."""
        return self._authorities_by_der.get(certificate_der, ())

    def ocsp_urls(self, issuer_der: bytes) -> tuple[str, ...]:
        """Where to ask about certificates of that CA, in order."""
        return tuple(url for known in self.authorities_with(issuer_der) for url in known.ocsp_urls)

    def check_current(self, at: datetime) -> None:
        """Raises Refused("global_conf_outdated") unless the configuration is still valid at this moment."""
        if self.expires_at is None or at > self.expires_at:
            raise Refused("global_conf_outdated", "the configuration has expired")


def checked_params(files: ConfigurationFiles) -> SharedParams:
    """The shared parameters of a configuration that may be believed as a whole.

    Raises Refused("malformed_global_conf"), or Refused("incorrect_certificate") for what is no certificate.
    """
    # 1 they can be read, and are those of the instance that was asked for
    with numbered(1):
        shared = SharedParams.read(files.shared, files.instance)
    # 2 nobody is made to read certificates without end
    with numbered(2):
        _check_certificates(shared)
    # 3 a mark of a rehearsal is that of this instance
    with numbered(3):
        if files.mark is not None:
            check_mark(files.mark, shared.instance)
    # 4 names and mark agree: nothing unsafe without the mark, nothing else with it
    with numbered(4):
        check_names(shared, rehearsal=files.mark is not None)
    return shared


def _check_certificates(shared: SharedParams) -> None:
    authorities = [each for approved in shared.authorities for each in (approved.top, *approved.intermediates)]
    count = len(authorities) + len(shared.timestamp_authorities) + sum(len(each.responders) for each in authorities)
    count += sum(len(each.internal_certificates) + len(each.external_certificates) for each in shared.sources)
    if count > MAX_CERTIFICATES:
        raise malformed("the configuration names too many certificates")


def _known_authorities(authorities: Iterable[ApprovedAuthority]) -> Iterable[KnownAuthority]:
    for approved in authorities:
        yield _known(approved.top, approved, is_top=True)
        for each in approved.intermediates:
            yield _known(each, approved, is_top=False)


def _known(authority: AuthorityCertificate, approved: ApprovedAuthority, *, is_top: bool) -> KnownAuthority:
    responders = (each.certificate for each in authority.responders if each.certificate is not None)
    return KnownAuthority(
        ParsedCertificate.parse(authority.certificate),
        approved,
        is_top,
        tuple(each.url for each in authority.responders),
        tuple(ParsedCertificate.parse(each) for each in responders),
    )


def _unique(pairs: Iterable[tuple[K, V]]) -> Mapping[K, V]:
    table: dict[K, V] = {}
    for key, value in pairs:
        if table.setdefault(key, value) != value:
            raise malformed("the configuration registers something twice")
    return MappingProxyType(table)


def _grouped(pairs: Iterable[tuple[K, V]]) -> Mapping[K, tuple[V, ...]]:
    table: dict[K, list[V]] = {}
    for key, value in pairs:
        table.setdefault(key, []).append(value)
    return MappingProxyType({key: tuple(values) for key, values in table.items()})
