"""X-Road's own signatures, loose and out of its containers, each with the verdict that it must get."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime

import pytest

from ketnoi_protocol.identifiers import MemberId
from ketnoi_trust import signatures
from ketnoi_trust.certificates import Judged
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature

CLIENT = MemberId("DEV", "COM", "4321")
PROVIDER = MemberId("DEV", "COM", "1234")
CONSUMER = MemberId("EE", "BUSINESS", "consumer")

# When the containers were signed; the certificates of the two old ones are under no authority of the trust anchors.
SIGNED = {
    "valid-signed-message": "2024-12-05T13:16:11",
    "valid-signed-hashchain": "2024-12-05T12:37:37",
    "valid-non-batch-rest": "2024-07-11T12:50:37",
    "valid-non-batch-soap-attachments": "2024-12-03T13:44:54",
    "invalid-not-signed-hashchain": "2024-12-05T13:16:11",
    "invalid-digest": "2024-12-05T13:16:11",
    "invalid-signed-hashchain": "2024-12-05T12:37:37",
    "invalid-incorrect-references": "2014-05-26T09:30:07",
    "attachments": "2012-11-30T12:54:58",
}

# Code and step, or the names of absent parts; in strict mode, where it differs.
EXPECTED = {
    "valid-signed-message": (CLIENT, ()),
    "valid-signed-hashchain": (CLIENT, ("/attachment1",)),
    "valid-non-batch-rest": (PROVIDER, ()),
    "valid-non-batch-soap-attachments": (CLIENT, ()),
    "invalid-not-signed-hashchain": (CLIENT, ()),
    "invalid-digest": (CLIENT, ("invalid_signature_value", 10)),
    "invalid-signed-hashchain": (CLIENT, ("invalid_hash_chain_ref", 8)),
    "invalid-incorrect-references": (CLIENT, ("malformed_signature", 2)),
    "attachments": (CLIENT, ("malformed_signature", 2)),
}
STRICT = {
    # A form that X-Road reads and does not write, and a hash chain that nobody signed.
    "valid-non-batch-rest": ("malformed_signature", 3),
    "invalid-not-signed-hashchain": ("malformed_signature", 3),
}


@pytest.fixture(scope="module")
def trust(vectors):
    return Configuration.from_shared_params((vectors / "containers" / "trust-shared-params.xml").read_bytes())


def taken_out(vectors, name):
    with zipfile.ZipFile(vectors / "containers" / f"{name}.asice") as container:
        held = {each: container.read(each) for each in container.namelist()}
    chain = held.get("sig-hashchainresult.xml"), held.get("sig-hashchain.xml")
    parts = {f"/{each}": held[each] for each in held if each == "message.xml" or each.startswith("attachment")}
    return Signature(held["META-INF/signatures.xml"], *chain), parts


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", EXPECTED)
def test_signatures_of_containers(vectors, trust, name, strict):
    signature, parts = taken_out(vectors, name)
    at = datetime.fromisoformat(f"{SIGNED[name]}+00:00")
    sender, expected = EXPECTED[name]
    if strict:
        expected = STRICT.get(name, expected)
    try:
        verdict = signatures.verify(signature, parts, sender, trust, at, strict=strict, partial=True).absent
    except Refused as refused:
        verdict = (refused.code, refused.step)
    assert verdict == expected


def test_a_missing_body_is_for_evidence_only(vectors, trust):
    signature, parts = taken_out(vectors, "valid-signed-hashchain")
    at = datetime.fromisoformat(f"{SIGNED['valid-signed-hashchain']}+00:00")
    with pytest.raises(Refused) as refused:
        signatures.verify(signature, parts, CLIENT, trust, at)
    assert (refused.value.code, refused.value.step) == ("hashchain_unused_inputs", 9)


def judged(certificate, answers, extra, configuration, at):
    """Trusts whoever comes: the authorities of the loose signatures are in no configuration."""
    if not answers:
        raise Refused("cert_validation", "there is no OCSP response for the certificate")
    return Judged(CONSUMER, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


LOOSE = {
    "empty": ("malformed_signature", 1),
    "sign-0-no-signature": ("malformed_signature", 1),
    "sign-0-malformed-xml": ("malformed_signature", 1),
    "sign-0-schema-fail": ("malformed_signature", 1),
    "sign-0-no-objectcontainer": ("malformed_signature", 1),
    "sign-0-no-signing-cert": ("malformed_signature", 1),
    "sign-0-ocsp-no-responses": ("cert_validation", 4),
    # Its message is not in the vectors, so that the digest is the first thing to be wrong.
    "sign-0-invalid-signature-value": ("invalid_signature_value", 10),
    "extra-certs-missing-id": ("malformed_signature", 1),
    "extra-certs-missing-cert": ("malformed_signature", 1),
    "extra-certs-digest-invalid": ("malformed_signature", 1),
    # A form of 2012: its manifest names no message, and its own properties are not signed. X-Road takes it for its
    # time stamp only.
    "xades.signature.ts": ("malformed_signature", 1),
}


@pytest.mark.parametrize("name", LOOSE)
def test_loose_signatures(vectors, trust, name):
    folder = vectors / "signatures"
    parts = {"/message.xml": (folder / "message-1.xml").read_bytes()}
    signature = Signature((folder / f"{name}.xml").read_bytes())
    with pytest.raises(Refused) as refused:
        signatures.verify(signature, parts, CONSUMER, trust, datetime(2017, 9, 8, tzinfo=UTC), judge=judged)
    assert (refused.value.code, refused.value.step) == LOOSE[name]


def test_the_batch_signature(vectors, trust):
    folder = vectors / "signatures"
    result, chain, other, message = (
        (folder / f"{name}.xml").read_bytes()
        for name in ("hash-chain-result", "hash-chain-1", "hash-chain-2", "message-1")
    )
    signature = Signature((folder / "batch-sig.xml").read_bytes(), result, chain)
    at = datetime(2015, 6, 3, 10, 24, tzinfo=UTC)
    options = {"partial": True, "judge": judged}
    verified = signatures.verify(signature, {"/message.xml": message}, CONSUMER, trust, at, **options)
    assert verified.absent == ("/attachment1",)
    assert verified.signing_time == datetime(2015, 6, 3, 10, 23, 31, 870_000, tzinfo=UTC)
    for chains in ((result, other), (result, None), (None, None)):
        with pytest.raises(Refused):
            signatures.verify(
                Signature(signature.xml, *chains), {"/message.xml": message}, CONSUMER, trust, at, **options
            )
