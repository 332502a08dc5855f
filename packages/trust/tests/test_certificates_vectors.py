"""X-Road's own signing certificates and OCSP responses, out of the containers of its verifier."""

from __future__ import annotations

import zipfile
from base64 import b64decode
from datetime import datetime, timedelta

import pytest
from lxml import etree

from ketnoi_protocol.identifiers import MemberId
from ketnoi_trust.certificates import judge_signing_certificate
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused

CONTAINERS = [
    "valid-signed-message",
    "valid-non-batch-rest",
    "valid-non-batch-soap-attachments",
    "valid-signed-hashchain",
    "invalid-not-signed-hashchain",
    "invalid-digest",
]


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_signers_of_x_roads_containers_are_judged_at_their_time(vectors, name):
    configuration = Configuration.from_shared_params((vectors / "containers" / "trust-shared-params.xml").read_bytes())
    with zipfile.ZipFile(vectors / "containers" / f"{name}.asice") as container:
        signature = etree.fromstring(container.read("META-INF/signatures.xml"))

    def found(tag):
        return ["".join(each.text.split()) for each in signature.iter(f"{{*}}{tag}")]

    certificate = b64decode(found("X509Certificate")[0])
    answers = [b64decode(each) for each in found("EncapsulatedOCSPValue")]
    at = datetime.fromisoformat(found("SigningTime")[0])
    judged = judge_signing_certificate(certificate, answers, [], configuration, at)
    assert judged.member in {MemberId("DEV", "COM", "1234"), MemberId("DEV", "COM", "4321")}
    assert judged.valid_from <= at <= judged.valid_until <= at + timedelta(hours=1)
    with pytest.raises(Refused) as refused:
        judge_signing_certificate(certificate, answers, [], configuration, at + timedelta(days=2))
    assert refused.value.code == "incorrect_validation_info"
