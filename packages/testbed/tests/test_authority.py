"""The unsafe authority's certificates, OCSP answers and time stamps, judged by OpenSSL and by our own `trust`."""

import subprocess
from datetime import timedelta
from hashlib import sha512
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from rfc3161_client import TimestampRequestBuilder, VerificationError, VerifierBuilder, decode_timestamp_response

from ketnoi_protocol.identifiers import MemberId
from ketnoi_testbed.authority import UnsafeAuthority, UnsafeAuthorityWarning
from ketnoi_trust import profiles, timestamps
from ketnoi_trust.certificates import judge_signing_certificate
from ketnoi_trust.configuration import Configuration, SharedParams
from ketnoi_trust.errors import Refused

MEMBER = MemberId("VDXP-TEST", "GOV", "H55")


def openssl(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.fixture(params=[False, True], ids=["p256", "rsa"])
def each_authority(request: pytest.FixtureRequest) -> UnsafeAuthority:
    with pytest.warns(UnsafeAuthorityWarning):
        return UnsafeAuthority(rsa_keys=request.param)


def configuration(authority: UnsafeAuthority, profile: str = profiles.FIVRK) -> Configuration:
    params = SharedParams(
        instance="VDXP-TEST",
        authorities=(authority.approved("http://127.0.0.1:1", profile),),
        timestamp_authorities=(authority.timestamp_authority("http://127.0.0.1:1"),),
    )
    mark = b'{"rehearsal": true, "instance": "VDXP-TEST"}\n'
    return Configuration.from_directory_files({"shared-params.xml": params.write(2), "rehearsal.json": mark})


def test_openssl_accepts_its_time_stamps(each_authority: UnsafeAuthority, tmp_path: Path) -> None:
    data = b"a signature's value"
    (tmp_path / "ca.pem").write_bytes(each_authority.ca.pem)
    (tmp_path / "tsa.pem").write_bytes(each_authority.tsa.pem)
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "reply").write_bytes(each_authority.timestamp(timestamps.request(sha512(data).digest())))
    verify = ("ts", "-verify", "-data", "data", "-in", "reply", "-CAfile", "ca.pem", "-untrusted", "tsa.pem")
    assert "Verification: OK" in openssl(tmp_path, *verify)
    (tmp_path / "data").write_bytes(data + b"!")
    assert "Verification: FAILED" in openssl(tmp_path, *verify)


def test_it_answers_openssls_own_query_with_nonce_and_certificate(
    each_authority: UnsafeAuthority, tmp_path: Path
) -> None:
    (tmp_path / "data").write_bytes(b"anything")
    (tmp_path / "ca.pem").write_bytes(each_authority.ca.pem)
    openssl(tmp_path, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query")
    (tmp_path / "reply").write_bytes(each_authority.timestamp((tmp_path / "query").read_bytes()))
    assert "Verification: OK" in openssl(
        tmp_path, "ts", "-verify", "-queryfile", "query", "-in", "reply", "-CAfile", "ca.pem"
    )


def test_another_library_accepts_its_time_stamps(each_authority: UnsafeAuthority) -> None:
    query = TimestampRequestBuilder().data(b"anything").nonce(nonce=True).cert_request(cert_request=True).build()
    response = decode_timestamp_response(each_authority.timestamp(query.as_bytes()))
    ca = x509.load_der_x509_certificate(each_authority.ca.der)
    verifier = VerifierBuilder().add_root_certificate(ca).nonce(query.nonce).build()
    assert verifier.verify_message(response, b"anything")
    with pytest.raises(VerificationError):
        verifier.verify_message(response, b"anything else")


def test_trust_accepts_its_time_stamps_at_their_moment(each_authority: UnsafeAuthority) -> None:
    long_ago = each_authority.tsa.certificate.not_valid_before_utc - timedelta(days=1)
    token = timestamps.token_of(each_authority.timestamp(timestamps.request(sha512(b"x").digest()), long_ago))
    with pytest.raises(Refused, match="not valid at the stamped moment"):
        timestamps.verify(token, b"x", configuration(each_authority))
    now = each_authority.clock.now()
    token = timestamps.token_of(each_authority.timestamp(timestamps.request(sha512(b"x").digest())))
    stamp = timestamps.verify(token, b"x", configuration(each_authority), strict=True)
    assert abs(stamp.gen_time - now) < timedelta(seconds=5)


@pytest.mark.parametrize("profile", [profiles.FIVRK, profiles.BASIC])
def test_a_signing_certificate_speaks_for_its_member_until_it_is_revoked(
    each_authority: UnsafeAuthority, profile: str
) -> None:
    signer = each_authority.issue_signing(MEMBER, profile=profile)
    known = configuration(each_authority, profile)
    now = each_authority.clock.now()
    answer = each_authority.ocsp_response(signer.certificate)
    assert judge_signing_certificate(signer.der, [answer], [], known, now).member == MEMBER
    each_authority.revoke(signer.certificate)
    question = ocsp.OCSPRequestBuilder().add_certificate(
        signer.certificate, each_authority.ca.certificate, signer.certificate.signature_hash_algorithm
    )
    revoked = each_authority.ocsp_answer(question.build().public_bytes(Encoding.DER))
    with pytest.raises(Refused, match="REVOKED"):
        judge_signing_certificate(signer.der, [revoked], [], known, now)


def test_openssl_accepts_its_ocsp_answers(each_authority: UnsafeAuthority, tmp_path: Path) -> None:
    signer = each_authority.issue_signing(MEMBER)
    for name, content in (("ca.pem", each_authority.ca.pem), ("signer.pem", signer.pem)):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "answer").write_bytes(each_authority.ocsp_response(signer.certificate))
    told = openssl(
        tmp_path, "ocsp", "-respin", "answer", "-issuer", "ca.pem", "-cert", "signer.pem", "-CAfile", "ca.pem"
    )
    assert "Response verify OK" in told
    assert "signer.pem: good" in told


def test_a_name_that_does_not_warn_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with Unsafe"):
        UnsafeAuthority(name="National CA")
