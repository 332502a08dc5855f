"""Private parameters, written and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from ketnoi_trust.configuration import AnchorSource, FederationAnchor, ManagementService, PrivateParams
from ketnoi_trust.errors import Refused


@pytest.fixture
def params(kit):
    return PrivateParams(
        kit.instance,
        ManagementService("https://cs.example:4001/managementservice/", kit.ministry.subsystem("MGMT"), b"certificate"),
        timedelta(seconds=90),
        (FederationAnchor("YY", (AnchorSource("http://yy.example/externalconf", (b"one", b"two")),)),),
    )


@pytest.mark.parametrize("version", [2, 3, 6])
def test_what_is_written_is_read(kit, params, version):
    assert PrivateParams.read(params.write(version), kit.instance) == params
    plain = replace(params, management=ManagementService("http://a", kit.ministry), federation=())
    assert PrivateParams.read(plain.write(version)) == plain


def test_the_order_is_that_of_the_schema(params):
    root = etree.fromstring(params.write(3))
    assert [each.tag for each in root] == [
        "instanceIdentifier",
        "configurationAnchor",
        "managementService",
        "timeStampingIntervalSeconds",
    ]
    assert [each.tag for each in root.find("managementService")] == [
        "authCertRegServiceAddress",
        "authCertRegServiceCert",
        "managementRequestServiceProviderId",
    ]


def test_other_versions_and_instances_are_refused(params):
    with pytest.raises(Refused, match="2, 3 or 6"):
        params.write(5)
    with pytest.raises(Refused, match="another instance"):
        PrivateParams.read(params.write(6), "YY")


def test_a_provider_that_cannot_be_addressed_is_refused(params):
    data = params.write(6).replace(b"<id:memberCode>G15<", b"<id:memberCode>G 15<")
    with pytest.raises(Refused, match="no usable identifier"):
        PrivateParams.read(data)
