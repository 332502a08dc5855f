"""Who may call the gateway, and under which key it shows itself: read from the settings once, when it starts.

On this machine alone nobody needs to be told apart. Elsewhere there are three ways, of which each that is set up must
hold: a client certificate that is kept here, octet by octet; an address from which callers come; a password by HTTP
Basic. Today's callers send a hash of their own in `Authorization`, another at each call, so whoever is to be left
unchanged is known by one of the first two.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_client.problems import SettingsError
from ketnoi_client.settings import Settings


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """What callers are known by. What is None or empty is not asked for; `tls` is None for HTTP."""

    tls: ssl.SSLContext | None
    credentials: bytes | None
    certificates: frozenset[bytes]
    networks: tuple[IPv4Network | IPv6Network, ...]

    @classmethod
    def of(cls, settings: Settings) -> Access:
        """Read the files that the settings name. Raises SettingsError for what must not or cannot be opened."""
        told = settings.soap_gateway
        credentials = _credentials(settings)
        networks = _networks(told.caller_addresses)
        if not _is_loopback(told.host) and not (told.certificate and (credentials or told.callers or networks)):
            raise SettingsError(
                "soap_gateway.host: ngoài máy này phải có certificate, key, và callers, caller_addresses hoặc "
                "user, password · elsewhere than on this machine it needs certificate and key, and callers, "
                "caller_addresses or user and password"
            )
        if told.callers and not told.certificate:
            raise SettingsError("soap_gateway.callers: cần certificate, key · needs certificate and key")
        certificates = _certificates(settings)
        return cls(_tls(settings, certificates), credentials, certificates, networks)

    def is_caller(self, address: str, certificate: bytes | None) -> bool:
        """Whether a connection from `address`, whose peer showed `certificate` (DER), is a caller's."""
        if self.certificates and certificate not in self.certificates:
            return False
        if not self.networks:
            return True
        found = ip_address(address.partition("%")[0])
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self.networks)

    def is_known(self, authorization: str) -> bool:
        """Whether a call has the password, where there is one."""
        if self.credentials is None:
            return True
        kind, _, given = authorization.partition(" ")
        try:
            told = base64.b64decode(given, validate=True) if kind.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(told, self.credentials)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _networks(told: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        found = tuple([ip_network(each) for each in told])
    except ValueError:
        found = ()
    if len(found) != len(told) or any(network.prefixlen == 0 for network in found):
        raise SettingsError(
            'soap_gateway.caller_addresses: cần địa chỉ như "10.1.2.3" hoặc "10.1.2.0/24" · '
            'needs addresses like "10.1.2.3" or "10.1.2.0/24"'
        )
    return found


def _credentials(settings: Settings) -> bytes | None:
    told = settings.soap_gateway
    if not told.user and not told.password:
        return None
    path = settings.path(told.password)
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path}: người khác đọc được · others may read it; chmod 600")
        password = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: không đọc được · cannot be read: {type(error).__name__}") from error
    if not told.user or ":" in told.user or len(password) < 12:
        raise SettingsError(
            "soap_gateway: cần user (không có dấu hai chấm) và mật khẩu từ 12 ký tự · "
            "needs a user without a colon and a password of 12 characters or more"
        )
    return f"{told.user}:{password}".encode()


def _certificates(settings: Settings) -> frozenset[bytes]:
    name = settings.soap_gateway.callers
    if not name:
        return frozenset()
    try:
        found = x509.load_pem_x509_certificates(settings.path(name).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name}: không dùng được · cannot be used: {type(error).__name__}") from error
    return frozenset(certificate.public_bytes(Encoding.DER) for certificate in found)


def _tls(settings: Settings, callers: frozenset[bytes]) -> ssl.SSLContext | None:
    told = settings.soap_gateway
    if not told.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.path(told.certificate), settings.path(told.key), password="")
        if callers:
            # Which of those that it lets through are callers' own is asked at each call.
            context.verify_mode = ssl.CERT_REQUIRED
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(cadata=b"".join(callers))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{told.certificate}, {told.key}: không dùng được · cannot be used: {type(error).__name__}"
        ) from error
    return context
