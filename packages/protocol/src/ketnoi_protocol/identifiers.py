"""X-Road identifiers in their colon, slash and XML forms, and Vietnamese organisation codes.

X-Road: PR-MESS section 2.1 and identifiers.xsd for the forms, PR-REST section 4.1 for the slash form. The alphabet is
the one that X-Road asks of new instances (2023); X-Road itself only warns about other characters, here they are
refused [our choice]. So are the parts "." and "..", which an HTTP client would take for steps in a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Protocol, Self
from urllib.parse import unquote

import msgspec

NAMESPACE = "http://x-road.eu/xsd/identifiers"
XROAD_NAMESPACE = "http://x-road.eu/xsd/xroad.xsd"
LONGEST_PART = 255
LONGEST_ORGANISATION_CODE = 35

_PART = r"(?!\.{1,2}(?::|\Z))[A-Za-z0-9'()+,\-.=?]{1,255}"
_FORMS = {count: re.compile(_PART + (":" + _PART) * (count - 1)) for count in (3, 4, 5)}
# Every character of a part may stand as a percent escape; what is longer is no identifier.
_REMEMBERED = 4096
_LONGEST_SLASH = 5 * (3 * LONGEST_PART + 1)
_ORGANISATION = re.compile(r"[GH][0-9]{2}(?:\.[A-Z0-9]{1,10})*")
_OLD_ORGANISATION = re.compile(r"000\.00\.([0-9]{2})\.(.*)")


class InvalidIdentifier(ValueError):  # noqa: N818
    """A text or element is no identifier of the asked type. The text itself is not quoted."""


class XmlElement(Protocol):
    """What `from_xml` needs of an element: xml.etree's and lxml's both have it."""

    def get(self, key: str, /) -> Any:
        """The value of an attribute, None when absent."""

    def __iter__(self) -> Iterator[Any]:
        """The element's children."""


