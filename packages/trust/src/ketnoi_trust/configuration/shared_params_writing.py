"""Writing shared-params.xml as versions 2, 3 and 6, element for element in the order of X-Road's schemas."""

from __future__ import annotations

from ketnoi_protocol.identifiers import MemberId, SubsystemId
from ketnoi_trust.configuration.shared_params import (
    WRITTEN_VERSIONS,
    ApprovedAuthority,
    AuthorityCertificate,
    Member,
    SecurityServer,
    SharedParams,
)
from ketnoi_trust.configuration.values import Writer, malformed


def write_shared_params(params: SharedParams, version: int) -> bytes:
    """See `SharedParams.write`."""
    if version not in WRITTEN_VERSIONS:
        raise malformed("the configuration is written as version 2, 3 or 6")
    if version >= 3 and not params.sources:
        raise malformed("from version 3 on the configuration names its sources")
    writer = Writer("conf")
    writer.text("instanceIdentifier", params.instance)
    if version >= 3:
        for source in params.sources:
            with writer.inside("source"):
                writer.text("address", source.address)
                for certificate in source.internal_certificates:
                    writer.base64("internalVerificationCert", certificate)
                for certificate in source.external_certificates:
                    writer.base64("externalVerificationCert", certificate)
    for authority in params.authorities:
        _authority(writer, authority, version)
    for stamps in params.timestamp_authorities:
        with writer.inside("approvedTSA"):
            writer.text("name", stamps.name)
            writer.text("url", stamps.url)
            writer.base64("cert", stamps.certificate)
            writer.optional("costType", stamps.cost if version >= 6 else None)
    xml_ids: dict[MemberId | SubsystemId, str] = {}
    for member in params.members:
        _member(writer, member, xml_ids, version)
    for server in params.servers:
        _server(writer, server, xml_ids, version)
    for group in params.groups:
        with writer.inside("globalGroup"):
            writer.text("groupCode", group.code)
            writer.text("description", group.description)
            for each in group.members:
                writer.client("groupMember", each)
    with writer.inside("globalSettings"):
        for member_class in params.member_classes:
            with writer.inside("memberClass"):
                writer.text("code", member_class.code)
                writer.text("description", member_class.description)
        writer.text("ocspFreshnessSeconds", str(int(params.ocsp_freshness.total_seconds())))
    return writer.finish()


def _authority(writer: Writer, authority: ApprovedAuthority, version: int) -> None:
    with writer.inside("approvedCA"):
        writer.text("name", authority.name)
        writer.text("authenticationOnly", "true" if authority.authentication_only else "false")
        _authority_certificate(writer, "topCA", authority.top, version)
        for each in authority.intermediates:
            _authority_certificate(writer, "intermediateCA", each, version)
        writer.text("certificateProfileInfo", authority.profile)
        writer.optional("defaultCsrFormat", authority.csr_format if version >= 6 else None)
        if authority.acme is not None and version >= 3:
            with writer.inside("acmeServer"):
                writer.text("directoryURL", authority.acme.directory_url)
                writer.optional("ipAddress", authority.acme.ip_address)
                if version >= 4:
                    writer.optional("authenticationCertificateProfileId", authority.acme.authentication_profile_id)
                    writer.optional("signingCertificateProfileId", authority.acme.signing_profile_id)


def _authority_certificate(writer: Writer, name: str, authority: AuthorityCertificate, version: int) -> None:
    with writer.inside(name):
        writer.base64("cert", authority.certificate)
        for responder in authority.responders:
            with writer.inside("ocsp"):
                writer.text("url", responder.url)
                if responder.certificate is not None:
                    writer.base64("cert", responder.certificate)
                writer.optional("costType", responder.cost if version >= 6 else None)


def _member(writer: Writer, member: Member, xml_ids: dict[MemberId | SubsystemId, str], version: int) -> None:
    with writer.inside("member", id=_new_id(xml_ids, member.id)):
        with writer.inside("memberClass"):
            writer.text("code", member.id.member_class)
            writer.text("description", member.class_description)
        writer.text("memberCode", member.id.member_code)
        writer.text("name", member.name)
        for subsystem in member.subsystems:
            if subsystem.id.member != member.id:
                raise malformed("a subsystem stands under another member")
            with writer.inside("subsystem", id=_new_id(xml_ids, subsystem.id)):
                writer.text("subsystemCode", subsystem.id.subsystem_code)
                writer.optional("subsystemName", subsystem.name if version >= 5 else None)


def _new_id(xml_ids: dict[MemberId | SubsystemId, str], id_: MemberId | SubsystemId) -> str:
    if id_ in xml_ids:
        raise malformed("a member or subsystem is registered twice")
    return xml_ids.setdefault(id_, f"id{len(xml_ids)}")


def _server(writer: Writer, server: SecurityServer, xml_ids: dict[MemberId | SubsystemId, str], version: int) -> None:
    with writer.inside("securityServer"):
        writer.text("owner", _known_id(xml_ids, server.id.owner))
        writer.text("serverCode", server.id.server_code)
        writer.optional("address", server.address)
        for each in server.authentication_certificate_hashes:
            digest = each.sha1 if version == 2 else each.sha256
            if digest is None:
                raise malformed("the hash of an authentication certificate is not known in the form of this version")
            writer.base64("authCertHash", digest)
        for client in sorted(server.clients, key=str):
            writer.text("client", _known_id(xml_ids, client))
        if server.maintenance is not None and version >= 5:
            with writer.inside("inMaintenanceMode"):
                writer.optional("message", server.maintenance.message)


def _known_id(xml_ids: dict[MemberId | SubsystemId, str], id_: MemberId | SubsystemId) -> str:
    if id_ not in xml_ids:
        raise malformed("a security server refers to a member that is not there")
    return xml_ids[id_]
