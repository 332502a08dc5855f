"""Receipts: what a citizen keeps of a consent, and whoever is shown it can verify."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from ketnoi_identity.consent import receipts, rules
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.consent.verification import verify_receipt
from ketnoi_identity.openid import keys
from ketnoi_protocol.services import Service

from .site import COMMAND
from .wires import NUMBER

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PRINCIPAL = "pairwise-name"
BASE = "https://dinhdanh.example"
NAMES = receipts.Names("UBND tỉnh Thái Nguyên", "Tra cứu thông tin công dân", {"HoVaTen": "Họ và tên"})


@pytest.fixture
def folder(tmp_path):
    keys.ring(tmp_path, keys.RECEIPTS).begin(AT)
    return tmp_path


def agreed(**changes):
    told = {
        "id": "A" * 26,
        "organisation": "H55",
        "unit": "H55.1",
        "officer": "cb.lan",
        "message_id": "m1",
        "service": Service.LOOK_UP_CITIZEN,
        "fields": ("HoVaTen", "DanToc"),
        "procedure_code": "1.001",
        "purpose": "Cấp giấy phép",
        "one_time": False,
        "lasts_seconds": 600,
        "personal_number": NUMBER,
        "asked_at": AT,
        "answer_by": AT + timedelta(minutes=15),
        "decided_at": AT,
        "agreed": True,
        "decided_by": "account",
        "proof": {"proof": {"method": "passkey"}},
        "receipt": None,
        "valid_until": AT + timedelta(seconds=600),
        "revoked_by": None,
        "uses": 0,
        "last_used_at": None,
    } | changes
    return Kept(**told)


def write(folder, at=AT, **changes):
    key = receipts.signing_key(folder, at)
    return receipts.write(agreed(**changes), PRINCIPAL, NAMES, BASE, at, key)


def test_a_receipt_says_who_may_what_until_when_and_how_to_take_it_back(folder):
    content = receipts.verify(write(folder), receipts.public_receipt_keys(folder, AT))
    record = content["record"]
    (purpose,) = record["pii_processing"]["purposes"]
    assert content["receipt"]["issuer"] == BASE
    assert record["header"] == {
        "schema_version": receipts.SCHEMA,
        "record_id": "A" * 26,
        "pii_principal_id": PRINCIPAL,
    }
    assert (purpose["purpose"], purpose["lawful_basis"], purpose["pii_controllers"]) == (
        "Cấp giấy phép",
        "consent",
        ["H55"],
    )
    assert purpose["withdrawal_method"] == f"{BASE}/dong-y/{'A' * 26}/"
    assert [
        (each["pii_type"], each["pii_attribute_name"], each["sensitive_pii_category"])
        for each in purpose["pii_information"]
    ] == [
        ("HoVaTen", "Họ và tên", False),
        ("DanToc", "DanToc", True),
    ]
    assert record["parties"][0]["party_name"] == NAMES.organisation
    (event,) = record["events"]
    assert (event["event_state"], event["event_time"], event["validity_duration"]) == (
        "given",
        "2026-03-02T09:00:00.000000Z",
        "PT600S",
    )


def test_nobodys_number_stands_in_a_receipt(folder):
    payload = write(folder).split(".")[1]
    assert NUMBER not in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


def test_a_receipt_of_what_was_taken_back_says_so(folder):
    content = receipts.verify(
        write(folder, revoked_at=AT + timedelta(seconds=9)), receipts.public_receipt_keys(folder, AT)
    )
    assert [each["event_state"] for each in content["record"]["events"]] == ["given", "withdrawn"]


@pytest.mark.parametrize("changes", [{"agreed": None, "valid_until": None}, {"agreed": False, "valid_until": None}])
def test_there_is_no_receipt_of_what_nobody_agreed_to(folder, changes):
    with pytest.raises(ValueError, match="nobody"):
        write(folder, **changes)


def test_a_receipt_is_verified_years_and_keys_later(folder):
    old = write(folder)
    at = AT
    for _ in range(3):
        at = keys.ring(folder, keys.RECEIPTS).turn(at) + timedelta(days=900)
    new = write(folder, at)
    public = receipts.public_receipt_keys(folder, at)
    assert len(public["keys"]) == 4
    assert all("d" not in key for key in public["keys"])
    assert receipts.verify(old, public)["receipt"]["issued_at"].startswith("2026-03-02")
    assert jws.extract_compact(new.encode()).headers()["kid"] != jws.extract_compact(old.encode()).headers()["kid"]
    receipts.verify(new, public)


def changed(receipt):
    head, payload, signature = receipt.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    content["record"]["pii_processing"]["purposes"][0]["purpose"] = "Việc khác"
    told = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    return f"{head}.{told}.{signature}"


def unsigned(receipt):
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": receipts.TYPE}).encode()).rstrip(b"=").decode()
    return f"{head}.{receipt.split('.')[1]}."


def of_the_public_key(receipt):
    """The old trick: the public key as the secret of an HMAC."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": receipts.TYPE}).encode()).rstrip(b"=").decode()
    return f"{head}.{receipt.split('.')[1]}.{receipt.split('.')[2]}"


