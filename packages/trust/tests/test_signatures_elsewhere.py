"""What is made here is accepted elsewhere: by signxml's XAdES verifier and by the program xmlsec1."""

from __future__ import annotations

import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from signxml import SignatureConfiguration
from signxml.xades import XAdESVerifier

from .signing import REQUEST, WITH_BODY, Signing

PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
OTHER = {"/message.xml": b"POST\r\n/r1/other\r\n"}


@pytest.fixture(scope="module", params=[False, True], ids=["P-256", "RSA-2048"])
def signing(kit, request):
    return Signing(kit, rsa_key=request.param)


@pytest.fixture(params=["plain", "with a body", "direct", "batch"])
def made(request, signing):
    """A signature document, and what lies beside it."""
    if request.param == "plain":
        return signing.sign(), REQUEST
    if request.param == "direct":
        return signing.sign(WITH_BODY, direct=True), WITH_BODY
    signature = signing.sign(WITH_BODY) if request.param == "with a body" else signing.batch(WITH_BODY, OTHER, OTHER)[0]
    return signature, {"/sig-hashchainresult.xml": signature.hash_chain_result}


def test_signxml_accepts_it(signing, made):
    signature, beside = made
    results = XAdESVerifier().verify(
        signature.xml,
        x509_cert=signing.holder.certificate,
        uri_resolver=beside.__getitem__,
        expect_config=SignatureConfiguration(expect_references=True, location=".//"),
    )
    assert [each.signed_data for each in results[:-1]] == list(beside.values())


def xmlsec1(folder, signing, signature, beside):
    (folder / "signature.xml").write_bytes(signature.xml)
    (folder / "ca.pem").write_bytes(signing.ca.certificate.public_bytes(Encoding.PEM))
    maps = []
    for name, octets in beside.items():
        (folder / name[1:]).write_bytes(octets)
        maps += [f"--url-map:{name}", str(folder / name[1:])]
    command = ["xmlsec1", "--verify", "--id-attr:Id", PROPERTIES, "--trusted-pem", str(folder / "ca.pem"), *maps]
    at = f"{signing.kit.now:%Y-%m-%d %H:%M:%S}"
    return subprocess.run(
        [*command, "--verification-gmt-time", at, str(folder / "signature.xml")],
        capture_output=True,
        text=True,
        check=False,
    )


def test_xmlsec1_accepts_it(tmp_path, signing, made):
    signature, beside = made
    ran = xmlsec1(tmp_path, signing, signature, beside)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"SignedInfo References (ok/all): {len(beside) + 1}/{len(beside) + 1}" in ran.stdout + ran.stderr


def test_xmlsec1_refuses_what_was_changed(tmp_path, signing, made):
    signature, beside = made
    last = list(beside)[-1]
    ran = xmlsec1(tmp_path, signing, signature, {**beside, last: beside[last] + b" "})
    assert ran.returncode != 0
