"""Certificate profiles: which member a signing certificate speaks for.

An approved authority names in the configuration the Java class that reads its subjects; the same names select the
functions below (X-Road, package ee.ria.xroad.common.certificateprofile.impl). Authentication certificates need no
profile: a server is known by the registered hash of its certificate alone.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.x509.oid import NameOID, ObjectIdentifier

from ketnoi_protocol.identifiers import InvalidIdentifier, MemberId
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

FIVRK = "ee.ria.xroad.common.certificateprofile.impl.FiVRKCertificateProfileInfoProvider"
BASIC = "ee.ria.xroad.common.certificateprofile.impl.BasicCertificateProfileInfoProvider"
BASIC_ACME = "ee.ria.xroad.common.certificateprofile.impl.BasicACMECertificateProfileInfoProvider"
EJBCA = "ee.ria.xroad.common.certificateprofile.impl.EjbcaCertificateProfileInfoProvider"

_ATTRIBUTE_NAMES = {
    NameOID.COUNTRY_NAME: "country",
    NameOID.ORGANIZATION_NAME: "organisation",
    NameOID.COMMON_NAME: "common name",
    NameOID.SERIAL_NUMBER: "serial number",
    NameOID.BUSINESS_CATEGORY: "business category",
}

Decoded = tuple[str, str, str]


def _required(certificate: ParsedCertificate, oid: ObjectIdentifier) -> str:
    value = certificate.named(oid)
    if value is None:
        raise Refused("incorrect_certificate", f"the subject has no {_ATTRIBUTE_NAMES[oid]}")
    return value


def _require_finland(certificate: ParsedCertificate) -> None:
    # The stock profile demands this country of everybody, Vietnamese servers included (X-Road issue 77 shows one).
    if _required(certificate, NameOID.COUNTRY_NAME) != "FI":
        raise Refused("incorrect_certificate", "the subject's country is not the one its profile demands")


def _fivrk(certificate: ParsedCertificate, instance: str) -> Decoded:
    serial = certificate.named(NameOID.SERIAL_NUMBER)
    if serial is not None:
        _require_finland(certificate)
        _required(certificate, NameOID.ORGANIZATION_NAME)
        parts = serial.split("/")
        if len(parts) != 3:
            raise Refused("incorrect_certificate", "the subject's serial number is not instance/server/class")
        return parts[0], parts[2], _required(certificate, NameOID.COMMON_NAME)
    member_class = certificate.named(NameOID.ORGANIZATIONAL_UNIT_NAME)
    if member_class is None:
        return _ejbca(certificate, instance)
    _require_finland(certificate)
    return (
        _required(certificate, NameOID.ORGANIZATION_NAME),
        member_class,
        _required(certificate, NameOID.COMMON_NAME),
    )


def _ejbca(certificate: ParsedCertificate, instance: str) -> Decoded:
    return (
        _required(certificate, NameOID.COUNTRY_NAME),
        _required(certificate, NameOID.ORGANIZATION_NAME),
        _required(certificate, NameOID.COMMON_NAME),
    )


def _basic(certificate: ParsedCertificate, instance: str) -> Decoded:
    return (
        instance,
        _required(certificate, NameOID.BUSINESS_CATEGORY),
        _required(certificate, NameOID.SERIAL_NUMBER),
    )


_DECODERS: dict[str, Callable[[ParsedCertificate, str], Decoded]] = {
    FIVRK: _fivrk,
    BASIC: _basic,
    BASIC_ACME: _basic,
    EJBCA: _ejbca,
}


def member_of(certificate: ParsedCertificate, profile: str, instance: str) -> MemberId:
    """The member that the subject of a signing certificate names.

    `profile` is the class name from the configuration, `instance` the instance whose authority issued it.
    Raises Refused("incorrect_certificate") when the profile is unknown, an attribute is missing or ill formed, or
    the subject names another instance.
    """
    decode = _DECODERS.get(profile)
    if decode is None:
        raise Refused("incorrect_certificate", "the authority's certificate profile is not known here")
    try:
        member = MemberId(*decode(certificate, instance))
    except InvalidIdentifier as error:
        raise Refused("incorrect_certificate", "the subject does not name a member") from error
    if member.instance != instance:
        raise Refused("incorrect_certificate", "the subject names a member of another instance")
    return member
