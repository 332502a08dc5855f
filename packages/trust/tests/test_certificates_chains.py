"""Paths to approved authorities; OpenSSL is asked for a second opinion on each."""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_trust.certificates import MAX_EXTRA, ParsedCertificate, chain
from ketnoi_trust.errors import Refused


def openssl_agrees(folder, leaf, tops, between, at) -> bool:
    """What `openssl verify` says of the same certificates at the same moment."""
    for name, holders in (("leaf", [leaf]), ("tops", tops), ("between", between)):
        pem = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in holders)
        (folder / name).write_bytes(pem)
    command = ["openssl", "verify", "-attime", str(int(at.timestamp())), "-CAfile", str(folder / "tops")]
    command += (["-untrusted", str(folder / "between")] if between else []) + [str(folder / "leaf")]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def judge(kit, tmp_path):
    def both(leaf, *, tops, between=(), known=(), at=kit.now, signing=False):
        """Our verdict, after a check that OpenSSL has the same."""
        configuration = kit.configuration(*(kit.approve(top, *known) for top in tops))
        extra = [ParsedCertificate.parse(each.der) for each in between]
        try:
            found = chain(ParsedCertificate.parse(leaf.der), extra, configuration, at, signing=signing)
        except Refused as refused:
            found = refused
        agrees = openssl_agrees(tmp_path, leaf, tops, [*between, *known], at)
        assert agrees is not isinstance(found, Refused)
        if isinstance(found, Refused):
            raise found
        return found

    return both


def test_a_certificate_issued_by_an_approved_authority_has_a_path(kit, judge):
    top = kit.authority()
    leaf = top.issue_signing()
    found = judge(leaf, tops=[top])
    assert [each.der for each in found.certificates] == [leaf.der, top.der]
    assert [each.der for each in found.issuers] == [top.der]
    assert found.authority.name == "Sample CA"


def test_intermediates_may_come_from_the_configuration_or_along_with_the_certificate(kit, judge):
    top = kit.authority()
    first = top.issue_authority("First")
    second = first.issue_authority("Second")
    leaf = second.issue_signing()
    path = [leaf.der, second.der, first.der, top.der]
    assert [c.der for c in judge(leaf, tops=[top], between=[first, second]).certificates] == path
    assert [c.der for c in judge(leaf, tops=[top], known=[first, second]).certificates] == path
    assert [c.der for c in judge(leaf, tops=[top], between=[second], known=[first]).certificates] == path


def test_the_window_is_that_in_which_all_are_valid(kit, judge):
    top = kit.authority()
    between = top.issue_authority("Between", not_before=kit.now - timedelta(days=3))
    leaf = between.issue_signing(not_after=kit.now + timedelta(days=2))
    found = judge(leaf, tops=[top], between=[between])
    assert found.valid_from == kit.now - timedelta(days=3)
    assert found.valid_until == kit.now + timedelta(days=2)


@pytest.mark.parametrize("missing", ["top", "between"])
def test_without_every_link_there_is_no_path(kit, judge, missing):
    top, stranger = kit.authority(), kit.authority("Stranger")
    between = top.issue_authority("Between")
    leaf = between.issue_signing()
    there = {"tops": [stranger], "between": [between]} if missing == "top" else {"tops": [top]}
    with pytest.raises(Refused) as refused:
        judge(leaf, **there)
    assert refused.value.code == "cannot_create_cert_path"


def test_a_name_alone_makes_nobody_an_issuer(kit, judge):
    top, impostor = kit.authority(), kit.authority()
    with pytest.raises(Refused) as refused:
        judge(impostor.issue_signing(), tops=[top])
    assert refused.value.code == "cannot_create_cert_path"


def test_one_of_two_authorities_of_the_same_name_is_enough(kit):
    # OpenSSL stops at the first of that name, so it is not asked here.
    old, new = kit.authority(), kit.authority()
    configuration = kit.configuration(kit.approve(old), kit.approve(new))
    leaf = ParsedCertificate.parse(new.issue_signing().der)
    assert chain(leaf, [], configuration, kit.now).issuers[0].der == new.der


def test_what_is_not_an_authority_issues_nothing(kit, judge):
    top = kit.authority()
    server = top.issue_authority("Server", authority=False, usage=("key_cert_sign",))
    with pytest.raises(Refused):
        judge(server.issue_signing(), tops=[top], between=[server])


def test_an_authority_that_may_not_sign_certificates_issues_nothing(kit, judge):
    top = kit.authority()
    between = top.issue_authority("Between", usage=("crl_sign",))
    with pytest.raises(Refused):
        judge(between.issue_signing(), tops=[top], between=[between])


def test_an_authority_without_any_key_usage_may_issue(kit, judge):
    top = kit.authority(usage=None)
    assert judge(top.issue_signing(), tops=[top]).issuers[0].der == top.der


def test_path_lengths_are_kept(kit, judge):
    top = kit.authority(path_length=1)
    first = top.issue_authority("First", path_length=0)
    second = first.issue_authority("Second")
    assert len(judge(first.issue_signing(), tops=[top], between=[first]).issuers) == 2
    with pytest.raises(Refused) as refused:
        judge(second.issue_signing(), tops=[top], between=[first, second])
    assert refused.value.code == "cannot_create_cert_path"


