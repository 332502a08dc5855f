"""Each numbered step of `signatures.verify` is needed: with it taken out, a forged message is accepted."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.x509 import ocsp
from lxml import etree

from ketnoi_trust import signatures
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature

from .signing import DS, REQUEST, WITH_BODY, Signing, find
from .step_deletion import steps_of, without_step


@dataclass
class Forged:
    """Something that must be refused at one step and at no other. `instead` gives later steps their names."""

    signing: Signing
    signature: Signature
    parts: dict[str, bytes] = field(default_factory=lambda: dict(REQUEST))
    options: dict[str, Any] = field(default_factory=dict)
    instead: str = ""

    def verify(self, by: Callable[..., Any] = signatures.verify) -> Any:
        return self.signing.verify(self.signature, self.parts, by=by, **self.options)


def a_second_signature_rides_along(signing):
    def change(root):
        root.append(etree.fromstring(b"<s:Signature xmlns:s='%s'>anything</s:Signature>" % DS[1:-1].encode()))

    return Forged(signing, signing.forge(change), instead="document = read(signature.xml, anew=True)")


def the_signing_time_is_not_signed(signing):
    def change(root):
        reference = list(root.iter(DS + "Reference"))[1]
        reference.getparent().remove(reference)
        find(root, "SigningTime").text = "2020-01-01T00:00:00.000Z"

    return Forged(signing, signing.forge(change), instead="targets = resolve(document, _beside(signature, parts))")


def an_unsigned_chain_lies_beside(signing):
    chained = signing.sign(WITH_BODY)
    signature = Signature(signing.sign().xml, chained.hash_chain_result, chained.hash_chain)
    return Forged(signing, signature, options={"strict": True})


def the_certificate_is_revoked(signing):
    revoked = Signing(signing.kit)
    revoked.answer = revoked.ca.answer(revoked.holder, status=ocsp.OCSPCertStatus.REVOKED)
    return Forged(revoked, revoked.sign(), instead="judged = Judged(sender, at, at)")


def another_member_signed(signing):
    other = Signing(signing.kit, ca=signing.ca)
    other.holder = signing.ca.issue_signing(signing.kit.province)
    other.answer = signing.ca.answer(other.holder)
    return Forged(other, other.sign())


def another_certificate_of_the_key_is_put_in(signing):
    other = signing.ca.issue_signing(key=signing.holder.key)

    def change(root):
        find(root, "X509Certificate").text = b64encode(other.der).decode()
        find(root, "EncapsulatedOCSPValue").text = b64encode(signing.ca.answer(other)).decode()

    return Forged(signing, signing.forge(change, again=False))


def an_old_message_comes_again(signing):
    old = signing.sign(at=signing.kit.now - timedelta(hours=2))
    return Forged(signing, old, options={"strict": True})


def the_body_is_another(signing):
    parts = {**WITH_BODY, "/attachment1": b"{}"}
    return Forged(signing, signing.sign(WITH_BODY), parts, instead="chained = tuple(parts)")


def a_body_is_added(signing):
    return Forged(signing, signing.sign(), dict(WITH_BODY), instead="signed = []")


def the_message_is_another(signing):
    return Forged(signing, signing.sign(), {"/message.xml": b"DELETE\r\n/r1"})


def nobody_signed(signing):
    parts = {"/message.xml": b"DELETE\r\n/r1"}
    return Forged(signing, signing.forge(lambda root: None, parts, sign=lambda data: bytes(64)), parts)


FORGERIES = {
    1: a_second_signature_rides_along,
    2: the_signing_time_is_not_signed,
    3: an_unsigned_chain_lies_beside,
    4: the_certificate_is_revoked,
    5: another_member_signed,
    6: another_certificate_of_the_key_is_put_in,
    7: an_old_message_comes_again,
    8: the_body_is_another,
    9: a_body_is_added,
    10: the_message_is_another,
    11: nobody_signed,
}

# The sender is compared with what the judge of step 4 said, and coverage with what step 8 found in the chain.
RELIES = {4: 5, 8: 9}


@pytest.fixture(scope="module")
def signing(kit):
    return Signing(kit)


def test_there_is_a_forgery_for_each_step():
    assert steps_of(signatures.verify) == sorted(FORGERIES) == list(range(1, len(FORGERIES) + 1))


@pytest.mark.parametrize("step", FORGERIES)
def test_the_forgery_is_refused_at_its_step(signing, step):
    with pytest.raises(Refused) as refused:
        FORGERIES[step](signing).verify()
    assert refused.value.step == step


@pytest.mark.parametrize("step", FORGERIES)
def test_without_the_step_it_is_accepted(signing, step):
    forged = FORGERIES[step](signing)
    verified = forged.verify(without_step(signatures.verify, step, forged.instead))
    assert verified.member in {signing.kit.ministry, signing.kit.province}


@pytest.mark.parametrize("step", FORGERIES)
def test_the_other_steps_stay(signing, step):
    """Taking one step out leaves every other forgery refused, so that it is this step that was taken out."""
    without = without_step(signatures.verify, step, FORGERIES[step](signing).instead)
    for other in FORGERIES.keys() - {step, RELIES.get(step)}:
        with pytest.raises(Refused):
            FORGERIES[other](signing).verify(without)


def test_a_step_that_is_none_cannot_be_taken_out():
    with pytest.raises(LookupError):
        without_step(signatures.verify, 12)
