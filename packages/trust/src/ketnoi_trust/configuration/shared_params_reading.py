"""Reading shared-params.xml of versions 2 to 6.

The versions differ by elements that were added, so one reader serves all: what an older version lacks is absent.
The reader asks for what the schema demands, and passes over elements that it does not know (from version 3 on the
schema allows anything at the end).
"""

from __future__ import annotations

from datetime import timedelta

from lxml import etree

from ketnoi_protocol.identifiers import (
    InvalidIdentifier,
    MemberId,
    SecurityServerId,
    SubsystemId,
    client_from_xml,
)
from ketnoi_trust.configuration.shared_params import (
    AcmeServer,
    ApprovedAuthority,
    AuthorityCertificate,
    CertificateHash,
    ConfigurationSource,
    GlobalGroup,
    Maintenance,
    Member,
    MemberClass,
    OcspResponder,
    SecurityServer,
    SharedParams,
    Subsystem,
    TimestampAuthority,
)
from ketnoi_trust.configuration.values import (
    XROAD,
    base64_of,
    certificate_der,
    child,
    children,
    malformed,
    optional_child,
    optional_text,
    root_of,
    text_of,
    truth,
    whole_number,
)

# Of names that nobody can have, so much is told.
_LONGEST_TOLD = 255

CONF = f"{{{XROAD}}}conf"


def conf_of(data: bytes) -> tuple[etree._Element, str]:
    """The root of a parameter file and the instance it names; raises Refused("malformed_global_conf")."""
    root = root_of(data)
    if root.tag != CONF:
        raise malformed("the file holds no configuration parameters")
    instance = text_of(child(root, "instanceIdentifier"))
    if not instance:
        raise malformed("the file names no instance")
    return root, instance


def read_shared_params(data: bytes, instance: str | None) -> SharedParams:
    """See `SharedParams.read`."""
    root, own = conf_of(data)
    if instance is not None and own != instance:
        raise malformed("the shared parameters are those of another instance")
    settings = child(root, "globalSettings")
    registered = _Registered(own)
    members = tuple(filter(None, (registered.member(each) for each in children(root, "member"))))
    servers = tuple(filter(None, (registered.server(each) for each in children(root, "securityServer"))))
    return SharedParams(
        instance=own,
        sources=tuple(_source(each) for each in children(root, "source")),
        authorities=tuple(_authority(each) for each in children(root, "approvedCA")),
        timestamp_authorities=tuple(_timestamp_authority(each) for each in children(root, "approvedTSA")),
        members=members,
        servers=servers,
        groups=tuple(registered.group(each) for each in children(root, "globalGroup")),
        member_classes=tuple(
            MemberClass(text_of(child(each, "code")), text_of(child(each, "description")))
            for each in children(settings, "memberClass")
        ),
        ocsp_freshness=timedelta(seconds=whole_number(text_of(child(settings, "ocspFreshnessSeconds")))),
        unaddressable=tuple(registered.unaddressable),
    )


def _source(element: etree._Element) -> ConfigurationSource:
    return ConfigurationSource(
        text_of(child(element, "address")),
        tuple(certificate_der(each) for each in children(element, "internalVerificationCert")),
        tuple(certificate_der(each) for each in children(element, "externalVerificationCert")),
    )


def _authority(element: etree._Element) -> ApprovedAuthority:
    only = optional_text(element, "authenticationOnly")
    acme = optional_child(element, "acmeServer")
    return ApprovedAuthority(
        name=text_of(child(element, "name")),
        top=_authority_certificate(child(element, "topCA")),
        profile=text_of(child(element, "certificateProfileInfo")),
        intermediates=tuple(_authority_certificate(each) for each in children(element, "intermediateCA")),
        authentication_only=only is not None and truth(only),
        csr_format=optional_text(element, "defaultCsrFormat"),
        acme=None
        if acme is None
        else AcmeServer(
            text_of(child(acme, "directoryURL")),
            optional_text(acme, "ipAddress"),
            optional_text(acme, "authenticationCertificateProfileId"),
            optional_text(acme, "signingCertificateProfileId"),
        ),
    )


def _authority_certificate(element: etree._Element) -> AuthorityCertificate:
    return AuthorityCertificate(
        certificate_der(child(element, "cert")), tuple(_responder(each) for each in children(element, "ocsp"))
    )


def _responder(element: etree._Element) -> OcspResponder:
    certificate = optional_child(element, "cert")
    return OcspResponder(
        text_of(child(element, "url")),
        None if certificate is None else certificate_der(certificate),
        optional_text(element, "costType"),
    )


