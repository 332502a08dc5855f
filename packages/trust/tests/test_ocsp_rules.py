"""Each rule about OCSP responses has a response that breaks only it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as reference
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust import ocsp
from ketnoi_trust.configuration import OcspResponder
from ketnoi_trust.errors import Refused

MINUTE = timedelta(minutes=1)


class World:
    """An authority, a certificate, and a configuration that approves the authority."""

    def __init__(self, kit, **options):
        self.kit = kit
        self.top = kit.authority()
        self.leaf = self.top.issue_signing()
        self.configuration = kit.configuration(kit.approve(self.top), **options)

    def judge(self, response, at=None):
        return ocsp.verify(
            response, self.leaf.certificate, self.top.certificate, self.configuration, at or self.kit.now
        )

    def refused(self, response, at=None):
        with pytest.raises(Refused) as refused:
            self.judge(response, at)
        return refused.value.code, refused.value.step


@pytest.fixture
def world(kit):
    return World(kit)


def test_the_question_names_the_certificate_with_sha1(world):
    asked = reference.load_der_ocsp_request(ocsp.request(world.leaf.certificate, world.top.certificate))
    assert asked.serial_number == world.leaf.certificate.serial_number
    assert isinstance(asked.hash_algorithm, hashes.SHA1)


def test_a_fresh_answer_by_the_authority_itself_is_believed(world, kit):
    verdict = world.judge(world.top.answer(world.leaf))
    assert verdict.this_update == kit.now - 10 * MINUTE
    assert verdict.next_update is None
    assert (verdict.valid_from, verdict.valid_until) == (kit.now - 15 * MINUTE, kit.now + 50 * MINUTE)


def test_a_responder_is_found_by_name_too(world):
    assert world.judge(world.top.answer(world.leaf, by_name=True))


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_the_certificate_may_be_named_with_a_longer_hash(world, algorithm):
    assert world.judge(world.top.answer(world.leaf, id_hash=algorithm))


# step 1


def test_an_answer_that_is_no_answer_is_refused(world):
    late = reference.OCSPResponseBuilder.build_unsuccessful(reference.OCSPResponseStatus.TRY_LATER)
    assert world.refused(late.public_bytes(Encoding.DER)) == ("incorrect_validation_info", 1)
    assert world.refused(b"") == ("incorrect_validation_info", 1)
    assert world.refused(bytes(ocsp.MAX_RESPONSE_BYTES + 1)) == ("incorrect_validation_info", 1)


# step 2


def test_an_answer_about_another_certificate_is_refused(world):
    assert world.refused(world.top.answer(world.top.issue_signing())) == ("incorrect_validation_info", 2)


def test_an_answer_about_the_same_number_of_another_authority_is_refused(world, kit):
    assert world.refused(kit.authority("Other CA").answer(world.leaf)) == ("incorrect_validation_info", 2)


# step 3


def test_a_responder_that_nobody_knows_is_refused(world, kit):
    stranger = kit.authority("Stranger")
    for by_name in (True, False):
        answer = world.top.answer(world.leaf, responder=stranger, by_name=by_name)
        assert world.refused(answer) == ("incorrect_validation_info", 3)


def test_a_signature_that_another_key_made_is_refused(world, kit):
    namesake = kit.authority()
    answer = world.top.answer(world.leaf, responder=namesake, by_name=True)
    assert world.refused(answer) == ("incorrect_validation_info", 3)


def test_a_signature_by_a_short_hash_is_refused(world):
    assert world.refused(world.top.answer(world.leaf, algorithm=hashes.SHA224())) == ("incorrect_validation_info", 3)


def test_a_responder_with_a_key_of_another_kind_is_refused(world, kit):
    odd = world.top.issue_responder(key=ed25519.Ed25519PrivateKey.generate())
    namesake = world.top.issue_responder()
    answer = world.top.answer(world.leaf, responder=namesake, embed=(odd,), by_name=True)
    assert world.refused(answer) == ("incorrect_validation_info", 3)


def test_an_unreadable_certificate_that_comes_along_is_passed_over(world):
    big = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), bytes(70_000))
    odd = world.top.issue_responder(more=((big, False),))
    assert world.judge(world.top.answer(world.leaf, embed=(odd,)))


# step 4


def test_a_responder_of_the_configuration_is_believed_for_its_own_authority_only(kit):
    top, other = kit.authority("First"), kit.authority("Second")
    responder = kit.authority("Listed responder")
    leaf = top.issue_signing()
    listed = (OcspResponder("http://ocsp.example", responder.der),)
    answer = top.answer(leaf, responder=responder)
    right = kit.configuration(kit.approve(top, responders=listed), kit.approve(other))
    wrong = kit.configuration(kit.approve(top), kit.approve(other, responders=listed))
    assert ocsp.verify(answer, leaf.certificate, top.certificate, right, kit.now)
    with pytest.raises(Refused) as refused:
        ocsp.verify(answer, leaf.certificate, top.certificate, wrong, kit.now)
    assert refused.value.step == 4


def test_a_delegated_responder_that_comes_along_is_believed(world):
    responder = world.top.issue_responder()
    for by_name in (True, False):
        answer = world.top.answer(world.leaf, responder=responder, embed=(responder,), by_name=by_name)
        assert world.judge(answer)


@pytest.mark.parametrize(
    "options",
    [
        {"extended": ()},
        {"extended": (ExtendedKeyUsageOID.CLIENT_AUTH,)},
        {"not_after_days": -1},
    ],
)
def test_a_delegated_responder_needs_its_purpose_and_must_be_valid(world, kit, options):
    options = dict(options)
    if "not_after_days" in options:
        options["not_after"] = kit.now + timedelta(days=options.pop("not_after_days"))
    responder = world.top.issue_responder(**options)
    answer = world.top.answer(world.leaf, responder=responder, embed=(responder,))
    assert world.refused(answer) == ("incorrect_validation_info", 4)


def test_a_responder_delegated_by_another_authority_of_the_same_name_is_refused(world, kit):
    responder = kit.authority().issue_responder()
    answer = world.top.answer(world.leaf, responder=responder, embed=(responder,))
    assert world.refused(answer) == ("incorrect_validation_info", 4)


# step 5


def test_an_answer_is_fresh_to_the_second(world, kit):
    second = timedelta(seconds=1)
    assert world.judge(world.top.answer(world.leaf, this_update=kit.now - 60 * MINUTE))
    stale = world.top.answer(world.leaf, this_update=kit.now - 60 * MINUTE - second)
    assert world.refused(stale) == ("incorrect_validation_info", 5)


def test_freshness_is_what_the_configuration_says(kit):
    world = World(kit, freshness=5 * MINUTE)
    assert world.refused(world.top.answer(world.leaf)) == ("incorrect_validation_info", 5)
    assert world.judge(world.top.answer(world.leaf, this_update=kit.now - 5 * MINUTE))


def test_an_answer_from_the_future_is_refused_beyond_the_clocks_skew(world, kit):
    assert world.judge(world.top.answer(world.leaf, this_update=kit.now + ocsp.CLOCK_SKEW))
    early = world.top.answer(world.leaf, this_update=kit.now + ocsp.CLOCK_SKEW + timedelta(seconds=1))
    assert world.refused(early) == ("incorrect_validation_info", 5)


# step 6


def test_a_newer_answer_should_have_been_there(world, kit):
    in_time = world.top.answer(world.leaf, next_update=kit.now)
    assert world.judge(in_time).valid_until == kit.now
    late = world.top.answer(world.leaf, next_update=kit.now - timedelta(seconds=1))
    assert world.refused(late) == ("incorrect_validation_info", 6)


def test_a_later_next_update_does_not_make_an_answer_fresher(world, kit):
    assert (
        world.judge(world.top.answer(world.leaf, next_update=kit.now + kit.year)).valid_until == kit.now + 50 * MINUTE
    )


def test_next_update_counts_for_nothing_where_the_configuration_says_so(world, kit):
    world.configuration = replace(world.configuration, verify_next_update=False)
    verdict = world.judge(world.top.answer(world.leaf, next_update=kit.now - MINUTE))
    assert verdict.valid_until == kit.now + 50 * MINUTE


# step 7


@pytest.mark.parametrize("status", [reference.OCSPCertStatus.REVOKED, reference.OCSPCertStatus.UNKNOWN])
def test_only_a_yes_is_a_yes(world, status):
    assert world.refused(world.top.answer(world.leaf, status=status)) == ("cert_validation", 7)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_refused_or_changes_nothing(kit, data):
    world, answer = sample(kit)
    changed = bytearray(answer)
    changed[data.draw(st.integers(0, len(answer) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        verdict = world.judge(bytes(changed))
    except Refused:
        return
    assert verdict == world.judge(answer)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(kit, data):
    world, _ = sample(kit)
    with pytest.raises(Refused):
        world.judge(data)


def sample(kit, made=[]):  # noqa: B006 - one world for all examples
    if not made:
        world = World(kit)
        responder = world.top.issue_responder()
        made.append((world, world.top.answer(world.leaf, responder=responder, embed=(responder,))))
    return made[0]
