"""The two verdicts that servers live by: who signed this, and whose connection is this."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.x509 import ocsp

from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_trust.certificates import (
    MAX_EXTRA,
    MAX_OCSP_RESPONSES,
    judge_authentication_certificate,
    judge_signing_certificate,
)
from ketnoi_trust.errors import Refused


def refusal(judge, *arguments):
    with pytest.raises(Refused) as refused:
        judge(*arguments)
    return refused.value.code


def test_a_signing_certificate_speaks_for_its_member(kit):
    top = kit.authority()
    leaf = top.issue_signing(kit.ministry)
    judged = judge_signing_certificate(leaf.der, [top.answer(leaf)], [], kit.configuration(kit.approve(top)), kit.now)
    assert judged.member == kit.ministry
    assert judged.valid_from == kit.now - timedelta(minutes=15)
    assert judged.valid_until == kit.now + timedelta(minutes=50)


def test_the_same_verdict_holds_within_the_window_and_not_outside(kit):
    top = kit.authority()
    leaf = top.issue_signing(kit.ministry)
    configuration, answers = kit.configuration(kit.approve(top)), [top.answer(leaf)]
    judged = judge_signing_certificate(leaf.der, answers, [], configuration, kit.now)
    second = timedelta(seconds=1)
    for at in (judged.valid_from, judged.valid_until):
        assert judge_signing_certificate(leaf.der, answers, [], configuration, at) == judged
    for at in (judged.valid_from - second, judged.valid_until + second):
        assert (
            refusal(judge_signing_certificate, leaf.der, answers, [], configuration, at) == "incorrect_validation_info"
        )


def test_the_window_ends_with_the_certificate(kit):
    top = kit.authority()
    end = kit.now + timedelta(minutes=1)
    leaf = top.issue_signing(kit.ministry, not_before=kit.now, not_after=end)
    judged = judge_signing_certificate(leaf.der, [top.answer(leaf)], [], kit.configuration(kit.approve(top)), kit.now)
    assert (judged.valid_from, judged.valid_until) == (kit.now, end)


def test_an_authentication_certificate_proves_the_server_that_registered_it(kit):
    top = kit.authority()
    leaf = top.issue_authentication()
    for version in (2, 3, 6):
        configuration = kit.configuration(kit.approve(top), authentication=(leaf,), version=version)
        judged = judge_authentication_certificate(leaf.der, [top.answer(leaf)], [], configuration, kit.now)
        assert judged.server == SecurityServerId(kit.instance, "GOV", "G15", "SS01")
        assert judged.valid_until == kit.now + timedelta(minutes=50)


def test_a_certificate_that_no_server_registered_proves_nothing(kit):
    top = kit.authority()
    leaf, other = top.issue_authentication(), top.issue_authentication()
    configuration = kit.configuration(kit.approve(top), authentication=(other,))
    arguments = (leaf.der, [top.answer(leaf)], [], configuration, kit.now)
    assert refusal(judge_authentication_certificate, *arguments) == "ssl_authentication_failed"


def test_the_wrong_usage_is_refused_on_both_sides(kit):
    top = kit.authority()
    signing, tls = top.issue_signing(), top.issue_authentication()
    configuration = kit.configuration(kit.approve(top), authentication=(signing, tls))
    arguments = (signing.der, [top.answer(signing)], [], configuration, kit.now)
    assert refusal(judge_authentication_certificate, *arguments) == "incorrect_certificate"
    arguments = (tls.der, [top.answer(tls)], [], configuration, kit.now)
    assert refusal(judge_signing_certificate, *arguments) == "incorrect_certificate"


def test_an_authority_for_authentication_only_proves_servers_and_no_members(kit):
    top = kit.authority()
    signing, tls = top.issue_signing(), top.issue_authentication()
    configuration = kit.configuration(kit.approve(top, authentication_only=True), authentication=(tls,))
    judge_authentication_certificate(tls.der, [top.answer(tls)], [], configuration, kit.now)
    arguments = (signing.der, [top.answer(signing)], [], configuration, kit.now)
    assert refusal(judge_signing_certificate, *arguments) == "cannot_create_cert_path"


def test_a_member_of_another_instance_is_refused(kit):
    top = kit.authority()
    leaf = top.issue(
        kit.name_of(country_name="FI", organization_name="O", common_name="G15", serial_number="YY/SS01/GOV")
    )
    arguments = (leaf.der, [top.answer(leaf)], [], kit.configuration(kit.approve(top)), kit.now)
    assert refusal(judge_signing_certificate, *arguments) == "incorrect_certificate"


def test_an_expired_certificate_is_refused(kit):
    top = kit.authority()
    leaf = top.issue_signing(not_after=kit.now - timedelta(seconds=1))
    arguments = (leaf.der, [top.answer(leaf)], [], kit.configuration(kit.approve(top)), kit.now)
    assert refusal(judge_signing_certificate, *arguments) == "cert_validation"


def test_a_revoked_certificate_is_refused_on_both_sides(kit):
    top = kit.authority()
    signing, tls = top.issue_signing(), top.issue_authentication()
    configuration = kit.configuration(kit.approve(top), authentication=(tls,))
    revoked = ocsp.OCSPCertStatus.REVOKED
    arguments = (signing.der, [top.answer(signing, status=revoked)], [], configuration, kit.now)
    assert refusal(judge_signing_certificate, *arguments) == "cert_validation"
    arguments = (tls.der, [top.answer(tls, status=revoked)], [], configuration, kit.now)
    assert refusal(judge_authentication_certificate, *arguments) == "cert_validation"


def test_without_an_answer_about_it_a_certificate_is_refused(kit):
    top = kit.authority()
    leaf, other = top.issue_signing(), top.issue_signing()
    configuration = kit.configuration(kit.approve(top))
    for answers in ([], [top.answer(other)]):
        assert refusal(judge_signing_certificate, leaf.der, answers, [], configuration, kit.now) == "cert_validation"


def test_an_intermediate_that_came_along_needs_an_answer_of_its_own(kit):
    top = kit.authority()
    between = top.issue_authority("Between")
    leaf = between.issue_signing(kit.ministry)
    unlisted, listed = kit.configuration(kit.approve(top)), kit.configuration(kit.approve(top, between))
    about_leaf, about_between = between.answer(leaf), top.answer(between, this_update=kit.now - timedelta(minutes=30))
    extra = [between.der]
    assert refusal(judge_signing_certificate, leaf.der, [about_leaf], extra, unlisted, kit.now) == "cert_validation"
    judged = judge_signing_certificate(leaf.der, [about_between, about_leaf], extra, unlisted, kit.now)
    assert judged.valid_until == kit.now + timedelta(minutes=30)
    assert judge_signing_certificate(leaf.der, [about_leaf], [], listed, kit.now).member == kit.ministry


def test_what_cannot_be_read_is_refused(kit):
    top = kit.authority()
    leaf = top.issue_signing()
    configuration, answer = kit.configuration(kit.approve(top)), top.answer(leaf)
    judge = judge_signing_certificate
    assert refusal(judge, b"x", [answer], [], configuration, kit.now) == "incorrect_certificate"
    assert refusal(judge, leaf.der, [answer], [b"x"], configuration, kit.now) == "incorrect_certificate"
    assert refusal(judge, leaf.der, [b"x"], [], configuration, kit.now) == "incorrect_validation_info"


def test_what_comes_along_is_bounded(kit):
    top = kit.authority()
    leaf = top.issue_signing()
    configuration, answer = kit.configuration(kit.approve(top)), top.answer(leaf)
    many = [answer] * (MAX_OCSP_RESPONSES + 1)
    assert refusal(judge_signing_certificate, leaf.der, many, [], configuration, kit.now) == "cert_validation"
    extra = [top.der] * (MAX_EXTRA + 1)
    arguments = (leaf.der, [answer], extra, configuration, kit.now)
    assert refusal(judge_signing_certificate, *arguments) == "cannot_create_cert_path"