def _timestamp_authority(element: etree._Element) -> TimestampAuthority:
    return TimestampAuthority(
        text_of(child(element, "name")),
        text_of(child(element, "url")),
        certificate_der(child(element, "cert")),
        optional_text(element, "costType"),
    )


def _certificate_hash(element: etree._Element) -> CertificateHash:
    digest = base64_of(text_of(element))
    if len(digest) == 32:
        return CertificateHash(sha256=digest)
    if len(digest) == 20:
        return CertificateHash(sha1=digest)
    raise malformed("a registered certificate hash is neither SHA-256 nor SHA-1")


class _Registered:
    """Members, subsystems and servers, with the XML ids by which they name each other."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.unaddressable: list[str] = []
        # None stands for an id whose owner has no usable identifier: known, but nobody.
        self._by_xml_id: dict[str, MemberId | SubsystemId | None] = {}

    def member(self, element: etree._Element) -> Member | None:
        """A member with its subsystems, and their ids remembered; None where nobody can address it.

        Raises Refused("malformed_global_conf").
        """
        classes = child(element, "memberClass")
        code, class_code = text_of(child(element, "memberCode")), text_of(child(classes, "code"))
        try:
            id_ = MemberId(self.instance, class_code, code)
        except InvalidIdentifier:
            name = _told(f"{class_code}:{code}")
            self._remember(element, None, name)
            for subsystem in children(element, "subsystem"):
                self._remember(subsystem, None, f"{name}:{_told(text_of(child(subsystem, 'subsystemCode')))}")
            return None
        self._remember(element, id_)
        return Member(
            id_,
            text_of(child(element, "name")),
            tuple(filter(None, (self._subsystem(each, id_) for each in children(element, "subsystem")))),
            text_of(child(classes, "description")),
        )

    def _subsystem(self, element: etree._Element, member: MemberId) -> Subsystem | None:
        code = text_of(child(element, "subsystemCode"))
        try:
            id_ = member.subsystem(code)
        except InvalidIdentifier:
            self._remember(element, None, f"{member}:{_told(code)}")
            return None
        self._remember(element, id_)
        return Subsystem(id_, optional_text(element, "subsystemName"))

    def _remember(self, element: etree._Element, id_: MemberId | SubsystemId | None, name: str = "") -> None:
        xml_id = element.get("id")
        if xml_id is not None:
            if xml_id in self._by_xml_id:
                raise malformed("two elements have the same id")
            self._by_xml_id[xml_id] = id_
        if id_ is None:
            self.unaddressable.append(name)

    def _referred(self, element: etree._Element) -> MemberId | SubsystemId | None:
        try:
            return self._by_xml_id[text_of(element)]
        except KeyError:
            raise malformed("a security server refers to a member that is not there") from None

    def server(self, element: etree._Element) -> SecurityServer | None:
        """A security server; None where nobody can address it or its owner. Members must have been read before.

        Clients that nobody can address are left out. Raises Refused("malformed_global_conf"), also when it refers to
        somebody who is not there.
        """
        owner, code = self._referred(child(element, "owner")), text_of(child(element, "serverCode"))
        if isinstance(owner, SubsystemId):
            raise malformed("a security server belongs to a subsystem")
        hashes = tuple(_certificate_hash(each) for each in children(element, "authCertHash"))
        referred = [self._referred(each) for each in children(element, "client")]
        clients = frozenset(each for each in referred if each is not None)
        maintenance = optional_child(element, "inMaintenanceMode")
        try:
            if owner is None:
                raise InvalidIdentifier("owner")
            id_ = SecurityServerId(owner.instance, owner.member_class, owner.member_code, code)
        except InvalidIdentifier:
            self.unaddressable.append(f"server {_told(code)}")
            return None
        return SecurityServer(
            id_,
            optional_text(element, "address") or None,
            hashes,
            clients,
            None if maintenance is None else Maintenance(optional_text(maintenance, "message")),
        )

    def group(self, element: etree._Element) -> GlobalGroup:
        """A global group, without the members that nobody can address. Raises Refused("malformed_global_conf")."""
        members = []
        for each in children(element, "groupMember"):
            try:
                members.append(client_from_xml(each))
            except InvalidIdentifier:
                self.unaddressable.append("a group's member")
        return GlobalGroup(text_of(child(element, "groupCode")), text_of(child(element, "description")), tuple(members))


def _told(name: str) -> str:
    return name[:_LONGEST_TOLD]
