"""OpenSSL as an independent responder and as an independent judge."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ketnoi_trust import ocsp
from ketnoi_trust.errors import Refused


def openssl(folder, *arguments):
    return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def write(folder, name, holder):
    (folder / f"{name}.pem").write_bytes(holder.certificate.public_bytes(Encoding.PEM))
    key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(key)


@pytest.fixture
def responder(kit, tmp_path):
    """OpenSSL's responder knows no injected clock, so here everything is valid around the real moment."""
    # The one use of the real clock in these tests.
    now = datetime.now(UTC).replace(microsecond=0)
    around = {"not_before": now - kit.year, "not_after": now + kit.year}
    top = kit.authority(**around)
    delegated = top.issue_responder(**around)
    leaf = top.issue_signing(**around)
    for name, holder in (("top", top), ("delegated", delegated), ("leaf", leaf)):
        write(tmp_path, name, holder)

    def answer(status="V"):
        serial = f"{leaf.certificate.serial_number:X}"
        revoked = (now - timedelta(hours=1)).strftime("%y%m%d%H%M%SZ") if status == "R" else ""
        expires = (now + kit.year).strftime("%y%m%d%H%M%SZ")
        padded = serial if len(serial) % 2 == 0 else "0" + serial
        (tmp_path / "index.txt").write_text(f"{status}\t{expires}\t{revoked}\t{padded}\tunknown\t/CN=leaf\n")
        (tmp_path / "question.der").write_bytes(ocsp.request(leaf.certificate, top.certificate))
        made = openssl(
            tmp_path, "ocsp", "-index", "index.txt", "-CA", "top.pem", "-rsigner", "delegated.pem",
            "-rkey", "delegated.key", "-reqin", "question.der", "-respout", "answer.der", "-ndays", "1",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        return (tmp_path / "answer.der").read_bytes()

    configuration = kit.configuration(kit.approve(top))
    moment = now + timedelta(seconds=30)
    return top, leaf, answer, lambda data: ocsp.verify(data, leaf.certificate, top.certificate, configuration, moment)


def test_openssls_yes_is_believed(responder):
    _, _, answer, judge = responder
    verdict = judge(answer("V"))
    assert verdict.next_update is not None
    assert verdict.valid_until == verdict.this_update + timedelta(hours=1)


def test_openssls_no_is_a_no(responder):
    _, _, answer, judge = responder
    with pytest.raises(Refused) as refused:
        judge(answer("R"))
    assert refused.value.code == "cert_validation"


def test_openssl_and_we_agree_on_an_answer_of_our_kind(kit, tmp_path):
    top = kit.authority()
    delegated, stranger = top.issue_responder(), kit.authority("Stranger")
    leaf = top.issue_signing()
    for name, holder in (("top", top), ("leaf", leaf)):
        write(tmp_path, name, holder)
    configuration = kit.configuration(kit.approve(top))
    for signer, right in ((delegated, True), (top, True), (stranger, False)):
        answer = top.answer(leaf, responder=signer, embed=(signer,), next_update=kit.now + timedelta(hours=1))
        (tmp_path / "answer.der").write_bytes(answer)
        judged = openssl(
            tmp_path, "ocsp", "-respin", "answer.der", "-issuer", "top.pem", "-cert", "leaf.pem", "-CAfile", "top.pem",
            "-no_nonce", "-attime", str(int(kit.now.timestamp())), "-validity_period", "999999999",
        )  # fmt: skip
        assert ("Response verify OK" in judged.stderr) is right, judged.stderr
        if right:
            assert ocsp.verify(answer, leaf.certificate, top.certificate, configuration, kit.now)
        else:
            with pytest.raises(Refused):
                ocsp.verify(answer, leaf.certificate, top.certificate, configuration, kit.now)
