"""The gateway: what today's callers send goes on as the registry takes it, and the answer comes back unchanged."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agency_folder import AgencyFolder
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from stand_in import Asked, Reply, StandIn, plain_answer, problem, x_road_error

from ketnoi_client.agency import Agency
from ketnoi_client.problems import SettingsError
from ketnoi_client.soap_gateway import Gateway, Tables, log_line
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.http_signature import SignatureInput, parse_signature
from ketnoi_protocol.services import Catalogue
from ketnoi_protocol.soap_answers import encode_answer
from ketnoi_protocol.soap_envelope import fault_of, read_envelope, write_fault
from ketnoi_protocol.soap_requests import decode_request

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "soap.md"
SENT, PASSED_ON, ANSWERED, REFUSED = [
    each.encode() for each in re.findall("```xml\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.S)
]
NUMBER = "990089000001"
TABLES = f"""
[MaCanBo]
"{NUMBER}" = "h99.cb01"
"VDXP_VPCP" = "h99.cb02"

[TaiKhoan]
"h99_motcua" = "h99.cb03"

[MaDonVi]
"000.00.00.H99" = "H99"

[MaDVC]
"VPCP" = "G15-TP110"
"""
XML = "text/xml; charset=utf-8"


def in_soap(asked: Asked) -> Reply:
    """What C06 would answer in SOAP."""
    instance, service_code = asked.target.split("/")[2], asked.target.split("/")[6]
    entry = Catalogue.load().by_code(instance, service_code)
    assert entry is not None
    assert entry.soap is not None
    request = decode_request(entry.soap, entry.service, asked.body)
    body = encode_answer(entry.soap, entry.answer_shape, plain_answer(request))
    return Reply(200, body, {"Content-Type": XML, "x-road-id": asked.headers["x-road-id"]})


@pytest.fixture
def gateway(folder: AgencyFolder, server: StandIn) -> Iterator[Gateway]:
    tables = folder.path / "soap-gateway.toml"
    tables.write_text(TABLES, encoding="utf-8")
    tables.chmod(0o600)
    text = folder.settings().read_text(encoding="utf-8").replace('"H55"', '"H99"').replace('"H55.242"', '"H99.01"')
    (folder.path / "agency.toml").write_text(text, encoding="utf-8")
    server.reply = in_soap
    with Agency.open(folder.path / "agency.toml") as agency:
        yield Gateway(agency, Tables.read(agency.settings))


@pytest.fixture
def refused(gateway: Gateway, server: StandIn) -> Callable[..., Refusal]:
    """The refusal that a message gets from the gateway itself, before anything is sent."""

    def ask(body: bytes, content_type: str = XML) -> Refusal:
        answered = gateway.answer(content_type, body)
        assert answered.status == 500
        assert NUMBER.encode() not in answered.body
        assert server.asked == []
        fault = fault_of(read_envelope(answered.body))
        assert fault is not None
        assert fault.code == answered.code
        return fault

    return ask


def test_the_printed_example_goes_on_as_printed_and_its_answer_comes_back(gateway: Gateway, server: StandIn) -> None:
    server.reply = lambda asked: Reply(200, ANSWERED, {"Content-Type": XML, "x-road-id": asked.headers["x-road-id"]})
    answered = gateway.answer(XML, SENT)
    (asked,) = server.asked
    assert asked.body == PASSED_ON
    assert (answered.status, answered.body, answered.code) == (200, ANSWERED, "")
    assert asked.target == "/r1/VDXP-TEST/GOV/G01.C06/DANCU/TraCuuThongTinCongDan"
    assert asked.headers["x-road-client"] == "VDXP-TEST/GOV/H99/MOTCUA"
    assert asked.headers["x-road-userid"] == "h99.cb01"
    assert asked.headers["content-type"] == XML
    assert asked.headers["x-road-id"] == answered.message_id
    assert NUMBER not in repr(sorted(asked.headers.items()))


def test_what_goes_on_is_signed_with_the_account(gateway: Gateway, server: StandIn, folder: AgencyFolder) -> None:
    gateway.answer(XML, SENT)
    headers = server.asked[0].headers
    parameters = SignatureInput.parse(headers["signature-input"])
    value = parse_signature(headers["signature"])
    der = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    folder.account.verify(der, parameters.base(headers["content-digest"], headers["x-road-id"]), ec.ECDSA(SHA256()))


@pytest.mark.parametrize(
    "body",
    [
        SENT.replace(b"http://dancuquocgia.bca", b"http://gtel.vn/qldc"),
        codecs.BOM_UTF16_LE + SENT.decode().encode("utf-16-le"),
        SENT.replace(b"<dan:MaDVC>G15-TP110</dan:MaDVC>", b""),
        SENT.replace(b"G15-TP110", b"VPCP"),
        SENT.replace(b"<dan:MaDonVi>H99.01</dan:MaDonVi>", b""),
        SENT.replace(NUMBER.encode(), b"h99.cb01"),
        SENT.replace(b"<dan:NgayThangNam>19890101</dan:NgayThangNam>", b"1989-01-01"),
    ],
)
def test_other_ways_to_write_it_go_on_in_the_one_form(gateway: Gateway, server: StandIn, body: bytes) -> None:
    assert gateway.answer("application/xml", body).status == 200
    assert server.asked[0].body == PASSED_ON


def test_an_account_stands_for_an_officer_only_where_none_is_named(gateway: Gateway, server: StandIn) -> None:
    for body, officer in (
        (SENT.replace(NUMBER.encode(), b""), "h99.cb03"),
        (SENT.replace(NUMBER.encode(), b"VDXP_VPCP"), "h99.cb02"),
    ):
        gateway.answer(XML, body)
        assert server.asked[-1].headers["x-road-userid"] == officer
        assert f">{officer}<".encode() in server.asked[-1].body


def test_the_unit_is_led_to_its_code(gateway: Gateway, server: StandIn) -> None:
    gateway.answer(XML, SENT.replace(b"H99.01", b"000.00.00.H99"))
    assert b"<dan:MaDonVi>H99</dan:MaDonVi>" in server.asked[0].body


def test_the_first_service_is_asked_with_what_its_callers_do_not_send(gateway: Gateway, server: StandIn) -> None:
    body = (
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        b'<XacThucThongTinCongDanRequest xmlns="http://dancuquocgia.bca"><MaYeuCau>1</MaYeuCau>'
        b"<MaDichVu>033</MaDichVu><MaCanBo>VDXP_VPCP</MaCanBo><SoDinhDanh>990089000123</SoDinhDanh>"
        b"<SoCMND>123456789</SoCMND><HoVaTen>NGUYEN VAN A</HoVaTen></XacThucThongTinCongDanRequest>"
        b"</e:Body></e:Envelope>"
    )
    answered = gateway.answer(XML, body)
    assert b"<dan:TonTai>false</dan:TonTai>" in answered.body
    assert b"<dan:MaDVC>G15-TP110</dan:MaDVC><dan:MaDichVu>033<" in server.asked[0].body
    assert b"<dan:MaDonVi>H99.01</dan:MaDonVi>" in server.asked[0].body


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ((NUMBER.encode(), b"990089000777"), "24"),
        ((NUMBER.encode(), b"h99.cb99"), "24"),
        ((b"H99.01", b"G15"), "22"),
        ((b"H99.01", b"???"), "10"),
        ((b">037<", b">003<"), "10"),
        ((b"TraCuuThongTinCongDan>", b"CungCapDanhSach>"), "unknown_service"),
        ((b"<dan:MaDVC>", b"<dan:MaDVC>G15</dan:MaDVC><dan:MaDVC>"), "10"),
        ((b"<dan:SoDinhDanh>990089000123</dan:SoDinhDanh>", b""), "11"),
        ((b"19890101", b"01/01/1989"), "10"),
        ((b"<soapenv:Envelope", b"<!DOCTYPE x><soapenv:Envelope"), "10"),
        ((b"NGUYEN VAN A", b"Nguy\xd4n"), "10"),
    ],
)
def test_what_cannot_go_on_is_refused_before_anything_is_sent(refused, changed: tuple[bytes, bytes], code: str) -> None:
    assert refused(SENT.replace(*changed)).code == code


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/xml; charset=windows-1258", "application/soap+xml"]
)
def test_another_media_type_is_refused(refused, content_type: str) -> None:
    assert refused(SENT, content_type).code == "10"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (lambda _: x_road_error("server.clientproxy.network_error"), "network_error"),
        (lambda _: x_road_error("server.serverproxy.access_denied"), "access_denied"),
        (lambda _: problem("20", "created is too far from the register's clock"), "20"),
        (lambda _: Reply(502, b"<html>", {"Content-Type": "text/html"}), "inconsistent_response"),
        (lambda _: Reply(close=True), "network_error"),
        (lambda _: Reply(200, ANSWERED, {"Content-Type": XML, "x-road-id": "another"}), "inconsistent_response"),
    ],
)
def test_what_goes_wrong_on_the_way_is_a_fault_with_its_code(gateway: Gateway, server: StandIn, reply, code) -> None:
    server.reply = reply
    answered = gateway.answer(XML, SENT)
    fault = fault_of(read_envelope(answered.body))
    assert fault is not None
    assert (answered.status, fault.code, answered.code) == (500, code, code)
    assert answered.message_id.startswith("VDXP-TEST-")


def test_a_fault_of_the_registry_comes_back_as_it_was(gateway: Gateway, server: StandIn) -> None:
    server.reply = lambda _: Reply(500, REFUSED, {"Content-Type": XML})
    answered = gateway.answer(XML, SENT)
    assert (answered.status, answered.body, answered.code) == (500, REFUSED, "23")
    server.reply = lambda _: Reply(500, write_fault(Refusal("99")).replace(b"kn:", b"q:"), {"Content-Type": XML})
    assert gateway.answer(XML, SENT).code == "fault"


def test_the_log_tells_nothing_about_anybody(gateway: Gateway) -> None:
    line = log_line(gateway.answer(XML, SENT), 0.0123)
    assert re.fullmatch(
        r'\{"message_id": "VDXP-TEST-[0-9a-f-]{36}", "service": "look_up_citizen", "status": 200, "ms": 12\.3\}', line
    )


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        (TABLES, 0o644, "chmod 600"),
        ("[MaCanBo", 0o600, "TOML"),
        ("[Khac]\na = 'b'", 0o600, "TOML"),
        ("[MaCanBo]\na = 1", 0o600, "TOML"),
    ],
)
def test_tables_are_private_and_of_their_form(folder: AgencyFolder, text: str, mode: int, told: str) -> None:
    file = folder.path / "soap-gateway.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    with Agency.open(folder.settings()) as agency, pytest.raises(SettingsError, match=told) as caught:
        Tables.read(agency.settings)
    assert NUMBER not in str(caught.value)


def test_missing_tables_are_told_and_tables_tell_nothing(folder: AgencyFolder) -> None:
    with Agency.open(folder.settings()) as agency, pytest.raises(SettingsError, match=r"soap-gateway\.toml"):
        Tables.read(agency.settings)
    assert NUMBER not in repr(Tables({NUMBER: "x"}))


def test_a_service_is_described_with_the_gateways_address(gateway: Gateway) -> None:
    described = gateway.description("TraCuuThongTinCongDan", "http://127.0.0.1:8084")
    assert described is not None
    assert b'location="http://127.0.0.1:8084/TraCuuThongTinCongDan"' in described
    assert gateway.description("Khac", "http://127.0.0.1:8084") is None
