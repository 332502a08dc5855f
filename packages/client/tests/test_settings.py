"""Settings that cannot work are refused before a call, by file and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from agency_folder import AgencyFolder, write_key
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from ketnoi_client.agency import Agency, Person
from ketnoi_client.problems import SettingsError
from ketnoi_client.settings import load
from ketnoi_protocol.services import Environment, Platform, Service, System

AN = Person("990089000123", name="Nguyễn Văn An", birth="1989-04-17")


def changed(folder: AgencyFolder, old: str, new: str) -> Path:
    file = folder.settings()
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_files_are_meant_from_the_settings_folder(folder: AgencyFolder) -> None:
    settings = load(folder.settings())
    assert settings.environment is Environment.TEST
    assert settings.path("account.key") == folder.path / "account.key"
    assert settings.path("/etc/key") == Path("/etc/key")
    assert settings.accounts[System.POPULATION].id == "h55-motcua"


def test_the_environment_decides_the_instances(folder: AgencyFolder) -> None:
    for environment, instance in (("test", "VDXP-TEST"), ("production", "VDXP")):
        settings = load(folder.settings(environment=environment))
        entry = settings.entry(System.POPULATION, Service.LOOK_UP_CITIZEN)
        assert settings.client_id(entry).slash == f"{instance}/GOV/H55/MOTCUA"
        assert settings.provider_id(entry).slash == f"{instance}/GOV/G01.C06/DANCU"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('environment = "test"', 'environment = "staging"', "environment"),
        ('organisation = "H55"', 'organisation = "X55"', "organisation code"),
        ('organisation = "H55"', "", "organisation"),
        ('unit = "H55.242"', 'unit = "H56"', "unit"),
        ('unit = "H55.242"', 'unit = "H55..1"', "organisation code"),
        ('subsystem = "MOTCUA"', 'subsystem = "MOT/CUA"', "subsystemCode"),
        ("timeout = 5.0", "timeout = 0", "timeout"),
        ("timeout = 5.0", 'timeout = 5.0\npassword = "x"', "password"),
        ("timeout = 5.0", 'timeout = 5.0\nprofile = "2099"', "profile"),
        ("[platforms.VDXP]", "[platforms.LGSP]", "LGSP"),
        ("[accounts.population]", "[accounts.dancu]", "dancu"),
        ('provider = "GOV/G01.C06/DANCU"', 'provider = "G01.C06/DANCU"', "SubsystemId"),
        *(
            ("https://127.0.0.1:1", address, "security_server")
            for address in (
                *("http://127.0.0.1:1", "127.0.0.1:1", "https://", "https://a:b", "https://a:0", "https://a/r1"),
                *("https://u@a", "https://a?b", "https://[::1"),
            )
        ),
    ],
)
def test_a_wrong_field_is_named(old: str, new: str, named: str, folder: AgencyFolder) -> None:
    file = changed(folder, old, new)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert named in str(caught.value)


def test_a_file_that_is_no_settings_file_is_named(tmp_path: Path) -> None:
    for name, content in (("absent", None), ("text", b"="), ("binary", b"\xff\xfe"), ("folder", None)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    for name in ("absent", "text", "binary", "folder"):
        with pytest.raises(SettingsError, match=name):
            load(tmp_path / name)


def test_what_a_service_needs_is_told_when_it_is_asked(folder: AgencyFolder) -> None:
    file = folder.settings()
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("[platforms.NDXP]")], encoding="utf-8")
    with Agency.open(file) as agency:
        with pytest.raises(SettingsError, match=r"platforms\.NDXP"):
            agency.verify_citizen(AN)
        with pytest.raises(SettingsError, match=r"accounts\.identity"):
            Agency.open(folder.settings()).look_up_citizen(AN, system=System.IDENTITY)
        with pytest.raises(KeyError):
            agency.connection(Platform.NDXP)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes | None = None) -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"no key",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
        pem(ec.generate_private_key(ec.SECP256R1()), b"secret"),
    ],
    ids=["absent", "empty", "text", "P-384", "RSA", "with a password"],
)
def test_the_account_needs_a_p_256_key(content: bytes | None, folder: AgencyFolder) -> None:
    file = folder.settings()
    (folder.path / "account.key").unlink()
    if content is not None:
        (folder.path / "account.key").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        Agency.open(file)
    assert "account.key" in str(caught.value)


def test_a_tls_key_with_a_password_does_not_stop_and_ask(folder: AgencyFolder) -> None:
    key = write_key(folder.path / "system.key")
    (folder.path / "system.key").write_bytes(pem(key, b"secret"))
    with pytest.raises(SettingsError, match=r"system\.key"):
        Agency.open(folder.settings())
