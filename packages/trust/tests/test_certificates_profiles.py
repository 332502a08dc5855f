"""Whom a signing certificate speaks for, by the profile that its authority names."""

from __future__ import annotations

import pytest

from ketnoi_protocol.identifiers import MemberId
from ketnoi_trust import profiles
from ketnoi_trust.certificates import ParsedCertificate, member_of
from ketnoi_trust.errors import Refused


@pytest.fixture(scope="module")
def named(kit):
    authority = kit.authority()
    return lambda **attributes: ParsedCertificate.parse(authority.issue(kit.name_of(**attributes)).der)


def test_fivrk_reads_instance_and_class_from_the_serial_number(named):
    subject = named(country_name="FI", organization_name="C06", common_name="G01.C06", serial_number="VDXP/SS01/GOV")
    assert member_of(subject, profiles.FIVRK, "VDXP") == MemberId("VDXP", "GOV", "G01.C06")


def test_fivrk_reads_the_layout_seen_in_vietnam_in_2018(named):
    subject = named(
        country_name="FI", organization_name="VPCP04", common_name="VPCPSS04", serial_number="XROADVN/VPCPSS/GOV"
    )
    assert member_of(subject, profiles.FIVRK, "XROADVN") == MemberId("XROADVN", "GOV", "VPCPSS04")


def test_fivrk_reads_its_two_older_layouts(named):
    with_unit = named(country_name="FI", organization_name="VDXP", organizational_unit_name="GOV", common_name="G15")
    assert member_of(with_unit, profiles.FIVRK, "VDXP") == MemberId("VDXP", "GOV", "G15")
    without = named(country_name="XX", organization_name="GOV", common_name="G15")
    assert member_of(without, profiles.FIVRK, "XX") == MemberId("XX", "GOV", "G15")


def test_basic_and_its_acme_twin_read_class_and_code(named):
    subject = named(common_name="Bộ Tư pháp", business_category="GOV", serial_number="G15")
    for profile in (profiles.BASIC, profiles.BASIC_ACME):
        assert member_of(subject, profile, "VDXP") == MemberId("VDXP", "GOV", "G15")


def test_ejbca_reads_country_organisation_and_name(named):
    subject = named(country_name="EE", organization_name="GOV", common_name="G15")
    assert member_of(subject, profiles.EJBCA, "EE") == MemberId("EE", "GOV", "G15")


@pytest.mark.parametrize(
    ("profile", "attributes"),
    [
        (
            profiles.FIVRK,
            {"country_name": "VN", "organization_name": "O", "common_name": "1", "serial_number": "I/S/C"},
        ),
        (profiles.FIVRK, {"organization_name": "O", "common_name": "1", "serial_number": "I/S/C"}),
        (profiles.FIVRK, {"country_name": "FI", "common_name": "1", "serial_number": "I/S/C"}),
        (profiles.FIVRK, {"country_name": "FI", "organization_name": "O", "serial_number": "I/S/C"}),
        (profiles.FIVRK, {"country_name": "FI", "organization_name": "O", "common_name": "1", "serial_number": "I/C"}),
        (
            profiles.FIVRK,
            {"country_name": "FI", "organization_name": "O", "common_name": "1", "serial_number": "J/S/C"},
        ),
        (
            profiles.FIVRK,
            {"country_name": "FI", "organization_name": "O", "common_name": "a:b", "serial_number": "I/S/C"},
        ),
        (
            profiles.FIVRK,
            {"country_name": "SE", "organization_name": "I", "organizational_unit_name": "C", "common_name": "1"},
        ),
        (profiles.FIVRK, {"country_name": "FI", "organizational_unit_name": "C", "common_name": "1"}),
        (profiles.BASIC, {"common_name": "1", "serial_number": "1"}),
        (profiles.BASIC, {"common_name": "1", "business_category": "C"}),
        (profiles.EJBCA, {"organization_name": "C", "common_name": "1"}),
        (profiles.EJBCA, {"country_name": "EE", "common_name": "1"}),
        (profiles.EJBCA, {"country_name": "EE", "organization_name": "C"}),
        ("ee.ria.xroad.common.certificateprofile.impl.SkKlass3CertificateProfileInfoProvider", {"common_name": "1"}),
    ],
)
def test_a_subject_that_does_not_fit_its_profile_is_refused(named, profile, attributes):
    with pytest.raises(Refused) as refused:
        member_of(named(**attributes), profile, "I")
    assert refused.value.code == "incorrect_certificate"
