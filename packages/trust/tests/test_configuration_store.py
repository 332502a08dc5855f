"""Looking things up in a configuration."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType

import pytest

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_trust.configuration import (
    ApprovedAuthority,
    AuthorityCertificate,
    CertificateHash,
    Configuration,
    GlobalGroup,
    OcspResponder,
)
from ketnoi_trust.errors import Refused


@pytest.fixture(scope="module")
def top(kit):
    return kit.authority()


@pytest.fixture(scope="module")
def tls(top):
    return top.issue_authentication()


@pytest.fixture(scope="module")
def configuration(kit, top, tls):
    return kit.configuration(kit.approve(top), authentication=(tls,))


def test_members_subsystems_and_servers_are_found_by_their_identifiers(kit, configuration):
    assert configuration.members[kit.ministry].name == "Bộ Tư pháp"
    assert configuration.subsystems[kit.ministry.subsystem("MOTCUA")].name == "Một cửa"
    server = configuration.server(SecurityServerId(kit.instance, "GOV", "G15", "SS01"))
    assert server.addresses == ("127.1.0.15",)
    assert replace(server, address=None).addresses == ()
    with pytest.raises(Refused) as refused:
        configuration.server(SecurityServerId(kit.instance, "GOV", "G15", "SS02"))
    assert refused.value.code == "invalid_security_server"


def test_clients_are_served_where_they_are_registered(kit, configuration):
    (server,) = configuration.servers_of(kit.province.subsystem("MOTCUA"))
    assert server.serves(kit.province.subsystem("MOTCUA"))
    assert not server.serves(kit.province.subsystem("OTHER"))
    assert not server.serves(kit.province)
    assert configuration.servers_of(kit.province) == ()
    assert configuration.servers_of(kit.ministry) == (server,)
    assert server.serves(kit.ministry)
    assert configuration.servers_of(MemberId(kit.instance, "GOV", "G99").subsystem("MOTCUA")) == ()


@pytest.mark.parametrize("version", [2, 3, 6])
def test_a_server_is_found_by_its_authentication_certificate(kit, top, tls, version):
    configuration = kit.configuration(kit.approve(top), authentication=(tls,), version=version)
    assert configuration.server_by_authentication_certificate(tls.der) == next(iter(configuration.servers))
    assert configuration.server_by_authentication_certificate(top.der) is None


def test_authorities_are_found_by_name_and_by_certificate(configuration, top):
    (named,) = configuration.authorities_named(top.certificate.subject)
    assert configuration.authorities_with(top.der) == (named,)
    assert (named.is_top, named.approved, named.certificate.der) == (True, configuration.authorities[0], top.der)
    assert configuration.authorities_named(configuration.known_authorities[0].certificate.issuer)
    assert configuration.authorities_with(b"") == ()


def test_responders_are_those_of_the_issuer(kit, top):
    between = top.issue_authority("Between")
    authority = ApprovedAuthority(
        "CA",
        AuthorityCertificate(top.der, (OcspResponder("http://one"), OcspResponder("http://two", between.der))),
        "profile",
        (AuthorityCertificate(between.der, (OcspResponder("http://three"),)),),
    )
    configuration = kit.configuration(authority)
    assert configuration.ocsp_urls(top.der) == ("http://one", "http://two")
    assert configuration.ocsp_urls(between.der) == ("http://three",)
    assert configuration.ocsp_urls(b"") == ()
    assert [each.der for each in configuration.known_authorities[0].responders] == [between.der]


def test_groups_know_their_members(kit, configuration):
    assert configuration.groups == {"opened": {kit.ministry, kit.ministry.subsystem("MOTCUA")}}


def test_a_configuration_is_named_by_the_digest_of_its_file(kit, top):
    data = kit.params(kit.approve(top)).write(6)
    assert Configuration.from_shared_params(data).digest == sha256(data).hexdigest()
    assert Configuration.from_shared_params(data).timestamp_interval == timedelta(seconds=60)


def test_a_configuration_is_frozen(kit, configuration):
    with pytest.raises(FrozenInstanceError):
        configuration.rehearsal = True
    for table in (configuration.members, configuration.subsystems, configuration.servers):
        assert isinstance(table, MappingProxyType)


def test_an_authentication_certificate_belongs_to_one_server(kit, top, tls):
    params = kit.params(kit.approve(top), authentication=(tls,))
    second = replace(params.servers[0], id=SecurityServerId(kit.instance, "GOV", "H55", "SS02"))
    with pytest.raises(Refused, match="twice"):
        Configuration.from_shared_params(replace(params, servers=(*params.servers, second)).write(6))


def test_a_server_may_have_two_certificates_and_name_one_twice(kit, top, tls):
    params = kit.params(kit.approve(top), authentication=(tls, top.issue_authentication(), tls))
    configuration = Configuration.from_shared_params(params.write(6))
    assert configuration.server_by_authentication_certificate(tls.der) == params.servers[0].id


def test_what_is_registered_twice_differently_is_refused(kit, top):
    params = kit.params(kit.approve(top))
    group = GlobalGroup("opened", "Other", (kit.province,))
    with pytest.raises(Refused, match="twice"):
        Configuration.from_shared_params(replace(params, groups=(*params.groups, group)).write(6))
    moved = replace(params.servers[0], address="127.1.0.99")
    with pytest.raises(Refused, match="twice"):
        Configuration.from_shared_params(replace(params, servers=(*params.servers, moved)).write(6))


def test_an_authority_that_cannot_be_read_is_refused(kit, top):
    broken = ApprovedAuthority("CA", AuthorityCertificate(b"bar"), "profile")
    with pytest.raises(Refused) as refused:
        Configuration.from_shared_params(kit.params(broken).write(6))
    assert refused.value.code == "incorrect_certificate"


def test_both_hashes_of_a_certificate_are_known_to_whoever_writes(tls):
    made = CertificateHash.of(tls.der)
    assert made.sha256 == sha256(tls.der).digest()
    assert len(made.sha1) == 20
