"""The integration account: a key of the agency's own or one that is shown once, and only its public half is kept."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.db import connection
from django.test import Client

from ketnoi_client.settings import load
from ketnoi_portal.audit.models import Event
from ketnoi_portal.connection import account_keys
from ketnoi_portal.connection.account_keys import KeyRefused
from ketnoi_portal.connection.actions import take_account, take_account_with_new_key
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import Environment, Platform, System

from .pages import Cast, Walk

pytestmark = pytest.mark.django_db
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def opening(cast: Cast) -> Application:
    return Walk(cast).to(Stage.OPENING)


def public(key: Key) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private(key: Key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def request(key: Key) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "account")])
    built = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return built.public_bytes(Encoding.PEM).decode()


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def page(application: Application) -> str:
    return f"/ket-noi/{application.pk}/tai-khoan/"


def unpacked(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def held(application: Application, environment: str = "test") -> str:
    return str(application.integration_accounts.get(environment=environment).public_key)


@pytest.mark.parametrize("write", [public, request])
def test_a_key_of_ones_own_is_taken(cast: Cast, opening: Application, write: object) -> None:
    key = p256()
    taken = take_account(cast["rep"], opening, "test", write(key))  # type: ignore[operator]
    assert held(taken) == public(key)
    assert Environment.TEST in taken.case().accounts_taken


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (private(p256()), "private_key_sent"),
        (public(rsa.generate_private_key(65537, 2048)), "key_of_another_kind"),
        (public(ec.generate_private_key(ec.SECP384R1())), "key_of_another_kind"),
        (request(rsa.generate_private_key(65537, 2048)), "key_of_another_kind"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "key_unreadable"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "key_unreadable"),
        ("khóa", "key_unreadable"),
        ("", "key_unreadable"),
    ],
)
def test_what_is_no_such_key_is_refused_with_its_mend(cast: Cast, opening: Application, key: str, code: str) -> None:
    with pytest.raises(KeyRefused, match=code) as refused:
        take_account(cast["rep"], opening, "test", key)
    assert refused.value.reason.mend.vi
    assert opening.integration_accounts.get().taken_at is None


def test_a_request_that_its_own_key_did_not_sign_is_refused() -> None:
    theirs = x509.load_pem_x509_csr(request(p256()).encode())
    while True:
        own = x509.load_pem_x509_csr(request(p256()).encode())
        # Signatures in DER differ in length by an octet or two.
        if len(own.signature) == len(theirs.signature):
            break
    der = own.public_bytes(Encoding.DER)
    forged = x509.load_der_x509_csr(der[: -len(own.signature)] + theirs.signature)
    with pytest.raises(KeyRefused, match="request_not_signed"):
        account_keys.read(forged.public_bytes(Encoding.PEM).decode())


def test_a_key_of_another_account_is_refused(cast: Cast, opening: Application) -> None:
    key = public(p256())
    take_account(cast["rep"], opening, "test", key)
    second = Walk(cast, System.IDENTITY).to(Stage.OPENING)
    with pytest.raises(KeyRefused, match="key_used_elsewhere"):
        take_account(cast["rep"], second, "test", key)
    assert second.integration_accounts.get().taken_at is None


def test_a_new_key_replaces_the_one_before(cast: Cast, opening: Application) -> None:
    first, second = public(p256()), public(p256())
    take_account(cast["rep"], opening, "test", first)
    name = opening.integration_accounts.get().name
    take_account(cast["rep"], opening, "test", second)
    account = opening.integration_accounts.get()
    assert (account.name, account.public_key) == (name, second)
    assert Event.objects.filter(act="take_account", subject=str(opening.pk)).count() == 2


def test_a_new_pair_comes_with_settings_that_the_client_reads(cast: Cast, opening: Application, tmp_path: Path) -> None:
    files = unpacked(take_account_with_new_key(cast["rep"], opening, "test"))
    assert set(files) == {"account.pem", "agency.toml", "DOC-TRUOC.txt"}
    key = load_pem_private_key(files["account.pem"], None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert held(opening) == public(key)
    (tmp_path / "agency.toml").write_bytes(files["agency.toml"])
    told = load(tmp_path / "agency.toml")
    assert (told.environment, told.organisation, told.subsystem) == (Environment.TEST, "H55", "MOTCUA")
    account = opening.integration_accounts.get()
    assert told.accounts[System.POPULATION].id == account.name
    assert told.accounts[System.POPULATION].key == "account.pem"
    assert told.platforms[Platform.VDXP].security_server == "https://127.0.0.9:8443"
    assert told.procedure == "G15-TP110"
    assert told.officer


def test_the_key_files_are_for_their_owner_alone(cast: Cast, opening: Application) -> None:
    package = take_account_with_new_key(cast["rep"], opening, "test")
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        modes = {stat.S_IMODE(each.external_attr >> 16) for each in archive.infolist()}
    assert modes == {0o600}


def test_the_private_key_is_shown_once_and_kept_nowhere(cast: Cast, opening: Application) -> None:
    rep = cast.client("rep")
    shown = rep.post(page(opening), {"unit": "test", "how": "new"})
    assert shown.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in shown.headers["Cache-Control"]
    pem = unpacked(shown.content)["account.pem"].decode()
    secret = pem.splitlines()[1]
    for again in (rep.get(page(opening)), rep.get(f"/ho-so/{opening.pk}/")):
        assert again.status_code == 200
        assert "PRIVATE KEY" not in again.content.decode()
        assert secret not in again.content.decode()
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            quoted = connection.ops.quote_name(table)
            # Octets are written in hexadecimal.
            for trace in (secret, "PRIVATE KEY", secret.encode().hex(), b"PRIVATE KEY".hex()):
                cursor.execute(f"SELECT count(*) FROM {quoted} AS t WHERE t::text LIKE %s", [f"%{trace}%"])
                assert cursor.fetchone() == (0,), table
    second = rep.post(page(opening), {"unit": "test", "how": "new"})
    assert unpacked(second.content)["account.pem"].decode() != pem


def test_a_pasted_private_key_does_not_come_back_on_the_page(cast: Cast, opening: Application) -> None:
    secret = private(p256())
    answer = cast.client("rep").post(page(opening), {"unit": "test", "how": "own", "key": secret})
    assert answer.status_code == 422
    assert "Coi khóa này là đã lộ" in answer.content.decode()
    assert secret.splitlines()[1] not in answer.content.decode()


def test_the_page_takes_a_public_key(cast: Cast, opening: Application) -> None:
    key = public(p256())
    answer = cast.client("rep").post(page(opening), {"unit": "test", "how": "own", "key": key})
    assert answer.status_code == 302
    assert held(opening) == key
    shown = cast.client("rep").get(f"/ho-so/{opening.pk}/").content.decode()
    assert "Thay khóa" in shown
    assert "SHA-256" in shown


def test_an_empty_form_says_what_is_missing(cast: Cast, opening: Application) -> None:
    answer = cast.client("rep").post(page(opening), {"unit": "test", "how": "own"})
    assert answer.status_code == 422
    assert "Dán khóa hoặc chọn tệp" in answer.content.decode()


@pytest.mark.parametrize(
    "who", ["clerk", "officer", "other_rep", "unit_rep", "ministry_rep", "c06", "pc06", "auditor", "a05", "vdxp"]
)
def test_nobody_else_takes_it(cast: Cast, opening: Application, who: str) -> None:
    client: Client = cast.client(who)
    for answer in (
        client.get(page(opening)),
        client.post(page(opening), {"unit": "test", "how": "new"}),
        client.post(page(opening), {"unit": "test", "how": "own", "key": public(p256())}),
    ):
        assert answer.status_code == 404
        assert b"PRIVATE" not in answer.content
    with pytest.raises(StepRefused):
        take_account(cast[who], opening, "test", "not even a key")
    with pytest.raises(StepRefused):
        take_account_with_new_key(cast[who], opening, "test")
    assert opening.integration_accounts.get().taken_at is None


def test_productions_account_waits_for_leadership(cast: Cast) -> None:
    walk = Walk(cast)
    rep: Actor = cast["rep"]
    opening = walk.to(Stage.OPENING)
    with pytest.raises(StepRefused):
        take_account(rep, opening, "production", public(p256()))
    assert cast.client("rep").get(f"{page(opening)}?unit=production").status_code == 404
    approved = walk.to(Stage.APPROVED)
    package = unpacked(take_account_with_new_key(rep, approved, "production"))
    assert b'environment = "production"' in package["agency.toml"]
    assert held(approved, "production") != held(approved, "test")
