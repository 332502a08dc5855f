"""The gateway's port: HTTP as old software speaks it, credentials, bounds, and a running command."""

from __future__ import annotations

import base64
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from agency_folder import AgencyFolder, write_certificate
from stand_in import Reply, StandIn
from test_soap_gateway import ANSWERED, PASSED_ON, SENT, TABLES, XML, in_soap

from ketnoi_client.agency import Agency
from ketnoi_client.cli import main
from ketnoi_client.problems import SettingsError
from ketnoi_client.soap_gateway import Gateway, Tables
from ketnoi_client.soap_server import LARGEST_BODY, SoapServer
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.soap_envelope import fault_of, read_envelope, write_fault

PASSWORD = "mot-mat-khau-dai"


def settings_of(folder: AgencyFolder, **gateway: object) -> Path:
    tables = folder.path / "soap-gateway.toml"
    tables.write_text(TABLES, encoding="utf-8")
    tables.chmod(0o600)
    secret = folder.path / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    secret.chmod(0o600)
    file = folder.settings()
    text = file.read_text(encoding="utf-8").replace('"H55"', '"H99"').replace('"H55.242"', '"H99.01"')
    told = "".join(f"{name} = {json.dumps(value)}\n" for name, value in ({"port": 0} | gateway).items())
    file.write_text(f"{text}\n[soap_gateway]\n{told}", encoding="utf-8")
    return file


@contextmanager
def opened(folder: AgencyFolder, **gateway: object) -> Iterator[SoapServer]:
    with Agency.open(settings_of(folder, **gateway)) as agency:
        server = SoapServer(agency.settings, Gateway(agency, Tables.read(agency.settings)))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()


@pytest.fixture
def gateway(folder: AgencyFolder, server: StandIn) -> Iterator[SoapServer]:
    server.reply = in_soap
    with opened(folder) as running:
        yield running


def connect(gateway: SoapServer) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", gateway.server_address[1], timeout=10)


