"""Callers on other machines are known by certificate or address too, and are then left unchanged."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from agency_folder import AgencyFolder, write_certificate, write_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from stand_in import StandIn
from test_soap_gateway import SENT, XML, in_soap
from test_soap_server import code_of, opened

from ketnoi_client.problems import SettingsError
from ketnoi_client.soap_server import SoapServer

# As today's callers send it: a hash of address, user, moment and secret, another one at each call.
OF_TODAY = {"Authorization": "Basic bW90Y3VhOjVlODg0ODk4ZGEyODA0NzE1MWQwZTU2ZjhkYzYyOTI3", "Timestamp": "1700000000"}
SERVING = {"host": "0.0.0.0", "certificate": "gateway.crt", "key": "gateway.key"}


@pytest.fixture
def files(folder: AgencyFolder, server: StandIn) -> AgencyFolder:
    """The gateway's certificate, the LGSP's, and a stranger's."""
    server.reply = in_soap
    for name in ("gateway", "lgsp", "second", "stranger"):
        write_certificate(folder.path, name)
    return folder


def ask(
    gateway: SoapServer, folder: Path, certificate: str = "", *, source: str = "127.0.0.1", **headers: str
) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(folder / "gateway.crt"))
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(folder / f"{certificate}.crt", folder / f"{certificate}.key")
    port = gateway.server_address[1]
    connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=context, source_address=(source, 0))
    try:
        connection.request("POST", "/dancu", SENT, {"Content-Type": XML, **OF_TODAY, **headers})
        response = connection.getresponse()
        assert "WWW-Authenticate" not in response.headers or response.status == 401
        return response.status, response.read()
    finally:
        connection.close()


def test_a_caller_with_a_known_certificate_is_left_unchanged(files: AgencyFolder, server: StandIn) -> None:
    both = (files.path / "lgsp.crt").read_bytes() + (files.path / "second.crt").read_bytes()
    (files.path / "callers.pem").write_bytes(both)
    with opened(files, **SERVING, callers="callers.pem") as gateway:
        for name in ("lgsp", "second"):
            status, body = ask(gateway, files.path, name)
            assert status == 200
            assert b"CongdanCollection" in body
        before = len(server.asked)
        for name in ("", "stranger"):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(gateway, files.path, name)
        assert len(server.asked) == before


def test_a_certificate_that_a_known_one_issued_is_not_known(files: AgencyFolder, server: StandIn) -> None:
    issuer = x509.load_pem_x509_certificate((files.path / "lgsp.crt").read_bytes())
    key = load_pem_private_key((files.path / "lgsp.key").read_bytes(), None)
    now = datetime.now(UTC)
    issued = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issued")]))
        .issuer_name(issuer.subject)
        .public_key(write_key(files.path / "issued.key").public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    (files.path / "issued.crt").write_bytes(issued.public_bytes(Encoding.PEM))
    with opened(files, **SERVING, callers="lgsp.crt") as gateway:
        status, body = ask(gateway, files.path, "issued")
        assert (status, code_of(body), server.asked) == (403, "20", [])
        assert ask(gateway, files.path, "lgsp")[0] == 200


@pytest.mark.parametrize("known", [["127.0.0.2"], ["127.0.0.2/31"], ["10.0.0.0/8", "::1", "127.0.0.2"]])
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_caller_from_a_known_address_is_left_unchanged(
    files: AgencyFolder, server: StandIn, host: str, known: list[str]
) -> None:
    with opened(files, **SERVING | {"host": host}, caller_addresses=known) as gateway:
        status, body = ask(gateway, files.path)
        assert (status, code_of(body), server.asked) == (403, "20", [])
        assert ask(gateway, files.path, source="127.0.0.2")[0] == 200


def test_each_way_that_is_set_up_must_hold(files: AgencyFolder, server: StandIn) -> None:
    more = {"callers": "lgsp.crt", "caller_addresses": ["127.0.0.2"], "user": "motcua", "password": "password"}
    right = "Basic bW90Y3VhOm1vdC1tYXQta2hhdS1kYWk="
    with opened(files, **SERVING, **more) as gateway:
        assert ask(gateway, files.path, "lgsp", Authorization=right)[0] == 403
        assert ask(gateway, files.path, "lgsp", source="127.0.0.2")[0] == 401
        assert server.asked == []
        assert ask(gateway, files.path, "lgsp", source="127.0.0.2", Authorization=right)[0] == 200


@pytest.mark.parametrize(
    "more",
    [
        {"host": "0.0.0.0", "caller_addresses": ["127.0.0.1"]},
        {"callers": "lgsp.crt"},
        SERVING | {"callers": "missing.crt"},
        SERVING | {"callers": "gateway.key"},
        SERVING | {"caller_addresses": ["everybody"]},
        SERVING | {"caller_addresses": ["10.1.2.3/8"]},
        SERVING | {"caller_addresses": ["0.0.0.0/0"]},
        SERVING | {"caller_addresses": []},
    ],
    ids=json.dumps,
)
def test_what_would_let_others_in_is_not_opened(files: AgencyFolder, more: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="soap_gateway|crt|key"), opened(files, **more):
        raise AssertionError("it is open")
