"""OpenSSL as the other side: it answers our queries, and verifies over what we stamp."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rfc3161_client
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ketnoi_trust import timestamps
from ketnoi_trust.configuration import Configuration, TimestampAuthority
from ketnoi_trust.configuration.rehearsal import write_mark
from ketnoi_trust.errors import Refused

from . import stamps

SETTINGS = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = {commitment}
"""
DATA = b"<HashChainResult/>"


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", "ts", *map(str, arguments)], check=True, capture_output=True, text=True)
    return done.stdout


class Folder:
    """A folder in which OpenSSL plays an authority; it has no clock but the machine's, so the certificate spans it."""

    def __init__(self, folder: Path, kit: Any, commitment: str) -> None:
        always = {"not_before": kit.now - 40 * kit.year, "not_after": kit.now + 40 * kit.year}
        self.folder, self.root = folder, kit.authority(**always)
        self.tsa = self.root.issue(
            kit.name_of(common_name="Sample TSA"),
            usage=("digital_signature",),
            more=((stamps.x509_usage(ExtendedKeyUsageOID.TIME_STAMPING), True),),
            **always,
        )
        (folder / "tsa.pem").write_bytes(self.tsa.certificate.public_bytes(Encoding.PEM))
        (folder / "ca.pem").write_bytes(self.root.certificate.public_bytes(Encoding.PEM))
        key = self.tsa.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "tsa.key").write_bytes(key)
        (folder / "serial").write_text("2A\n")
        (folder / "settings").write_text(SETTINGS.format(folder=folder, commitment=commitment))

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        openssl(
            *("-reply", "-config", self.folder / "settings", "-queryfile", self.folder / "query"),
            *("-signer", self.folder / "tsa.pem", "-inkey", self.folder / "tsa.key", "-out", self.folder / "response"),
        )
        return (self.folder / "response").read_bytes()

    def verify(self, token: bytes, data: bytes) -> str:
        (self.folder / "token").write_bytes(token)
        (self.folder / "data").write_bytes(data)
        return openssl(
            *("-verify", "-token_in", "-in", self.folder / "token", "-data", self.folder / "data"),
            *("-CAfile", self.folder / "ca.pem", "-untrusted", self.folder / "tsa.pem"),
        )


@pytest.fixture(params=["sha1", "sha256"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, kit: Any) -> Folder:
    return Folder(tmp_path, kit, request.param)


@pytest.fixture
def configuration(kit: Any, folder: Folder) -> Configuration:
    listed = TimestampAuthority("Sample TSA", "http://tsa.example", folder.tsa.der)
    made: Configuration = kit.configuration(kit.approve(folder.root), timestamps=(listed,))
    return made


def test_openssl_answers_our_query_and_both_sides_verify(folder: Folder, configuration: Configuration) -> None:
    response = folder.answer(timestamps.request(hashlib.sha512(DATA).digest()))
    token = timestamps.token_of(response)
    stamp = timestamps.verify(token, DATA, configuration, strict=True)
    assert (stamp.serial_number, stamp.certificate) == (0x2B, folder.tsa.der)
    assert "Verification: OK" in folder.verify(token, DATA)
    with pytest.raises(subprocess.CalledProcessError):
        folder.verify(token, DATA + b" ")


def test_openssl_reads_our_query(folder: Folder) -> None:
    query = folder.folder / "query"
    query.write_bytes(timestamps.request(hashlib.sha512(DATA).digest()))
    said = openssl("-query", "-in", query, "-text")
    assert "Hash Algorithm: sha512" in said
    assert "Nonce: unspecified" in said
    assert "Certificate required: no" in said


def test_a_refusal_of_openssl_is_told(folder: Folder) -> None:
    # A digest that is not one: the authority says so in its status.
    with pytest.raises(Refused) as refused:
        timestamps.token_of(folder.answer(timestamps.request(b"short")))
    assert (refused.value.code, refused.value.message) == ("timestamping_failed", "the authority refused to stamp")


def test_openssl_verifies_tokens_made_by_hand(kit: Any, folder: Folder, configuration: Configuration) -> None:
    token = stamps.token(folder.tsa, DATA, kit.now)
    assert timestamps.verify(token, DATA, configuration, strict=True).gen_time == kit.now
    assert "Verification: OK" in folder.verify(token, DATA)


def test_openssl_verifies_the_test_authoritys_stamps(kit: Any, tmp_path: Path, authority: Any) -> None:
    batch = timestamps.batch([hashlib.sha512(bytes([number])).digest() for number in range(5)])
    approved, listed = authority.approved("http://ca.example"), authority.timestamp_authority("http://tsa.example")
    parameters = kit.params(approved, timestamps=(listed,)).write(6)
    configuration = Configuration.from_directory_files(
        {f"{kit.instance}/shared-params.xml": parameters, f"{kit.instance}/rehearsal.json": write_mark(kit.instance)}
    )
    for data in (batch.result, b"the value of a single signature"):
        token = timestamps.token_of(authority.timestamp(timestamps.request(hashlib.sha512(data).digest())))
        moment = timestamps.verify(token, data, configuration, strict=True).gen_time
        (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(approved.top.certificate))
        others = [each.certificate for each in approved.intermediates] + [listed.certificate]
        (tmp_path / "others.pem").write_text("".join(ssl.DER_cert_to_PEM_cert(each) for each in others))
        (tmp_path / "token").write_bytes(token)
        (tmp_path / "data").write_bytes(data)
        said = openssl(
            *("-verify", "-token_in", "-in", tmp_path / "token", "-data", tmp_path / "data"),
            *("-CAfile", tmp_path / "ca.pem", "-untrusted", tmp_path / "others.pem"),
            *("-attime", str(int(moment.timestamp()))),
        )
        assert "Verification: OK" in said


def test_a_third_verifier_agrees(kit: Any, folder: Folder, configuration: Configuration) -> None:
    response = folder.answer(timestamps.request(hashlib.sha512(DATA).digest()))
    verifier = (
        rfc3161_client.VerifierBuilder()
        .tsa_certificate(folder.tsa.certificate)
        .add_root_certificate(folder.root.certificate)
        .build()
    )
    decoded = rfc3161_client.decode_timestamp_response(response)
    assert verifier.verify(decoded, hashlib.sha512(DATA).digest())
    stamp = timestamps.verify(timestamps.token_of(response), DATA, configuration)
    assert (decoded.tst_info.gen_time, decoded.tst_info.serial_number) == (stamp.gen_time, stamp.serial_number)
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify(decoded, hashlib.sha512(DATA + b" ").digest())