def post(gateway: SoapServer, body: object = SENT, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = connect(gateway)
    try:
        connection.request("POST", "/dancu", body, {"Content-Type": XML, **headers})  # type: ignore[arg-type]
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def code_of(body: bytes) -> str:
    fault = fault_of(read_envelope(body))
    assert fault is not None
    return fault.code


def test_a_call_is_answered_at_any_path(gateway: SoapServer, server: StandIn) -> None:
    response, body = post(gateway, SOAPAction='""')
    assert (response.status, response.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert b"CongdanCollection" in body
    assert response.headers["X-Road-Id"] == server.asked[0].headers["x-road-id"]
    assert server.asked[0].body == PASSED_ON


def test_a_connection_is_kept_and_pieces_are_read(gateway: SoapServer, server: StandIn) -> None:
    connection = connect(gateway)
    for _ in range(3):
        connection.request("POST", "/", iter([SENT[:100], SENT[100:]]), {"Content-Type": XML}, encode_chunked=True)
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    connection.close()
    assert [asked.body for asked in server.asked] == [PASSED_ON] * 3


def test_many_at_once(gateway: SoapServer) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(post(gateway)[0].status)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 20


def test_a_caller_is_told_when_to_come_again(gateway: SoapServer, server: StandIn) -> None:
    busy = write_fault(Refusal("30"))
    server.reply = lambda _: Reply(500, busy, {"Content-Type": XML, "Retry-After": "7"})
    response, body = post(gateway)
    assert (response.status, body, response.headers["Retry-After"]) == (500, busy, "7")


def test_the_description_is_offered(gateway: SoapServer) -> None:
    connection = connect(gateway)
    connection.request("GET", "/TraCuuThongTinCongDan?WSDL")
    response = connection.getresponse()
    described = response.read()
    assert response.status == 200
    assert f'location="{gateway.address}/TraCuuThongTinCongDan"'.encode() in described
    for path in ("/TraCuuThongTinCongDan", "/Khac?wsdl", "/"):
        connection.request("GET", path)
        response = connection.getresponse()
        assert (response.status, code_of(response.read())) == (404, "unknown_service")
    connection.close()


def test_a_body_that_is_too_large_is_refused(gateway: SoapServer, server: StandIn) -> None:
    for body in (b" " * (LARGEST_BODY + 1), b" " * 3_000_000, iter([b" " * 40_000] * 50)):
        response, told = post(gateway, body)
        assert (response.status, code_of(told)) == (500, "message_too_large")
    assert server.asked == []


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Content-Length: x\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: 5\r\nContent-Encoding: gzip\r\n",
    ],
)
def test_a_body_whose_end_is_unclear_is_refused(gateway: SoapServer, head: str) -> None:
    told = raw(gateway, f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n{head}\r\nhallo".encode())
    assert told.startswith(b"HTTP/1.1 500 ")
    assert b"Connection: close" in told


@pytest.mark.parametrize("chunks", [b"z\r\n", b"\r\n", b"5\r\nhalloX\r\n", b"FFFFFFFFF\r\n", b"5 5\r\nhallo\r\n"])
def test_broken_pieces_are_refused(gateway: SoapServer, chunks: bytes) -> None:
    told = raw(gateway, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert b"<kn:Ma>bad_request</kn:Ma>" in told


def raw(gateway: SoapServer, octets: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gateway.server_address[1]), timeout=10) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        told = b""
        while piece := connection.recv(65536):
            told += piece
        return told


def test_a_caller_that_waits_to_be_told_to_go_on_is_told(gateway: SoapServer) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {XML}\r\nContent-Length: {len(SENT)}\r\n"
    with socket.create_connection(("127.0.0.1", gateway.server_address[1]), timeout=10) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(SENT)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_ends_early_is_no_question(gateway: SoapServer, server: StandIn) -> None:
    told = raw(gateway, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n" + SENT)
    assert b"<kn:Ma>bad_request</kn:Ma>" in told
    assert server.asked == []


def test_credentials_are_asked_for_where_there_are_any(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = in_soap
    right = "Basic " + base64.b64encode(f"motcua:{PASSWORD}".encode()).decode()
    with opened(folder, user="motcua", password="password") as gateway:
        for wrong in ("", "Basic", "Basic !!", "Bearer " + right[6:], right[:-4], "Basic " + "A" * 64):
            response, body = post(gateway, Authorization=wrong)
            assert (response.status, code_of(body)) == (401, "20")
            assert response.headers["WWW-Authenticate"].startswith("Basic ")
        assert server.asked == []
        assert post(gateway, Authorization=right)[0].status == 200


def test_the_hash_of_older_callers_is_not_believed_and_does_no_harm(gateway: SoapServer, server: StandIn) -> None:
    response, _ = post(gateway, Authorization="Basic dTo1ZTg4NDg5OGRh", Timestamp="1700000000")
    assert response.status == 200
    assert "timestamp" not in server.asked[0].headers
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    "more",
    [
        {"host": "0.0.0.0"},
        {"host": "0.0.0.0", "user": "motcua", "password": "password"},
        {"host": "0.0.0.0", "certificate": "system.crt", "key": "system.key"},
        {"user": "motcua", "password": "missing"},
        {"user": "mot:cua", "password": "password"},
        {"password": "password"},
        {"certificate": "missing.crt", "key": "system.key"},
    ],
)
def test_what_would_be_open_to_others_is_not_opened(folder: AgencyFolder, more: dict[str, str]) -> None:
    with pytest.raises(SettingsError), opened(folder, **more):
        raise AssertionError("it is open")


def test_a_password_that_others_may_read_or_that_is_short_is_refused(folder: AgencyFolder) -> None:
    for password, mode in (("ngan", 0o600), (PASSWORD, 0o644)):
        secret = folder.path / "another"
        secret.write_text(password)
        secret.chmod(mode)
        with pytest.raises(SettingsError) as caught, opened(folder, user="motcua", password="another"):
            raise AssertionError("it is open")
        assert password not in str(caught.value)


def test_https_elsewhere_than_on_this_machine(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = in_soap
    write_certificate(folder.path, "gateway")
    more = {"host": "0.0.0.0", "user": "motcua", "password": "password"}
    with opened(folder, **more, certificate="gateway.crt", key="gateway.key") as gateway:
        context = ssl.create_default_context(cafile=str(folder.path / "gateway.crt"))
        context.check_hostname = False
        plain = socket.create_connection(("127.0.0.1", gateway.server_address[1]), timeout=10)
        with plain, context.wrap_socket(plain) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 404"
        with socket.create_connection(("127.0.0.1", gateway.server_address[1]), timeout=10) as broken:
            broken.sendall(b"no TLS at all\r\n\r\n")
            assert b"HTTP" not in broken.recv(100)


def test_more_connections_than_allowed_are_closed(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = in_soap
    with opened(folder, max_connections=1) as gateway:
        with socket.create_connection(("127.0.0.1", gateway.server_address[1]), timeout=10) as first:
            first.sendall(b"POST / HTTP/1.1\r\n")
            time.sleep(0.2)
            with socket.create_connection(("127.0.0.1", gateway.server_address[1]), timeout=10) as second:
                assert second.recv(1) == b""
        for _ in range(50):
            try:
                assert post(gateway)[0].status == 200
                break
            except (ConnectionError, OSError):
                time.sleep(0.05)
        else:
            raise AssertionError("the place was never free again")


def test_the_command_serves_until_it_is_told_to_stop_and_finishes_what_runs(
    folder: AgencyFolder, server: StandIn
) -> None:
    server.reply = lambda asked: Reply(
        200, ANSWERED, {"Content-Type": XML, "x-road-id": asked.headers["x-road-id"]}, wait=1.0
    )
    command = [sys.executable, "-m", "ketnoi_client.cli", "soap-gateway", "--settings", str(settings_of(folder))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] == "soap-gateway"
        connection = HTTPConnection("127.0.0.1", int(ready["address"].rpartition(":")[2]), timeout=20)
        connection.request("POST", "/", SENT, {"Content-Type": XML})
        while not server.asked:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, ANSWERED)
        connection.close()
        out, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")
    assert json.loads(out)["service"] == "look_up_citizen"
    assert "9900" not in out


def test_a_port_that_is_taken_is_told(folder: AgencyFolder, server: StandIn) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = settings_of(folder, port=taken.getsockname()[1])
        assert main(["soap-gateway", "--settings", str(settings)]) == 2