class _Identifier(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """What the four kinds share. Each is a struct of its parts, in the order of PARTS.

    The same few come in every message, so what is read from a text and what follows from an identifier is remembered.
    """

    PARTS: ClassVar[tuple[str, ...]]
    OBJECT_TYPE: ClassVar[str]
    ELEMENT: ClassVar[str]

    def __post_init__(self) -> None:
        """Raises InvalidIdentifier."""
        if not _FORMS[len(self.PARTS)].fullmatch(str(self)):
            raise InvalidIdentifier(f"each of {', '.join(self.PARTS)} takes 1 to 255 of A-Z a-z 0-9 ' ( ) + , - . = ?")

    @property
    def slash(self) -> str:
        """The form of REST headers and paths, `I/C/M[/S]`. Of the alphabet only `?` must be escaped there."""
        return _slash_of(self)

    @classmethod
    def from_colon(cls, text: str) -> Self:
        """Read the colon form, `I:C:M[:S]`. Raises InvalidIdentifier."""
        return cls(*cls._exactly(text.split(":", len(cls.PARTS))))

    @classmethod
    def from_slash(cls, text: str) -> Self:
        """Read the slash form; the parts' percent escapes are decoded strictly. Raises InvalidIdentifier."""
        if len(text) > _LONGEST_SLASH:
            raise InvalidIdentifier("the identifier is too long")
        return _read_slash(cls, text)  # type: ignore[return-value]

    @classmethod
    def from_xml(cls, element: XmlElement) -> Self:
        """Read an element of any name that has X-Road's identifier type. Raises InvalidIdentifier.

        The parts must stand there once each, in the order of the schema, and nothing else.
        """
        if element.get(f"{{{NAMESPACE}}}objectType") != cls.OBJECT_TYPE:
            raise InvalidIdentifier(f"the element's objectType is not {cls.OBJECT_TYPE}")
        children = list(element)
        if [child.tag for child in children] != [f"{{{NAMESPACE}}}{part}" for part in cls.PARTS]:
            raise InvalidIdentifier(f"the element does not hold exactly {', '.join(cls.PARTS)}")
        if any(len(child) for child in children):
            raise InvalidIdentifier("a part of the identifier holds elements")
        return cls(*[(child.text or "").strip() for child in children])

    def to_xml(self) -> str:
        """The element of an X-Road message header (PR-MESS 2.2), with its namespaces declared."""
        inner = "".join(f"<id:{part}>{value}</id:{part}>" for part, value in self.xml_parts())
        return (
            f'<xrd:{self.ELEMENT} xmlns:xrd="{XROAD_NAMESPACE}" xmlns:id="{NAMESPACE}" '
            f'id:objectType="{self.OBJECT_TYPE}">{inner}</xrd:{self.ELEMENT}>'
        )

    def xml_parts(self) -> Iterator[tuple[str, str]]:
        """Name and value of each part, in the order of the schema."""
        return zip(self.PARTS, str(self).split(":"), strict=True)

    @classmethod
    def _exactly(cls, parts: Sequence[str]) -> Sequence[str]:
        if len(parts) != len(cls.PARTS):
            raise InvalidIdentifier(f"{cls.__name__} has exactly {len(cls.PARTS)} parts")
        return parts


@lru_cache(maxsize=_REMEMBERED)
def _read_slash(kind: type[_Identifier], text: str) -> _Identifier:
    """The identifier of this kind; only those that can be read are remembered."""
    return kind(*kind._exactly(_slash_parts(text)))


@lru_cache(maxsize=_REMEMBERED)
def _slash_of(identifier: _Identifier) -> str:
    return str(identifier).replace(":", "/").replace("?", "%3F")


def _slash_parts(text: str) -> tuple[str, ...]:
    """The decoded parts of a slash form; a broken escape stays as it is and fails at the alphabet."""
    if "?" in text:
        raise InvalidIdentifier("a question mark in an identifier must be written %3F")
    parts = text.split("/", 5)
    if "%" in text:
        try:
            parts = [unquote(part, errors="strict") for part in parts]
        except UnicodeDecodeError:
            raise InvalidIdentifier("an escaped part is not UTF-8") from None
    return tuple(parts)


class MemberId(_Identifier, frozen=True, order=True, cache_hash=True):
    """An organisation on one platform in one environment."""

    PARTS: ClassVar[tuple[str, ...]] = ("xRoadInstance", "memberClass", "memberCode")
    OBJECT_TYPE: ClassVar[str] = "MEMBER"
    ELEMENT: ClassVar[str] = "client"

    instance: str
    member_class: str
    member_code: str

    def __str__(self) -> str:
        """The colon form."""
        return f"{self.instance}:{self.member_class}:{self.member_code}"

    def subsystem(self, code: str) -> SubsystemId:
        """The information system `code` of this member. Raises InvalidIdentifier."""
        return SubsystemId(self.instance, self.member_class, self.member_code, code)


class SubsystemId(_Identifier, frozen=True, order=True, cache_hash=True):
    """An information system of a member: that which calls, is called, and holds rights."""

    PARTS: ClassVar[tuple[str, ...]] = (*MemberId.PARTS, "subsystemCode")
    OBJECT_TYPE: ClassVar[str] = "SUBSYSTEM"
    ELEMENT: ClassVar[str] = "client"

    instance: str
    member_class: str
    member_code: str
    subsystem_code: str

    def __str__(self) -> str:
        """The colon form."""
        return f"{self.instance}:{self.member_class}:{self.member_code}:{self.subsystem_code}"

    @property
    def member(self) -> MemberId:
        """The organisation whose system this is."""
        return _member_of(self)

    def service(self, code: str) -> ServiceId:
        """The service `code` of this system. Raises InvalidIdentifier."""
        return ServiceId(self.instance, self.member_class, self.member_code, self.subsystem_code, code)


def client_from_xml(element: XmlElement) -> MemberId | SubsystemId:
    """Read an element that is a member's or a subsystem's identifier, as it says itself. Raises InvalidIdentifier."""
    is_member = element.get(f"{{{NAMESPACE}}}objectType") == MemberId.OBJECT_TYPE
    return MemberId.from_xml(element) if is_member else SubsystemId.from_xml(element)


class SecurityServerId(_Identifier, frozen=True, order=True, cache_hash=True):
    """A security server (SS). Four parts like a subsystem's, and never the same type (PR-MESS 2.1)."""

    PARTS: ClassVar[tuple[str, ...]] = (*MemberId.PARTS, "serverCode")
    OBJECT_TYPE: ClassVar[str] = "SERVER"
    ELEMENT: ClassVar[str] = "securityServer"

    instance: str
    member_class: str
    member_code: str
    server_code: str

    def __str__(self) -> str:
        """The colon form."""
        return f"{self.instance}:{self.member_class}:{self.member_code}:{self.server_code}"

    @property
    def owner(self) -> MemberId:
        """The organisation that runs the server."""
        return MemberId(self.instance, self.member_class, self.member_code)


class ServiceId(_Identifier, frozen=True, order=True, cache_hash=True):
    """A service of an information system. X-Road's optional last part, the version, exists for SOAP only."""

    PARTS: ClassVar[tuple[str, ...]] = (*SubsystemId.PARTS, "serviceCode")
    OBJECT_TYPE: ClassVar[str] = "SERVICE"
    ELEMENT: ClassVar[str] = "service"

    instance: str
    member_class: str
    member_code: str
    subsystem_code: str
    service_code: str

    def __str__(self) -> str:
        """The colon form."""
        return f"{self.instance}:{self.member_class}:{self.member_code}:{self.subsystem_code}:{self.service_code}"

    @property
    def provider(self) -> SubsystemId:
        """The information system that serves it."""
        return _provider_of(self)


@lru_cache(maxsize=_REMEMBERED)
def _member_of(subsystem: SubsystemId) -> MemberId:
    return MemberId(subsystem.instance, subsystem.member_class, subsystem.member_code)


@lru_cache(maxsize=_REMEMBERED)
def _provider_of(service: ServiceId) -> SubsystemId:
    return SubsystemId(service.instance, service.member_class, service.member_code, service.subsystem_code)


@dataclass(frozen=True, slots=True, order=True)
class OrganisationCode:
    """An organisation's electronic identifier (decision 20/2020/QĐ-TTg), at most 35 characters, e.g. `H55.242`.

    `value` is the form of that decision. The older form of QCVN 102 counts from the right, so `000.00.00.G22` is
    `G22`, and a unit beneath, `000.00.12.H55`, is read as `H55.12` [our choice: never as the whole of H55].
    """

    value: str

    def __post_init__(self) -> None:
        if len(self.value) > LONGEST_ORGANISATION_CODE or not _ORGANISATION.fullmatch(self.value):
            raise InvalidIdentifier("an organisation code looks like G22, H55.242 or 000.00.00.G22")

    @classmethod
    def parse(cls, text: str) -> OrganisationCode:
        """Read either form. Raises InvalidIdentifier."""
        return _read_organisation(text)

    def __str__(self) -> str:
        """The normalised code."""
        return self.value

    def covers(self, other: OrganisationCode) -> bool:
        """Whether `other` is this organisation or a unit beneath it."""
        return other.value == self.value or other.value.startswith(self.value + ".")


@lru_cache(maxsize=_REMEMBERED)
def _read_organisation(text: str) -> OrganisationCode:
    """The organisation's code; only those that can be read are remembered."""
    old = _OLD_ORGANISATION.fullmatch(text) if len(text) <= LONGEST_ORGANISATION_CODE else None
    if old is None:
        return OrganisationCode(text)
    unit, code = old.groups()
    if unit == "00":
        return OrganisationCode(code)
    if "." in code:
        raise InvalidIdentifier("an old organisation code names its unit once, on the left")
    return OrganisationCode(f"{code}.{unit}")
