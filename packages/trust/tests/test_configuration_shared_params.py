"""Shared parameters: what is written is read, in every version, and in the order that X-Road's schemas demand."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_trust import profiles
from ketnoi_trust.configuration import (
    AcmeServer,
    ApprovedAuthority,
    AuthorityCertificate,
    CertificateHash,
    GlobalGroup,
    Maintenance,
    Member,
    OcspResponder,
    SharedParams,
    Subsystem,
    TimestampAuthority,
)
from ketnoi_trust.errors import Refused

# X-Road PR-GCONF 2.12 and its schemas: children in this order, "1" once, "?" at most once, "*" any, "+" at least once.
ORDER = {
    2: {
        "conf": "instanceIdentifier approvedCA* approvedTSA* member* securityServer* globalGroup* centralService* "
        "globalSettings",
        "approvedCA": "name authenticationOnly? topCA intermediateCA* certificateProfileInfo",
        "topCA": "cert ocsp*",
        "intermediateCA": "cert ocsp*",
        "ocsp": "url cert?",
        "approvedTSA": "name url cert",
        "member": "memberClass memberCode name subsystem*",
        "memberClass": "code description",
        "subsystem": "subsystemCode",
        "securityServer": "owner serverCode address? authCertHash* client*",
        "globalGroup": "groupCode description groupMember*",
        "groupMember": "xRoadInstance memberClass memberCode subsystemCode?",
        "globalSettings": "memberClass* ocspFreshnessSeconds",
    }
}
ORDER[3] = ORDER[2] | {
    "conf": ORDER[2]["conf"].replace("approvedCA*", "source+ approvedCA*"),
    "source": "address internalVerificationCert* externalVerificationCert*",
    "approvedCA": ORDER[2]["approvedCA"] + " acmeServer?",
    "acmeServer": "directoryURL ipAddress?",
}
ORDER[6] = ORDER[3] | {
    "approvedCA": ORDER[2]["approvedCA"] + " defaultCsrFormat? acmeServer?",
    "acmeServer": "directoryURL ipAddress? authenticationCertificateProfileId? signingCertificateProfileId?",
    "ocsp": "url cert? costType?",
    "approvedTSA": "name url cert costType?",
    "subsystem": "subsystemCode subsystemName?",
    "securityServer": ORDER[2]["securityServer"] + " inMaintenanceMode?",
    "inMaintenanceMode": "message?",
}
IDENTIFIERS = "{http://x-road.eu/xsd/identifiers}"


def schema_complaints(element, order):
    """What a validator with these orders would say."""
    name = etree.QName(element).localname
    if len(element) and name in order:
        names = [etree.QName(each).localname for each in element]
        for rule in order[name].split():
            bare, mark = rule.rstrip("?*+"), rule[-1] if rule[-1] in "?*+" else "1"
            count = 0
            while names[:1] == [bare]:
                names.pop(0)
                count += 1
            if (mark in "1+" and count == 0) or (mark in "1?" and count > 1):
                yield f"{name}: {bare} {count} times"
        yield from (f"{name}: {each} is in the wrong place" for each in names)
    elif len(element):
        yield f"{name} has children"
    for each in element:
        namespace = etree.QName(each).namespace
        if namespace != (IDENTIFIERS[1:-1] if name == "groupMember" else None):
            yield f"{etree.QName(each).localname} is in the wrong namespace"
        yield from schema_complaints(each, order)


@pytest.fixture(scope="module")
def full(kit):
    """Parameters that use everything."""
    top, between, stamps = kit.authority(), kit.authority("Between"), kit.authority("Stamps")
    tls = top.issue_authentication()
    authority = ApprovedAuthority(
        "CA & sons",
        AuthorityCertificate(top.der, (OcspResponder("http://ocsp.example/?a=1&b", top.der, "PAID"),)),
        profiles.BASIC,
        (AuthorityCertificate(between.der, (OcspResponder("http://two.example"),)),),
        True,
        "DER",
        AcmeServer("https://acme.example", "10.0.0.1", "auth", "sign"),
    )
    params = kit.params(
        authority,
        kit.approve(between),
        authentication=(tls,),
        timestamps=(TimestampAuthority("TSA", "http://tsa.example", stamps.der, "FREE"),),
        freshness=timedelta(minutes=7),
        publisher=top,
    )
    server = replace(params.servers[0], maintenance=Maintenance("back soon"))
    idle = replace(
        params.servers[0],
        id=SecurityServerId(kit.instance, "GOV", "H55", "SS02"),
        address=None,
        authentication_certificate_hashes=(),
        clients=frozenset({kit.province}),
        maintenance=Maintenance(),
    )
    return replace(params, servers=(server, idle))


@pytest.mark.parametrize("version", [2, 3, 6])
def test_what_is_written_stands_in_the_order_of_the_schema(full, version):
    root = etree.fromstring(full.write(version))
    assert root.tag == "{http://x-road.eu/xsd/xroad.xsd}conf"
    assert list(schema_complaints(root, ORDER[version])) == []


def test_the_check_of_the_order_would_complain(full):
    assert list(schema_complaints(etree.fromstring(full.write(6)), ORDER[2]))
    assert list(schema_complaints(etree.fromstring(full.write(2)), ORDER[6]))


def only(full, **changes):
    """The same parameters with less, as an older version can say them."""
    authorities = tuple(
        replace(
            each,
            csr_format=None,
            top=replace(each.top, responders=tuple(replace(r, cost=None) for r in each.top.responders)),
            **({"acme": changes["acme"]} if each.acme else {}),
        )
        for each in full.authorities
    )
    members = tuple(replace(m, subsystems=tuple(replace(s, name=None) for s in m.subsystems)) for m in full.members)
    servers = tuple(
        replace(
            each,
            maintenance=None,
            authentication_certificate_hashes=tuple(
                CertificateHash(**{changes["hash"]: getattr(h, changes["hash"])})
                for h in each.authentication_certificate_hashes
            ),
        )
        for each in full.servers
    )
    return replace(
        full,
        sources=changes["sources"],
        authorities=authorities,
        timestamp_authorities=tuple(replace(each, cost=None) for each in full.timestamp_authorities),
        members=members,
        servers=servers,
    )


def test_version_6_says_everything(full):
    read = SharedParams.read(full.write(6))
    hashes = tuple(CertificateHash(h.sha256) for h in full.servers[0].authentication_certificate_hashes)
    first = replace(full.servers[0], authentication_certificate_hashes=hashes)
    assert read == replace(full, servers=(first, *full.servers[1:]))
    assert read.unaddressable == ()


def test_version_3_leaves_out_what_came_later(full):
    acme = AcmeServer("https://acme.example", "10.0.0.1")
    assert SharedParams.read(full.write(3)) == only(full, acme=acme, hash="sha256", sources=full.sources)


def test_version_2_registers_sha1_and_names_no_source(full):
    assert SharedParams.read(full.write(2)) == only(full, acme=None, hash="sha1", sources=())


def test_the_same_parameters_give_the_same_bytes(full):
    assert full.write(6) == full.write(6)


@pytest.mark.parametrize("version", [0, 1, 4, 5, 7])
def test_other_versions_are_not_written(full, version):
    with pytest.raises(Refused, match="2, 3 or 6"):
        full.write(version)


def test_what_a_version_cannot_say_is_refused(full, kit):
    with pytest.raises(Refused, match="sources"):
        replace(full, sources=()).write(3)
    one_hash = replace(full.servers[0], authentication_certificate_hashes=(CertificateHash(sha256=bytes(32)),))
    with pytest.raises(Refused, match="not known"):
        replace(full, servers=(one_hash,)).write(2)
    other = MemberId(kit.instance, "GOV", "G01")
    homeless = replace(full.servers[0], clients=frozenset({other.subsystem("X")}))
    with pytest.raises(Refused, match="not there"):
        replace(full, servers=(homeless,)).write(6)
    with pytest.raises(Refused, match="twice"):
        replace(full, members=full.members * 2).write(6)
    with pytest.raises(Refused, match="another member"):
        replace(full, members=(Member(other, "Other", (Subsystem(kit.ministry.subsystem("X")),)),)).write(6)
    with pytest.raises(Refused, match="cannot carry"):
        replace(full, groups=(GlobalGroup("a\x00b"),)).write(6)


def test_names_survive_whatever_they_contain(full):
    odd = replace(full.members[0], name="<&>\"' \u1eaf]]>")
    assert SharedParams.read(replace(full, members=(odd, *full.members[1:])).write(6)).members[0].name == odd.name


def test_certificates_may_be_base64_of_pem(full, kit):
    authority = kit.authority()
    params = kit.params(kit.approve(authority))
    pem = authority.certificate.public_bytes(Encoding.PEM)
    data = params.write(6).replace(b64encode(authority.der), b64encode(pem))
    assert data != params.write(6)
    assert SharedParams.read(data).authorities == params.authorities


def test_another_instance_is_refused(full):
    with pytest.raises(Refused, match="another instance"):
        SharedParams.read(full.write(6), "YY-TEST")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<instanceIdentifier>XX-TEST</instanceIdentifier>", "", "no element instanceIdentifier"),
        ("<instanceIdentifier>XX-TEST</instanceIdentifier>", "<instanceIdentifier/>", "names no instance"),
        ("<instanceIdentifier>", "<instanceIdentifier>A</instanceIdentifier><instanceIdentifier>", "more than one"),
        ("xrd:conf", "xrd:other", "no configuration parameters"),
        ("<name>TSA</name>", "", "no element name"),
        ("<ocspFreshnessSeconds>420</ocspFreshnessSeconds>", "", "no element ocspFreshnessSeconds"),
        ("<ocspFreshnessSeconds>420<", "<ocspFreshnessSeconds>-1<", "whole number"),
        ("<ocspFreshnessSeconds>420<", "<ocspFreshnessSeconds>4294967296<", "whole number"),
        ("<ocspFreshnessSeconds>420<", "<ocspFreshnessSeconds>\u0664<", "whole number"),
        ("<authenticationOnly>true<", "<authenticationOnly>yes<", "true nor false"),
        ('id="id1"', 'id="id0"', "the same id"),
        ("<owner>id0</owner>", "<owner>id9</owner>", "not there"),
        ("<owner>id0</owner>", "<owner>id1</owner>", "belongs to a subsystem"),
        ("<client>id1</client>", "<client>id9</client>", "not there"),
        ("</authCertHash>", "AAAA</authCertHash>", "not base64"),
        ("<authCertHash>", "<authCertHash>AAAA", "neither SHA-256 nor SHA-1"),
        ("</xrd:conf>", "", "well-formed"),
    ],
)
def test_what_does_not_say_what_it_must_is_refused(full, old, new, why):
    data = full.write(6).decode()
    assert old in data
    with pytest.raises(Refused, match=why) as refused:
        SharedParams.read(data.replace(old, new).encode())
    assert refused.value.code == "malformed_global_conf"


def test_numbers_and_truths_are_read_in_every_form_of_the_schema(full):
    data = full.write(6).replace(b">420<", b"> +0420 <").replace(b"Only>true<", b"Only>1<")
    read = SharedParams.read(data)
    assert read.ocsp_freshness == timedelta(minutes=7)
    assert read.authorities[0].authentication_only


def test_comments_within_values_are_passed_over(full):
    data = full.write(6).replace(b">420<", b">4<!-- four hundred -->20<")
    assert SharedParams.read(data).ocsp_freshness == timedelta(minutes=7)


def test_unknown_elements_at_the_end_are_passed_over(full):
    data = full.write(6).replace(b"</xrd:conf>", b"<later><b/></later></xrd:conf>")
    assert SharedParams.read(data) == SharedParams.read(full.write(6))


def test_members_without_an_xml_id_are_read(full):
    # The schema lets ids be absent; nothing can refer to such a member then.
    data = replace(full, servers=()).write(6).replace(b' id="id1"', b"")
    assert len(SharedParams.read(data).members) == 2


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("<memberCode>G15<", "<memberCode>G 15<", (1, 1, ["GOV:G 15", "GOV:G 15:MOTCUA", "server SS01"])),
        ("<subsystemCode>MOTCUA<", "<subsystemCode>MỘT<", (2, 2, ["XX-TEST:GOV:G15:MỘT", "XX-TEST:GOV:H55:MỘT"])),
        ("<serverCode>SS01<", "<serverCode>SS/01<", (2, 1, ["server SS/01"])),
        ("<id:memberCode>G15<", "<id:memberCode>G:15<", (2, 2, ["a group's member", "a group's member"])),
    ],
)  # fmt: skip
def test_what_cannot_be_addressed_is_left_out_and_named(full, old, new, left):
    data = full.write(6).decode()
    assert old in data
    members, servers, names = left
    read = SharedParams.read(data.replace(old, new).encode())
    assert (len(read.members), len(read.servers), list(read.unaddressable)) == (members, servers, names)


def test_a_server_forgets_clients_that_cannot_be_addressed(full):
    read = SharedParams.read(full.write(6).replace(b"<subsystemCode>MOTCUA<", b"<subsystemCode>A B<"))
    assert read.servers[0].clients == frozenset()
