"""A system that speaks today's SOAP, unchanged, and one that speaks JSON: the same person through both servers."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from msgspec import structs

from ketnoi_client import evidence
from ketnoi_client.agency import Agency
from ketnoi_client.settings import SoapGateway
from ketnoi_client.soap_gateway import Gateway, Tables
from ketnoi_client.soap_server import SoapServer
from ketnoi_protocol.envelope import Answer
from ketnoi_protocol.services import Catalogue, CatalogueEntry, Service
from ketnoi_protocol.soap_answers import decode_answer
from ketnoi_protocol.soap_envelope import fault_of, read_envelope
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.asking import birth_of, member_of, person_of
from ketnoi_testbed.world import World

THEIR_NUMBER = "990089000001"
"""The officer's own number, which older systems send as MaCanBo."""


@contextmanager
def running_gateway(world: World) -> Iterator[SoapServer]:
    """The gateway that the ministry runs beside its own system."""
    known = world.agency("G15")
    agency = Agency(structs.replace(known.settings, soap_gateway=SoapGateway(port=0)), now=known.now)
    tables = Tables(officers={THEIR_NUMBER: agency.settings.officer})
    server = SoapServer(agency.settings, Gateway(agency, tables))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        agency.close()


@pytest.fixture(scope="module")
def gateway(world: World) -> Iterator[SoapServer]:
    with running_gateway(world) as server:
        yield server


class Told:
    """What a SOAP caller gets back."""

    def __init__(self, status: int, body: bytes, message_id: str) -> None:
        self.status, self.body, self.message_id = status, body, message_id

    def answer(self, entry: CatalogueEntry) -> Answer:
        assert entry.soap is not None
        return decode_answer(entry.soap, entry.answer_shape, "", self.body)


def entry_of(service: Service) -> CatalogueEntry:
    return Catalogue.load().entry("population", service, "test")


def envelope(service: Service, row: PersonRow, **changes: str) -> bytes:
    """A message as a system of today writes it: no account, no signature, a personal number for the officer."""
    entry = entry_of(service)
    assert entry.soap is not None
    birth = birth_of(row).replace("-", "")
    child = "NgayThangNam" if len(birth) == 8 else "Nam"
    told = {
        "MaYeuCau": uuid.uuid4().hex,
        "MaTichHop": entry.ma_tich_hop,
        "MaCanBo": THEIR_NUMBER,
        "TaiKhoan": "g15_motcua",
        "SoDienThoai": "0",
        "SoDinhDanh": row.personal_number,
        "HoVaTen": row.full_name.upper(),
        "NgayThangNamSinh": f"<d:{child}>{birth}</d:{child}>",
    } | changes
    inside = "".join(
        f"<d:{each.name}>{told[each.field]}</d:{each.name}>" for each in entry.soap.elements if each.field in told
    )
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:d="http://dancuquocgia.bca"><s:Header/>'
        f"<s:Body><d:{entry.soap.request}>{inside}</d:{entry.soap.request}></s:Body></s:Envelope>"
    ).encode()


def send(gateway: SoapServer, body: bytes) -> Told:
    connection = HTTPConnection("127.0.0.1", gateway.server_address[1], timeout=30)
    try:
        connection.request("POST", "/", body, {"Content-Type": "text/xml;charset=utf-8", "SOAPAction": '""'})
        response = connection.getresponse()
        return Told(response.status, response.read(), response.headers.get("X-Road-Id", ""))
    finally:
        connection.close()


def test_both_get_the_same_person(world: World, gateway: SoapServer) -> None:
    someone = world.people.full
    by_json = world.agency("G15").look_up_citizen(person_of(someone)).answer
    by_soap = send(gateway, envelope(Service.LOOK_UP_CITIZEN, someone)).answer(entry_of(Service.LOOK_UP_CITIZEN))
    assert by_json.citizen is not None
    assert by_soap.citizen == by_json.citizen  # type: ignore[union-attr]
    assert by_json.citizen.personal_number == someone.personal_number


def test_the_other_services_and_a_year_alone(world: World, gateway: SoapServer) -> None:
    head, *others = world.people.family
    full, old = world.people.full, world.people.full.old_id_numbers[-1].number
    confirmed = send(gateway, envelope(Service.CONFIRM_IDENTITY_NUMBER, full, SoCMND=old))
    assert confirmed.answer(entry_of(Service.CONFIRM_IDENTITY_NUMBER)).exists  # type: ignore[union-attr]
    counted = send(gateway, envelope(Service.VERIFY_CITIZEN, world.people.year_only))
    assert counted.answer(entry_of(Service.VERIFY_CITIZEN)).count == 1  # type: ignore[union-attr]
    assert counted.message_id.startswith("NDXP-TEST-")
    member = member_of(others[0])
    claimed = (
        f"<d:SoDinhDanh>{member.personal_number}</d:SoDinhDanh><d:HoVaTen>{member.name}</d:HoVaTen>"
        f"<d:QuanHe>{member.relation}</d:QuanHe>"
    )
    told = send(gateway, envelope(Service.VERIFY_HOUSEHOLD, head, ThanhVien=claimed))
    by_json = world.agency("G15").verify_household(person_of(head), [member_of(others[0], birth=None)]).answer
    assert told.answer(entry_of(Service.VERIFY_HOUSEHOLD)).members == by_json.members  # type: ignore[union-attr]
    assert by_json.members[0].in_household


def test_a_refusal_of_the_registry_reaches_the_caller_with_its_code(world: World, gateway: SoapServer) -> None:
    told = send(gateway, envelope(Service.LOOK_UP_CITIZEN, world.people.full, MaDVC="G15-XX999"))
    fault = fault_of(read_envelope(told.body))
    assert fault is not None
    assert (told.status, fault.code) == (500, "23")
    assert world.people.full.personal_number.encode() not in told.body


def test_the_registry_describes_its_services_through_both_servers(world: World) -> None:
    agency, entry = world.agency("G15"), entry_of(Service.LOOK_UP_CITIZEN)
    address = f"/r1/{agency.settings.provider_id(entry).service(entry.service_code).slash}?wsdl"
    headers = {"X-Road-Client": agency.settings.client_id(entry).slash}
    reply = agency.connection(entry.platform).request("GET", address, headers=headers)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert b"wsdl:definitions" in reply.body


def test_an_officer_who_is_not_in_the_table_reaches_nobody(
    world: World, gateway: SoapServer, reached_the_registry: list[str]
) -> None:
    told = send(gateway, envelope(Service.LOOK_UP_CITIZEN, world.people.full, MaCanBo="990089000777"))
    fault = fault_of(read_envelope(told.body))
    assert fault is not None
    assert (fault.code, reached_the_registry) == ("24", [])


def test_a_question_sent_again_gets_the_same_octets(world: World, gateway: SoapServer) -> None:
    question = envelope(Service.LOOK_UP_CITIZEN, world.people.full)
    first, again = send(gateway, question), send(gateway, question)
    assert first.status == 200
    assert again.body == first.body
    assert again.message_id != first.message_id


def test_a_soap_call_is_proved_like_any_other(world: World, gateway: SoapServer, tmp_path: Path) -> None:
    told = send(gateway, envelope(Service.LOOK_UP_CITIZEN, world.people.full))
    evidence.fetch(world.agency("G15"), told.message_id, tmp_path)
    for side in ("request", "response"):
        verdict = evidence.verify(next(tmp_path.glob(f"*-{side}-*.asice")), tmp_path / "verificationconf", strict=True)
        assert verdict.message.message_id == told.message_id