@pytest.mark.parametrize("expired", ["leaf", "between", "top"])
@pytest.mark.parametrize("early", [True, False])
def test_everything_on_the_path_must_be_valid_at_the_moment(kit, judge, expired, early):
    gone = {"not_before": kit.now + timedelta(days=1)} if early else {"not_after": kit.now - timedelta(days=1)}
    top = kit.authority(**(gone if expired == "top" else {}))
    between = top.issue_authority("Between", **(gone if expired == "between" else {}))
    leaf = between.issue_signing(**(gone if expired == "leaf" else {}))
    with pytest.raises(Refused) as refused:
        judge(leaf, tops=[top], between=[between])
    assert refused.value.code == ("cert_validation" if expired == "leaf" else "cannot_create_cert_path")


def test_a_critical_extension_that_is_not_known_breaks_the_path(kit, judge):
    top = kit.authority()
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    between = top.issue_authority("Between", more=((unknown, True),))
    with pytest.raises(Refused):
        judge(between.issue_signing(), tops=[top], between=[between])


def test_a_signature_by_a_short_hash_breaks_the_path(kit):
    # OpenSSL's default level still takes SHA-224, so it is not asked here.
    top = kit.authority()
    leaf = ParsedCertificate.parse(top.issue_signing(algorithm=hashes.SHA224()).der)
    with pytest.raises(Refused, match="not issued"):
        chain(leaf, [], kit.configuration(kit.approve(top)), kit.now)


def test_an_authority_is_not_its_own_path(kit):
    top = ParsedCertificate.parse((authority := kit.authority()).der)
    with pytest.raises(Refused):
        chain(top, [], kit.configuration(kit.approve(authority)), kit.now)


def test_an_intermediate_of_the_configuration_is_no_end_of_a_path(kit):
    top, stranger = kit.authority(), kit.authority("Stranger")
    orphan = stranger.issue_authority("Orphan")
    leaf = ParsedCertificate.parse(orphan.issue_signing().der)
    with pytest.raises(Refused):
        chain(leaf, [], kit.configuration(kit.approve(top, orphan)), kit.now)


def test_an_authority_for_authentication_only_signs_nothing(kit):
    top = kit.authority()
    configuration = kit.configuration(kit.approve(top, authentication_only=True))
    leaf = ParsedCertificate.parse(top.issue_signing().der)
    assert chain(leaf, [], configuration, kit.now).authority.authentication_only
    with pytest.raises(Refused):
        chain(leaf, [], configuration, kit.now, signing=True)


def test_the_nearest_approved_authority_decides(kit):
    top = kit.authority()
    between = top.issue_authority("Between")
    configuration = kit.configuration(
        kit.approve(top, name="General"),
        kit.approve(kit.authority("Other"), between, name="For TLS", authentication_only=True),
    )
    leaf = ParsedCertificate.parse(between.issue_signing().der)
    assert chain(leaf, [], configuration, kit.now).authority.name == "For TLS"
    with pytest.raises(Refused):
        chain(leaf, [], configuration, kit.now, signing=True)


def test_an_authority_listed_twice_signs_where_one_listing_lets_it(kit):
    top = kit.authority()
    configuration = kit.configuration(
        kit.approve(top, name="For TLS", authentication_only=True), kit.approve(top, name="General")
    )
    leaf = ParsedCertificate.parse(top.issue_signing().der)
    assert chain(leaf, [], configuration, kit.now, signing=True).authority.name == "General"


def test_what_a_stranger_sends_along_is_bounded(kit):
    top = kit.authority()
    leaf = ParsedCertificate.parse(top.issue_signing().der)
    with pytest.raises(Refused, match="too many"):
        chain(leaf, [leaf] * (MAX_EXTRA + 1), kit.configuration(kit.approve(top)), kit.now)


def test_circles_and_very_long_paths_come_to_an_end(kit):
    top = kit.authority()
    links = [top]
    for number in range(9):
        links.append(links[-1].issue_authority(f"Link {number}"))
    extra = [ParsedCertificate.parse(each.der) for each in links[1:]]
    leaf = ParsedCertificate.parse(links[-1].issue_signing().der)
    with pytest.raises(Refused):
        chain(leaf, extra, kit.configuration(kit.approve(top)), kit.now)
    near = ParsedCertificate.parse(links[3].issue_signing().der)
    assert len(chain(near, extra, kit.configuration(kit.approve(top)), kit.now).issuers) == 4
    one, two = kit.authority("One"), kit.authority("Two")
    crossed = [
        ParsedCertificate.parse(two.issue_authority("One", key=one.key).der),
        ParsedCertificate.parse(one.issue_authority("Two", key=two.key).der),
    ]
    with pytest.raises(Refused):
        chain(ParsedCertificate.parse(one.issue_signing().der), crossed, kit.configuration(kit.approve(top)), kit.now)
