"""Shared parameters: what the governing side tells everybody, as typed and frozen values.

The types follow the file shared-params.xml (X-Road PR-GCONF 2.12, versions 2 to 6). They are parsed, not judged:
`store.Configuration` builds the look-up tables and decides what may be believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha1, sha256

from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId

WRITTEN_VERSIONS = (2, 3, 6)
READ_VERSIONS = (2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class ConfigurationSource:
    """One server that publishes the configuration, with the certificates (DER) that may sign it (from version 3)."""

    address: str
    internal_certificates: tuple[bytes, ...] = ()
    external_certificates: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class OcspResponder:
    """Where an authority answers for its certificates; `certificate` is DER. `cost` is written from version 6."""

    url: str
    certificate: bytes | None = None
    cost: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorityCertificate:
    """One CA certificate (DER) of an approved authority, with its responders."""

    certificate: bytes
    responders: tuple[OcspResponder, ...] = ()


@dataclass(frozen=True, slots=True)
class AcmeServer:
    """Automatic issuing, which a security server of X-Road may use (from version 3; profile ids from version 4)."""

    directory_url: str
    ip_address: str | None = None
    authentication_profile_id: str | None = None
    signing_profile_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovedAuthority:
    """A certification authority whose certificates count; `profile` is a Java class name (see `profiles`)."""

    name: str
    top: AuthorityCertificate
    profile: str
    intermediates: tuple[AuthorityCertificate, ...] = ()
    authentication_only: bool = False
    csr_format: str | None = None
    acme: AcmeServer | None = None


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """A time-stamping authority whose tokens count; `certificate` is DER."""

    name: str
    url: str
    certificate: bytes
    cost: str | None = None


@dataclass(frozen=True, slots=True)
class MemberClass:
    """A class of members, such as GOV."""

    code: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Subsystem:
    """An information system of a member; the name is known from version 5 on."""

    id: SubsystemId
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A registered organisation."""

    id: MemberId
    name: str
    subsystems: tuple[Subsystem, ...] = ()
    class_description: str = ""


@dataclass(frozen=True, slots=True)
class CertificateHash:
    """The registered hash of an authentication certificate: SHA-1 in version 2, SHA-256 from version 3 on.

    Whoever writes every version knows both; whoever reads one file knows one.
    """

    sha256: bytes | None = None
    sha1: bytes | None = None

    @classmethod
    def of(cls, certificate_der: bytes) -> CertificateHash:
        """Both hashes of a certificate."""
        return cls(sha256(certificate_der).digest(), sha1(certificate_der, usedforsecurity=False).digest())


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A server that its owner has taken out of service for a while (from version 5)."""

    message: str | None = None


@dataclass(frozen=True, slots=True)
class SecurityServer:
    """A registered security server: its owner, address, authentication certificates and clients.

    `clients` are the subsystems (rarely members) that may send and answer through this server.
    """

    id: SecurityServerId
    address: str | None = None
    authentication_certificate_hashes: tuple[CertificateHash, ...] = ()
    clients: frozenset[SubsystemId | MemberId] = frozenset()
    maintenance: Maintenance | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The server's addresses; a server without one cannot be called."""
        return (self.address,) if self.address else ()

    def serves(self, client: SubsystemId | MemberId) -> bool:
        """Whether a client is registered at this server; the owning member always is, its subsystems are not."""
        return client in self.clients or client == self.id.owner


@dataclass(frozen=True, slots=True)
class GlobalGroup:
    """A named group of members and subsystems, kept by the governing side."""

    code: str
    description: str = ""
    members: tuple[SubsystemId | MemberId, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedParams:
    """The whole file.

    `unaddressable` names members, subsystems and servers whose identifiers leave X-Road's alphabet (2023): such
    identifiers exist in old instances, nobody can be addressed by them here, and one of them must not make a whole
    instance unreadable. They are never written.
    """

    instance: str
    sources: tuple[ConfigurationSource, ...] = ()
    authorities: tuple[ApprovedAuthority, ...] = ()
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()
    members: tuple[Member, ...] = ()
    servers: tuple[SecurityServer, ...] = ()
    groups: tuple[GlobalGroup, ...] = ()
    member_classes: tuple[MemberClass, ...] = ()
    ocsp_freshness: timedelta = timedelta(hours=1)
    unaddressable: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, data: bytes, instance: str | None = None) -> SharedParams:
        """Read versions 2 to 6. Raises Refused("malformed_global_conf"), also when `instance` is another one."""
        from ketnoi_trust.configuration.shared_params_reading import read_shared_params

        return read_shared_params(data, instance)

    def write(self, version: int) -> bytes:
        """The XML of version 2, 3 or 6; the same value gives the same bytes.

        Raises Refused("malformed_global_conf") for what that version cannot say.
        """
        from ketnoi_trust.configuration.shared_params_writing import write_shared_params

        return write_shared_params(self, version)
