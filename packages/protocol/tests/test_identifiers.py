"""X-Road identifiers in three forms, and organisation codes in the new form and the old."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.identifiers import (
    NAMESPACE,
    InvalidIdentifier,
    MemberId,
    OrganisationCode,
    SecurityServerId,
    ServiceId,
    SubsystemId,
    client_from_xml,
)

KINDS = (MemberId, SubsystemId, SecurityServerId, ServiceId)
parts = st.from_regex(r"[A-Za-z0-9'()+,\-.=?]{1,20}", fullmatch=True).filter(lambda part: part not in (".", ".."))
identifiers = st.sampled_from(KINDS).flatmap(lambda kind: st.builds(kind, *[parts] * len(kind.PARTS)))

MOTCUA = SubsystemId("VDXP-TEST", "GOV", "H55", "MOTCUA")
SERVER = SecurityServerId("VDXP-TEST", "GOV", "H55", "SS01")


@given(identifiers)
def test_every_form_leads_back(identifier):
    kind = type(identifier)
    assert kind.from_colon(str(identifier)) == identifier
    assert kind.from_slash(identifier.slash) == identifier
    assert kind.from_xml(ElementTree.fromstring(identifier.to_xml())) == identifier


@given(identifiers)
def test_the_slash_form_is_safe_in_a_path(identifier):
    assert "?" not in identifier.slash
    assert identifier.slash.count("/") == len(identifier.PARTS) - 1


def test_the_forms_are_x_roads():
    assert str(MOTCUA) == "VDXP-TEST:GOV:H55:MOTCUA"
    assert MOTCUA.slash == "VDXP-TEST/GOV/H55/MOTCUA"
    assert MOTCUA.service("A?").slash == "VDXP-TEST/GOV/H55/MOTCUA/A%3F"
    element = ElementTree.fromstring(SERVER.to_xml())
    assert element.tag == "{http://x-road.eu/xsd/xroad.xsd}securityServer"
    assert element.get(f"{{{NAMESPACE}}}objectType") == "SERVER"
    assert [child.tag.rpartition("}")[2] for child in element] == [
        *("xRoadInstance", "memberClass", "memberCode", "serverCode")
    ]


def test_the_only_published_vietnamese_identifier_is_read():
    found = SubsystemId.from_colon("VN:GOV:000.00.00.G22:vpcpdvcprovider")
    assert found.member_code == "000.00.00.G22"
    assert OrganisationCode.parse(found.member_code) == OrganisationCode("G22")


def test_a_server_and_a_system_are_never_the_same():
    assert SecurityServerId(MOTCUA.instance, MOTCUA.member_class, MOTCUA.member_code, "MOTCUA") != MOTCUA
    with pytest.raises(InvalidIdentifier):
        SubsystemId.from_xml(ElementTree.fromstring(SERVER.to_xml()))


def test_identifiers_lead_to_each_other():
    member = MemberId("VDXP-TEST", "GOV", "H55")
    assert member.subsystem("MOTCUA") == MOTCUA
    assert MOTCUA.member == SERVER.owner == member
    assert MOTCUA.service("TraCuu").provider == MOTCUA


@pytest.mark.parametrize(
    "part", ["", ".", "..", "a b", "a/b", "a:b", "a%2Fb", "é", "a\n", "a" * 256, "a\\b", "a;b", "#"]
)
def test_a_part_outside_the_alphabet_is_refused(part):
    for at in range(4):
        values = ["I", "C", "M", "S"]
        values[at] = part
        for kind in (SubsystemId, SecurityServerId):
            with pytest.raises(InvalidIdentifier) as refused:
                kind(*values)
            assert not part or len(part) < 3 or part not in str(refused.value)


@pytest.mark.parametrize("text", ["I:C:M", "I:C:M:S:X", "I:C::S", ":C:M:S", "I/C/M/S", "", "I:C:M:S:"])
def test_a_colon_form_with_other_parts_is_refused(text):
    with pytest.raises(InvalidIdentifier):
        SubsystemId.from_colon(text)


@pytest.mark.parametrize(
    "text",
    [
        *("I/C/M", "I/C/M/S/X", "I/C//S", "/I/C/M/S", "I/C/M/S/", "I/C/M/S?x", "I/C/M/%2e%2e", "I/C/M/%2E"),
        *("I/C/M/a%2Fb", "I/C/M/a%00", "I/C/M/%E9", "I/C/M/%zz", "I/C/M/a%", "I/C/M/" + "%61" * 2000),
    ],
)
def test_a_slash_form_with_other_parts_is_refused(text):
    with pytest.raises(InvalidIdentifier):
        SubsystemId.from_slash(text)


def test_escapes_in_a_slash_form_are_decoded():
    assert SubsystemId.from_slash("VDXP%2DTEST/GOV/H55/MOTCU%41") == MOTCUA


def xml(change):
    element = ElementTree.fromstring(MOTCUA.to_xml())
    change(element)
    return element


@pytest.mark.parametrize(
    "change",
    [
        lambda element: element.attrib.clear(),
        lambda element: element.remove(element[3]),
        lambda element: element.append(element[3]),
        lambda element: element.insert(0, element[3]),
        lambda element: element[0].append(ElementTree.Element("x")),
        lambda element: setattr(element[1], "text", None),
        lambda element: setattr(element[1], "text", "a b"),
        lambda element: setattr(element[1], "tag", "memberClass"),
    ],
)
def test_another_element_is_refused(change):
    with pytest.raises(InvalidIdentifier):
        SubsystemId.from_xml(xml(change))


@pytest.mark.parametrize("client", [MOTCUA, MOTCUA.member])
def test_a_client_says_itself_whether_it_is_a_member(client):
    element = ElementTree.fromstring(client.to_xml())
    assert client_from_xml(element) == client
    for kind in ("SERVER", "MEMBER" if client is MOTCUA else "SUBSYSTEM"):
        element.set(f"{{{NAMESPACE}}}objectType", kind)
        with pytest.raises(InvalidIdentifier):
            client_from_xml(element)


def test_white_space_around_a_part_in_xml_is_dropped():
    assert SubsystemId.from_xml(xml(lambda element: setattr(element[1], "text", "\n GOV "))) == MOTCUA


organisations = st.from_regex(r"[GH][0-9]{2}(\.[A-Z0-9]{1,7}){0,3}", fullmatch=True)


@given(organisations)
def test_an_organisation_code_is_its_text(code):
    assert str(OrganisationCode.parse(code)) == code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.00.G22", "G22"),
        ("000.00.00.H30", "H30"),
        ("000.00.12.H55", "H55.12"),
        ("000.00.00.H55.242", "H55.242"),
    ],
)
def test_the_old_form_is_normalised(old, new):
    assert OrganisationCode.parse(old) == OrganisationCode(new)


@pytest.mark.parametrize(
    "code",
    [
        *("", "H5", "H555", "X55", "h55", "H55.", "H55..1", "H55.a", "H55\n", "H55." + "1" * 11),
        *("H55" + ".1" * 17, "001.00.00.H55", "000.01.00.H55", "000.00.12.H55.3", "000.00.00."),
        "000.00.00.H55" + ".1" * 12,
    ],
)
def test_what_is_no_organisation_code_is_refused(code):
    with pytest.raises(InvalidIdentifier):
        OrganisationCode.parse(code)


@pytest.mark.parametrize(
    ("code", "other", "covers"),
    [
        ("H55", "H55", True),
        ("H55", "H55.242", True),
        ("H55.24", "H55.242", False),
        ("H55.242", "H55", False),
        ("H55.02", "H55.02.1", True),
    ],
)
def test_an_organisation_covers_itself_and_what_is_beneath(code, other, covers):
    assert OrganisationCode(code).covers(OrganisationCode(other)) is covers