@pytest.mark.parametrize(
    "spoil",
    [
        changed,
        unsigned,
        of_the_public_key,
        lambda receipt: receipt[:-4] + "AAAA",
        lambda receipt: "",
        lambda receipt: "a.b.c",
        lambda receipt: "x" * (receipts.LONGEST + 1),
    ],
)
def test_a_receipt_that_was_touched_does_not_count(folder, spoil):
    public = receipts.public_receipt_keys(folder, AT)
    with pytest.raises(receipts.ReceiptError):
        receipts.verify(spoil(write(folder)), public)


def test_another_ones_signature_does_not_count(folder, tmp_path):
    stranger = ECKey.generate_key("P-256", auto_kid=True)
    forged = receipts.write(agreed(), PRINCIPAL, NAMES, BASE, AT, stranger)
    with pytest.raises(receipts.ReceiptError):
        receipts.verify(forged, receipts.public_receipt_keys(folder, AT))


def test_another_signed_thing_under_the_same_key_is_no_receipt(folder):
    key = receipts.signing_key(folder, AT)
    card = jws.serialize_compact(
        {"alg": "ES256", "kid": key.kid, "typ": "ketnoi-officer+jwt"}, b'{"receipt":{},"record":{}}', key, ["ES256"]
    )
    with pytest.raises(receipts.ReceiptError, match="no receipt"):
        receipts.verify(card, receipts.public_receipt_keys(folder, AT))


@pytest.mark.parametrize(
    "odd",
    [{}, {"keys": "x"}, {"keys": [{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}, {"keys": [{}]}],
)
def test_odd_keys_verify_nothing(folder, odd):
    with pytest.raises(receipts.ReceiptError):
        receipts.verify(write(folder), odd)


def test_anybody_verifies_one_offline_without_settings(folder, capsys):
    (folder / "receipt.jws").write_text(write(folder) + "\n")
    (folder / "keys.json").write_text(json.dumps(receipts.public_receipt_keys(folder, AT)))
    done = subprocess.run(
        [*COMMAND[:-1], "verify-receipt", folder / "receipt.jws", "--keys", folder / "keys.json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["record"]["header"]["record_id"] == "A" * 26


def test_what_does_not_count_is_said_with_another_status(folder, capsys):
    receipt, known = folder / "receipt.jws", folder / "keys.json"
    known.write_text(json.dumps(receipts.public_receipt_keys(folder, AT)))
    receipt.write_text(changed(write(folder)))
    assert verify_receipt(receipt, str(known)) == 1
    assert "has signed it" in capsys.readouterr().err
    receipt.write_bytes(b"\xff\xfe")
    assert verify_receipt(receipt, str(known)) == 1
    assert verify_receipt(folder / "none", str(known)) == 1
    assert verify_receipt(receipt, "http://elsewhere.example/keys.json") == 1
    assert verify_receipt(receipt, "file:///etc/hostname") == 1


def test_published_keys_are_fetched(folder, capsys):
    class Keys(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == receipts.KEYS_PATH else 404)
            self.end_headers()
            self.wfile.write(json.dumps(receipts.public_receipt_keys(folder, AT)).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "receipt.jws").write_text(write(folder))
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        assert verify_receipt(folder / "receipt.jws", base + receipts.KEYS_PATH) == 0
        assert verify_receipt(folder / "receipt.jws", base + "/elsewhere") == 1
    finally:
        server.shutdown()
        server.server_close()


def test_a_consent_that_is_kept_is_one_for_the_rules():
    assert isinstance(agreed(), rules.Consent)
    assert rules.state(replace(agreed(), revoked_at=AT), AT).value == "THU_HOI"
