"""The own server's configuration of one moment, as immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ketnoi_protocol.identifiers import SecurityServerId, ServiceId, SubsystemId

ConnectionType = Literal["HTTP", "HTTPS_NO_AUTH", "HTTPS"]


@dataclass(frozen=True, slots=True)
class Client:
    """A subsystem that sends or answers through this server.

    `connection_type` says how its information system must reach us; `is_certificates` are the DER certificates that
    the information system may use, towards us and as a service's own. `status` is `SAVED` until its registration is
    asked for, `REGISTRATION_IN_PROGRESS` from then on; whether it is registered stands in the global configuration.
    """

    id: SubsystemId
    connection_type: ConnectionType
    is_certificates: frozenset[bytes] = field(default=frozenset(), repr=False)
    status: str = "SAVED"

    def accepts(self, *, secure: bool, certificate: bytes) -> bool:
        """Whether an information system that called like this may speak for the subsystem.

        `certificate` is the DER of its certificate, empty without one.
        """
        if self.connection_type == "HTTP":
            return True
        return secure and (self.connection_type == "HTTPS_NO_AUTH" or certificate in self.is_certificates)

    def authenticates(self, *, secure: bool, certificate: bytes) -> bool:
        """Whether the caller has *proved* to be the subsystem's information system, whatever else is accepted."""
        return secure and certificate in self.is_certificates


@dataclass(frozen=True, slots=True)
class LocalService:
    """A REST service of a subsystem of ours.

    `url` is the base address of the information system, `timeout` in seconds; `verify_tls` demands that the
    information system's certificate is one of its owner's. `endpoints` are (method, path pattern).
    """

    id: ServiceId
    url: str
    timeout: float = 60.0
    verify_tls: bool = True
    enabled: bool = True
    disabled_notice: str = ""
    endpoints: tuple[tuple[str, str], ...] = (("*", "**"),)


@dataclass(frozen=True, slots=True)
class AccessRight:
    """`subject` may use an endpoint of `service` from the security servers named, and from no other."""

    subject: SubsystemId
    service: ServiceId
    method: str
    path: str
    security_servers: tuple[SecurityServerId, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one version. `disabled_certificates` are SHA-256 digests of certificates of our own keys."""

    version: int = 0
    clients: Mapping[SubsystemId, Client] = field(default_factory=lambda: MappingProxyType({}))
    services: Mapping[ServiceId, LocalService] = field(default_factory=lambda: MappingProxyType({}))
    rights: tuple[AccessRight, ...] = ()
    disabled_certificates: frozenset[bytes] = frozenset()
