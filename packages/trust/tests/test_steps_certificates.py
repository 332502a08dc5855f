"""Each numbered step of judging certificates and OCSP responses is needed: without it, a lie is believed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.x509 import ocsp as reference

from ketnoi_protocol.identifiers import MemberId
from ketnoi_trust import certificates, ocsp
from ketnoi_trust.parsed_certificate import ParsedCertificate

from .steps import check

NO_PATH = "path = Chain(configuration.authorities[0], (certificate,))"
NO_ANSWER = "valid_from, valid_until = path.valid_from, path.valid_until"


@pytest.fixture(scope="module")
def top(kit: Any) -> Any:
    return kit.authority()


def test_signing_certificates(kit: Any, top: Any) -> None:
    known, good = kit.configuration(kit.approve(top)), top.issue_signing()
    elsewhere = top.issue_signing(MemberId("YY", "GOV", "G15"))

    def judged(holder: Any, *responses: bytes) -> Callable[[Callable[..., Any]], Any]:
        return lambda judge: judge(holder.der, responses, [], known, kit.now)

    check(
        certificates.judge_signing_certificate,
        {
            1: (
                f"certificate = ParsedCertificate.parse({good.der!r})",
                lambda judge: judge(b"", [top.answer(good)], [], known, kit.now),
            ),
            2: ("", judged(tls := top.issue_signing(usage=("digital_signature",)), top.answer(tls))),
            3: (NO_PATH, judged(kit.authority().issue_signing())),
            4: ("member = None", judged(elsewhere, top.answer(elsewhere))),
            5: (NO_ANSWER, judged(good)),
        },
    )


def test_authentication_certificates(kit: Any, top: Any) -> None:
    good, stranger = top.issue_authentication(), kit.authority().issue_authentication()
    signing = top.issue_signing()
    known = kit.configuration(kit.approve(top), authentication=(good, stranger, signing))
    unregistered = top.issue_authentication()

    def judged(holder: Any, *responses: bytes) -> Callable[[Callable[..., Any]], Any]:
        return lambda judge: judge(holder.der, responses, [], known, kit.now)

    check(
        certificates.judge_authentication_certificate,
        {
            1: (
                f"certificate = ParsedCertificate.parse({good.der!r})\ncertificate_der = certificate.der",
                lambda judge: judge(b"", [top.answer(good)], [], known, kit.now),
            ),
            2: ("", judged(signing, top.answer(signing))),
            3: (NO_PATH, judged(stranger)),
            4: ("server = next(iter(configuration.servers))", judged(unregistered, top.answer(unregistered))),
            5: (NO_ANSWER, judged(good)),
        },
    )


def test_ocsp_responses(kit: Any, top: Any) -> None:
    holder, other = top.issue_signing(), top.issue_signing()
    known, issuer = kit.configuration(kit.approve(top)), ParsedCertificate.parse(top.der)
    about, stranger = ParsedCertificate.parse(holder.der), kit.authority()

    def judged(*whom: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        response = ocsp.Response.parse(top.answer(*(whom or (holder,)), **options))
        return lambda judge: judge(response, about, issuer, known, kit.now)

    past = kit.now - timedelta(minutes=1)
    check(
        ocsp.judge,
        {
            2: ("", judged(other)),
            3: ("signers = [issuer]", judged(responder=stranger)),
            4: ("", judged(responder=stranger, embed=(stranger,))),
            5: ("", judged(this_update=kit.now - timedelta(hours=2))),
            6: ("last = at", judged(next_update=past)),
            7: ("", judged(status=reference.OCSPCertStatus.REVOKED)),
        },
    )
