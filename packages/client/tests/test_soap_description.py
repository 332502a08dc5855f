"""The gateway's description names an address that its reader can call; other methods are refused in XML too."""

from __future__ import annotations

import io
import re
import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection

import pytest
import zeep
from agency_folder import AgencyFolder, write_certificate
from stand_in import StandIn
from test_soap_gateway import in_soap
from test_soap_server import code_of, opened, raw, settings_of

from ketnoi_client.problems import SettingsError
from ketnoi_client.settings import load
from ketnoi_client.soap_server import SoapServer
from ketnoi_protocol.soap_envelope import fault_of, read_envelope

SERVICE = "/TraCuuThongTinCongDan"


def described(gateway: SoapServer, host: str, to: str = "127.0.0.1") -> bytes:
    head = f"GET {SERVICE}?wsdl HTTP/1.1\r\n{host}Connection: close\r\n\r\n".encode()
    connection = socket.create_connection((to, gateway.server_address[1]), timeout=10)
    if gateway.scheme == "https":
        connection = ssl._create_unverified_context().wrap_socket(connection)
    with connection:
        connection.sendall(head)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def location(answer: bytes) -> str:
    assert answer.startswith(b"HTTP/1.1 200 ")
    (found,) = re.findall(rb'<soap:address location="([^"]*)"', answer)
    return str(found, "ascii")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "127.0.0.1"])
def test_the_name_by_which_it_was_asked_is_the_name_to_call(folder: AgencyFolder, server: StandIn, host: str) -> None:
    write_certificate(folder.path, "gateway")
    more = {"host": host, "user": "motcua", "password": "password", "certificate": "gateway.crt", "key": "gateway.key"}
    with opened(folder, **more) as gateway:
        for name in ("gateway.h99.example:8084", "GATEWAY_1", "10.1.2.3:443", "[2001:db8::1]:8084", "[::1]"):
            assert location(described(gateway, f"Host: {name}\r\n")) == f"https://{name}{SERVICE}"
        port = gateway.server_address[1]
        assert location(described(gateway, "")) == f"https://127.0.0.1:{port}{SERVICE}"
        if host == "::":
            assert location(described(gateway, "", "::1")) == f"https://[::1]:{port}{SERVICE}"


@pytest.mark.parametrize(
    "host",
    [
        'x"/><evil',
        "x/y",
        "user@x",
        "x y",
        "x:",
        "x:808x",
        "x:123456",
        "-x",
        "a" * 300,
        "[::1",
        "[:::1]",
        "[1.2]",
        "x&amp;y",
        "x?wsdl",
        "x#y",
        "x\r\nHost: y",
        "é",
        "",
    ],
)
def test_what_is_no_name_is_not_written_into_it(folder: AgencyFolder, server: StandIn, host: str) -> None:
    with opened(folder) as gateway:
        answer = described(gateway, f"Host: {host}\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert code_of(answer.partition(b"\r\n\r\n")[2]) == "bad_request"
        assert b"location" not in answer


@pytest.mark.parametrize("address", ["https://lgsp.h99.example/dancu/", "http://10.1.2.3:8084"])
def test_an_address_in_the_settings_counts_alone(folder: AgencyFolder, server: StandIn, address: str) -> None:
    with opened(folder, address=address) as gateway:
        for host in ("Host: x\r\n", "", "Host: x y\r\n"):
            assert location(described(gateway, host)) == address.rstrip("/") + SERVICE


@pytest.mark.parametrize(
    "address", ["gateway:8084", "ftp://x", "https://", "https://x:0", "https://x?y", "https://x#y", "https://u:p@x"]
)
def test_an_address_that_is_none_is_refused(folder: AgencyFolder, address: str) -> None:
    with pytest.raises(SettingsError, match=r"soap_gateway\.address"):
        load(settings_of(folder, address=address))


def test_a_client_built_from_it_calls_the_gateway(folder: AgencyFolder, server: StandIn) -> None:
    """As a caller on another machine does it, who knows the gateway by a name and not by where it listens."""
    server.reply = in_soap
    write_certificate(folder.path, "gateway")
    known = {"certificate": "gateway.crt", "key": "gateway.key", "caller_addresses": ["127.0.0.1"]}
    with opened(folder, host="0.0.0.0", **known) as gateway:
        name = f"localhost:{gateway.server_address[1]}"
        text = described(gateway, f"Host: {name}\r\n").partition(b"\r\n\r\n")[2]
        client = zeep.Client(io.BytesIO(text), transport=_Transport())
        (service,) = client.wsdl.services.values()
        (port,) = service.ports.values()
        (operation,) = port.binding._operations
        who = {"MaCanBo": "990089000001", "MaDVC": "G15-TP110", "MaDonVi": "H99"}
        birth = {"NgayThangNam": "1989-04-17"}
        person = {"SoDinhDanh": "990089000002", "HoVaTen": "Nguyễn Văn An", "NgayThangNamSinh": birth}
        getattr(client.service, operation)(MaYeuCau="m1", MaTichHop="037", **who, **person)
        assert [asked.method for asked in server.asked] == ["POST"]


class _Transport(zeep.transports.Transport):
    """zeep's own but for the certificate, which is a test's."""

    def post(self, address: str, message: bytes, headers: dict[str, str]):
        host = address.removeprefix("https://").partition("/")[0]
        connection = HTTPSConnection(host, timeout=10, context=ssl._create_unverified_context())
        connection.request("POST", "/" + address.rpartition("/")[2], message, headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return _Response(response.status, body, dict(response.headers))


class _Response:
    encoding = "utf-8"

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.status_code, self.content, self.headers = status, body, headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "X"])
def test_another_method_is_refused_in_xml(folder: AgencyFolder, server: StandIn, method: str) -> None:
    with opened(folder) as gateway:
        connection = HTTPConnection("127.0.0.1", gateway.server_address[1], timeout=10)
        connection.request(method, "/", b"hallo" if method == "PUT" else None)
        response = connection.getresponse()
        body = response.read()
        connection.close()
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert response.headers["Content-Type"].startswith("text/xml")
    assert code_of(body) == "bad_request"


def test_a_head_tells_what_a_get_would(folder: AgencyFolder, server: StandIn) -> None:
    with opened(folder) as gateway:
        connection = HTTPConnection("127.0.0.1", gateway.server_address[1], timeout=10)
        lengths = []
        for method in ("GET", "HEAD", "HEAD"):
            connection.request(method, f"{SERVICE}?wsdl")
            response = connection.getresponse()
            lengths.append((response.status, response.headers["Content-Length"], bool(response.read())))
        connection.close()
    assert [each[:2] for each in lengths] == [lengths[0][:2]] * 3
    assert [each[2] for each in lengths] == [True, False, False]


@pytest.mark.parametrize(
    "line", [b"GET", b"GET / HTTP/9.9", b"GET / XTTP/1.1", b"GET /" + b"a" * 70_000 + b" HTTP/1.1"]
)
def test_a_request_that_is_none_is_refused_in_xml(folder: AgencyFolder, server: StandIn, line: bytes) -> None:
    with opened(folder) as gateway:
        told = raw(gateway, line + b"\r\nHost: x\r\n\r\n")
    assert b"<html" not in told.lower()
    fault = fault_of(read_envelope(told.partition(b"\r\n\r\n")[2] or told))
    assert fault is not None
    assert fault.code == "bad_request"
