"""From files to a configuration: X-Road's own directories, ours, and what goes wrong with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_trust import profiles
from ketnoi_trust.configuration import (
    Configuration,
    DirectoryContent,
    ManagementService,
    PrivateParams,
    SignedDirectory,
)
from ketnoi_trust.errors import Refused

OCSP_HEAD = b'<x:conf xmlns:x="http://x-road.eu/xsd/xroad.xsd">'


def files_below(folder):
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6])
def test_x_roads_own_directories_of_every_version_are_read(vectors, version):
    configuration = Configuration.from_directory_files(
        files_below(vectors / "globalconf" / f"globalconf_good_v{version}")
    )
    assert configuration.instance == "EE"
    assert configuration.expires_at == datetime(2124, 5, 20, 17, 42, 55, tzinfo=UTC)
    assert configuration.ocsp_freshness == timedelta(seconds=42)
    assert configuration.timestamp_interval == timedelta(seconds=123)
    assert list(map(str, configuration.members)) == ["EE:BUSINESS:producer", "EE:BUSINESS:consumer", "EE:BUSINESS:foo"]
    foo = MemberId("EE", "BUSINESS", "foo")
    assert {each.id.server_code for each in configuration.servers_of(foo.subsystem("foosubsystem"))} == {
        "producerServerCode"
    }
    assert {each.id.server_code for each in configuration.servers_of(foo)} == {
        "producerServerCode",
        "fooServerCode",
        "FooBarServerCode",
    }
    maintenance = configuration.server(SecurityServerId("EE", "BUSINESS", "foo", "FooBarServerCode")).maintenance
    assert (maintenance is not None) is (version >= 5)
    assert [each.is_top for each in configuration.known_authorities].count(True) == len(configuration.authorities)
    assert configuration.private is not None
    assert configuration.private.federation[0].sources[0].certificates == (b"bar\n",)


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6])
def test_every_instance_in_them_can_be_chosen(vectors, version):
    folder = vectors / "globalconf" / f"globalconf_good_v{version}"
    files = files_below(folder)
    names = [each.name for each in folder.iterdir() if each.is_dir()]
    assert len(names) >= 3
    for name in names:
        # Folder names of these vectors are not always the instances' own.
        only = {path: data for path, data in files.items() if path.startswith(f"{name}/")}
        assert Configuration.from_directory_files(only).digest == digest_of(files[f"{name}/shared-params.xml"])
    assert Configuration.from_directory_files(files, "bar").instance == "bar"


def digest_of(data):
    return Configuration.from_shared_params(data).digest


def test_the_trust_anchors_of_the_containers_are_read(vectors):
    data = (vectors / "containers" / "trust-shared-params.xml").read_bytes()
    configuration = Configuration.from_shared_params(data)
    assert configuration.instance == "DEV"
    assert configuration.authorities[0].profile == profiles.FIVRK
    assert configuration.known_authorities[0].certificate.common_name == "Test CA"
    assert len(configuration.known_authorities[0].responders) == 1
    assert configuration.ocsp_urls(configuration.known_authorities[0].certificate.der) == ("http://testca:8888",)
    (stamps,) = configuration.timestamp_authorities
    assert (stamps.name, stamps.url) == ("Test TSA", "http://testca:8899")
    assert configuration.tsa_certificates == (stamps.certificate,)


@pytest.fixture(scope="module")
def shared(kit):
    return kit.params(kit.approve(kit.authority())).write(6)


@pytest.fixture(scope="module")
def private(kit):
    management = ManagementService("http://cs.example", kit.ministry)
    return PrivateParams(kit.instance, management, timedelta(seconds=90)).write(6)


def metadata(expires):
    return json.dumps({"expirationDate": expires}).encode()


def test_a_directory_is_current_until_the_first_of_its_files_expires(kit, shared, private):
    files = {
        "XX-TEST/shared-params.xml": shared,
        "XX-TEST/private-params.xml": private,
        "XX-TEST/shared-params.xml.metadata": metadata("2026-03-01T09:00:00Z"),
        "XX-TEST/private-params.xml.metadata": metadata("2026-03-01T08:00:00Z"),
        "instance-identifier": b"XX-TEST\n",
    }
    configuration = Configuration.from_directory_files(files)
    configuration.check_current(kit.now)
    with pytest.raises(Refused) as refused:
        configuration.check_current(kit.now + timedelta(seconds=1))
    assert refused.value.code == "global_conf_outdated"
    assert configuration.timestamp_interval == timedelta(seconds=90)


def test_without_metadata_of_every_file_nothing_is_current(kit, shared, private):
    files = {"shared-params.xml": shared, "private-params.xml": private}
    with_one = files | {"shared-params.xml.metadata": metadata("2026-03-01T09:00:00Z")}
    for each in (files, with_one):
        configuration = Configuration.from_directory_files(each)
        assert configuration.expires_at is None
        with pytest.raises(Refused):
            configuration.check_current(kit.now)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, metadata("soon"), metadata(5)])
def test_broken_metadata_are_refused(shared, data):
    with pytest.raises(Refused):
        Configuration.from_directory_files({"shared-params.xml": shared, "shared-params.xml.metadata": data})


def test_a_packed_directory_is_found_at_any_depth(shared):
    packed = {"verificationconf/instance-identifier": b"XX-TEST", "verificationconf/XX-TEST/shared-params.xml": shared}
    assert Configuration.from_directory_files(packed).instance == "XX-TEST"


@pytest.mark.parametrize("names", [(), ("a/shared-params.xml", "b/shared-params.xml"), ("not-shared-params.xml",)])
def test_where_it_is_not_clear_which_instance_is_meant_nothing_is_chosen(shared, names):
    with pytest.raises(Refused, match="one instance"):
        Configuration.from_directory_files(dict.fromkeys(names, shared))


def test_an_instance_that_is_not_there_is_refused(shared):
    files = {"instance-identifier": b"XX-TEST", "XX-TEST/shared-params.xml": shared}
    with pytest.raises(Refused, match="another instance"):
        Configuration.from_directory_files(files, "YY")


def test_private_parameters_of_another_instance_are_refused(kit, shared):
    private = PrivateParams("YY", ManagementService("http://cs.example", kit.ministry)).write(6)
    with pytest.raises(Refused, match="another instance"):
        Configuration.from_directory_files({"shared-params.xml": shared, "private-params.xml": private})


class Downloaded:
    """A verified directory with its files."""

    def __init__(self, kit, contents):
        signer = kit.authority().issue_signing()
        data = SignedDirectory.write(kit.instance, contents, signer.key, signer.der, kit.now, 6)
        self.listing = SignedDirectory.verify(data, [signer.der], kit.now)
        self.files = {each.content_identifier: each.data for each in contents}


def test_a_downloaded_configuration_is_current_until_its_directory_expires(kit, shared, private):
    found = Downloaded(
        kit,
        [DirectoryContent("SHARED-PARAMETERS", "/s", shared), DirectoryContent("PRIVATE-PARAMETERS", "/p", private)],
    )
    configuration = Configuration.from_signed_directory(found.listing, found.files)
    configuration.check_current(kit.now)
    assert configuration.expires_at == kit.now
    assert configuration.private is not None


def test_a_file_that_was_not_signed_is_refused(kit, shared):
    found = Downloaded(kit, [DirectoryContent("SHARED-PARAMETERS", "/s", shared)])
    with pytest.raises(Refused, match="not the one that was signed"):
        Configuration.from_signed_directory(found.listing, {"SHARED-PARAMETERS": shared + b" "})
    with pytest.raises(Refused, match="missing"):
        Configuration.from_signed_directory(found.listing, {})


def test_unknown_parts_may_be_left_out_but_not_changed(kit, shared):
    contents = [DirectoryContent("SHARED-PARAMETERS", "/s", shared), DirectoryContent("FOO", "/foo.xml", b"foo")]
    found = Downloaded(kit, contents)
    assert Configuration.from_signed_directory(found.listing, {"SHARED-PARAMETERS": shared})
    with pytest.raises(Refused):
        Configuration.from_signed_directory(found.listing, {"SHARED-PARAMETERS": shared, "FOO": b"bar"})


def test_a_directory_without_shared_parameters_is_no_configuration(kit):
    found = Downloaded(kit, [DirectoryContent("FOO", "/foo.xml", b"foo")])
    with pytest.raises(Refused, match="shared parameters are missing"):
        Configuration.from_signed_directory(found.listing, found.files)


def test_x_roads_two_parts_about_ocsp_are_obeyed(shared):
    plain = Configuration.from_directory_files({"shared-params.xml": shared})
    assert plain.verify_next_update
    assert plain.ocsp_fetch_interval == timedelta(minutes=20)
    told = Configuration.from_directory_files(
        {
            "shared-params.xml": shared,
            "nextupdate-params.xml": OCSP_HEAD + b"<verifyNextUpdate>false</verifyNextUpdate></x:conf>",
            "fetchinterval-params.xml": OCSP_HEAD + b"<ocspFetchInterval>60</ocspFetchInterval></x:conf>",
        }
    )
    assert not told.verify_next_update
    assert told.ocsp_fetch_interval == timedelta(minutes=1)
    with pytest.raises(Refused, match="no configuration parameters"):
        Configuration.from_directory_files({"shared-params.xml": shared, "nextupdate-params.xml": b"<conf/>"})
