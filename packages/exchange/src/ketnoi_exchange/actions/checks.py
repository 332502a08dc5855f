"""What may be written down at all. Everything that passes here can be published; nothing else gets in."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

LONGEST_TEXT: Final = 255
COSTS: Final = frozenset({"FREE", "PAID", "UNDEFINED"})

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*")
_CODE = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9'()+,\-.=?]{1,255}")


def text(value: str, field: str) -> str:
    """A name or description, without space around it. Raises ChangeRefused `validation_failure`."""
    value = value.strip()
    if not value or len(value) > LONGEST_TEXT or not value.isprintable():
        raise ChangeRefused("validation_failure", field)
    return value


def code(value: str, field: str) -> str:
    """A code in X-Road's alphabet. Raises ChangeRefused `validation_failure`."""
    if not _CODE.fullmatch(value):
        raise ChangeRefused("validation_failure", field)
    return value


def url(value: str) -> str:
    """An address of HTTP. Raises ChangeRefused `invalid_url`."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or len(value) > 1000 or not re.fullmatch(r"[!-~]+", value):
        raise ChangeRefused("invalid_url")
    return value


def server_address(value: str) -> str:
    """A host name or IP address, without a port. Raises ChangeRefused."""
    try:
        ip_address(value)
    except ValueError:
        if not _HOST.fullmatch(value):
            raise ChangeRefused("management_request_invalid_server_address") from None
    return value


def cost(value: str | None) -> str | None:
    """What a trust service costs its callers. Raises ChangeRefused `validation_failure`."""
    if value is not None and value not in COSTS:
        raise ChangeRefused("validation_failure", "cost_type")
    return value


def certificate(data: bytes) -> ParsedCertificate:
    """A certificate from PEM or DER. Raises ChangeRefused `cannot_read_certificate`."""
    try:
        if b"-----BEGIN" in data:
            data = x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
        return ParsedCertificate.parse(data)
    except (Refused, ValueError, TypeError):
        raise ChangeRefused("cannot_read_certificate") from None


def member_of(instance: str, id_: MemberId) -> MemberId:
    """A member of this instance. Raises ChangeRefused `invalid_member_id`."""
    if id_.instance != instance:
        raise ChangeRefused("invalid_member_id", str(id_))
    return id_


def subsystem_of(instance: str, id_: SubsystemId) -> SubsystemId:
    """A subsystem of this instance. Raises ChangeRefused `invalid_subsystem_id`."""
    if id_.instance != instance:
        raise ChangeRefused("invalid_subsystem_id", str(id_))
    return id_


def server_of(instance: str, id_: SecurityServerId) -> SecurityServerId:
    """A security server of this instance. Raises ChangeRefused `invalid_server_id`."""
    if id_.instance != instance:
        raise ChangeRefused("invalid_server_id", str(id_))
    return id_
