"""The services asked in SOAP, as today's callers ask: the same gates, the same answers, the same log."""

from __future__ import annotations

import codecs
import uuid

import pytest
from lxml import etree

from ketnoi_protocol.envelope import CountAnswer, ExistsAnswer, HouseholdAnswer, LookUpAnswer
from ketnoi_protocol.envelope import decode_answer as decode_json
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.http_signature import content_digest
from ketnoi_protocol.services import Service
from ketnoi_protocol.soap_answers import decode_answer

from .directories import grant, officer
from .worlds import MEMBER, OFFICER, run

XML = {"Content-Type": "text/xml; charset=utf-8"}
NUMBER = "990089000001"


def envelope(world, service, namespace="http://dancuquocgia.bca", more="", **fields):
    """A question about Nguyễn Văn An as a caller of today writes it; a field given as None is left out."""
    operation = world.entry(service).soap
    told = world.body(service) | {"NgayThangNamSinh": "<d:NgayThangNam>19890302</d:NgayThangNam>"} | fields
    inside = "".join(
        f"<d:{each.name}>{told[each.field]}</d:{each.name}>"
        for each in operation.elements
        if told.get(each.field) is not None
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns:d="{namespace}"><s:Header/><s:Body><d:{operation.request}>{inside}{more}</d:{operation.request}>'
        "</s:Body></s:Envelope>"
    )


class Told:
    """What the registry answered."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        assert headers["Content-Digest"] == content_digest(body)


async def send(world, service, octets, headers=None, sign=None):
    entry = world.entry(service)
    caller = "ss-ndxp" if entry.instance == "NDXP-TEST" else "ss-vdxp"
    signed = world.signed(octets, **{"client": f"{entry.instance}/GOV/{MEMBER}/MOTCUA"} | (sign or {}))
    url = f"{world.url}/v1/{entry.service_code}"
    async with world.session(caller).post(url, data=octets, headers=signed | XML | (headers or {})) as response:
        return Told(response.status, response.headers, await response.read())


async def ask(world, service, **fields):
    told = await send(world, service, envelope(world, service, **fields).encode())
    entry = world.entry(service)
    return decode_answer(entry.soap, entry.answer_shape, "", told.body)


def code_of(told):
    assert (told.status, told.headers["Content-Type"]) == (500, "text/xml; charset=utf-8")
    assert NUMBER.encode() not in told.body
    fault = etree.fromstring(told.body)[0][0]
    assert etree.QName(fault).localname == "Fault"
    return fault.findtext(".//{urn:ketnoi:error}Ma")


def test_all_four_services_answer(do):
    member = "<d:ThanhVien><d:SoDinhDanh>990190000003</d:SoDinhDanh><d:HoVaTen>Lê Thị Bình</d:HoVaTen>{}</d:ThanhVien>"
    member = member.format("<d:NgayThangNamSinh><d:Nam>1990</d:Nam></d:NgayThangNamSinh><d:QuanHe>QH01</d:QuanHe>")

    async def act(world):
        return (
            await ask(world, Service.CONFIRM_IDENTITY_NUMBER, SoCMND="990000001"),
            await ask(world, Service.VERIFY_HOUSEHOLD, more=member),
            await ask(world, Service.LOOK_UP_CITIZEN, HoVaTen="NGUYENVANAN"),
            await ask(world, Service.VERIFY_CITIZEN, more="<d:ThuocTinh><d:GioiTinh>1</d:GioiTinh></d:ThuocTinh>"),
        )

    confirmed, household, found, counted = do(act)
    assert isinstance(confirmed, ExistsAnswer)
    assert confirmed.exists
    assert isinstance(household, HouseholdAnswer)
    assert [(each.in_household, each.relation_confirmed) for each in household.members] == [(True, True)]
    assert isinstance(found, LookUpAnswer)
    assert found.citizen.personal_number == NUMBER
    assert isinstance(counted, CountAnswer)
    assert (counted.count, counted.results) == (1, {"GioiTinh": True})


@pytest.mark.parametrize("profile", ["2022-seed", "2022-qcvn-109"])
def test_a_soap_caller_and_a_json_caller_get_the_same_person_and_leave_the_same_rows(tmp_path, database, profile):
    async def act(world):
        entry = world.catalogue.load(profile).entry("population", Service.LOOK_UP_CITIZEN, "test")
        in_json = await world.ask(Service.LOOK_UP_CITIZEN)
        in_soap = await send(world, Service.LOOK_UP_CITIZEN, envelope(world, Service.LOOK_UP_CITIZEN).encode())
        rows = await world.logged()
        return (
            decode_json(entry.answer_shape, in_json.raw).citizen,
            decode_answer(entry.soap, entry.answer_shape, "", in_soap.body).citizen,
            [{name: row[name] for name in set(row.keys()) - {"logged_at", "sequence", "message_id", "request_digest"}}
             for row in rows],
        )  # fmt: skip

    by_json, by_soap, rows = run(tmp_path, database, act, profile=profile)
    assert by_json == by_soap
    assert by_json.personal_number == NUMBER
    assert rows[0] == rows[1]
    assert "HoVaTen" in rows[0]["released_fields"]


@pytest.mark.parametrize("name", ["Trần Thị Khác", "NGUYENVANA"])
def test_nobody_is_an_empty_collection(do, name):
    async def act(world):
        return await ask(world, Service.LOOK_UP_CITIZEN, HoVaTen=name)

    assert do(act).citizen is None


@pytest.mark.parametrize(
    "written",
    [
        {"namespace": "http://gtel.vn/qldc"},
        {"NgayThangNamSinh": "1989-03-02"},
        {"NgayThangNamSinh": "19890302"},
        {"more": "<d:TaiKhoan>h55_motcua</d:TaiKhoan><d:SoDienThoai>0</d:SoDienThoai>"},
    ],
)
def test_older_ways_to_ask_are_answered(do, written):
    async def act(world):
        return await ask(world, Service.LOOK_UP_CITIZEN, **written)

    assert do(act).citizen.personal_number == NUMBER


def test_names_without_accents_are_a_hit_only_where_the_profile_says_so(do):
    async def act(world):
        return [
            (await ask(world, Service.LOOK_UP_CITIZEN, HoVaTen="NGUYENVANAN")).citizen is not None,
            (await ask(world, Service.VERIFY_CITIZEN, HoVaTen="NGUYENVANAN")).count == 1,
        ]

    assert do(act) == [True, False]


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml;charset=UTF-8", 'text/xml; charset="utf-16"'])
def test_xml_is_known_by_its_media_type_and_utf_16_is_unicode(do, content_type):
    async def act(world):
        text = envelope(world, Service.LOOK_UP_CITIZEN)
        octets = text.encode()
        if "16" in content_type:
            octets = codecs.BOM_UTF16_LE + text.replace("utf-8", "utf-16").encode("utf-16-le")
        return await send(world, Service.LOOK_UP_CITIZEN, octets, {"Content-Type": content_type})

    assert do(act).status == 200


def _bad(text):
    return {
        "not XML": b"{}",
        "a bomb": text.replace(
            "?><s:", '?><!DOCTYPE s [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><s:'
        ).encode(),
        "an external entity": text.replace(
            "?><s:", '?><!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><s:'
        ).encode(),
        "deep": text.replace("<d:MaDVC>", "<d:MaDVC>" + "<d:a>" * 5_000 + "</d:a>" * 5_000).encode(),
        "an element twice": text.replace("<d:MaDVC>", "<d:MaDVC>1.001</d:MaDVC><d:MaDVC>").encode(),
        "an unknown element": text.replace("<d:MaDVC>", "<d:Khac/><d:MaDVC>").encode(),
        "namespaces mixed": text.replace("<d:MaDVC>", '<d:MaDVC xmlns:d="http://gtel.vn/qldc">').encode(),
        "another encoding": text.replace("utf-8", "windows-1258").encode("utf-8"),
        "TCVN3": text.encode().replace("Nguyễn".encode(), b"Nguy\xd4n"),
        "VNI": text.encode().replace("Nguyễn".encode(), b"Nguye\xe3n"),
        "UTF-16 without its mark": text.encode("utf-16-le"),
        "UTF-32": text.encode("utf-32"),
        "an over-long name": text.replace("Nguyễn Văn An", "A" * 101).encode(),
        "an over-long code": text.replace("1.001", "1" * 21).encode(),
        "no date": text.replace("19890302", "02/03/1989").encode(),
        "SOAP 1.2": text.replace(
            "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
        ).encode(),
        "a personal number for the officer": text.replace(OFFICER, "990089000777").encode(),
    }  # fmt: skip


BAD = sorted(_bad("x"))


@pytest.mark.parametrize("kind", BAD)
def test_bad_xml_is_refused_with_a_code_and_logged(do, kind):
    async def act(world):
        octets = _bad(envelope(world, Service.LOOK_UP_CITIZEN))[kind]
        before = len(await world.logged())
        told = await send(world, Service.LOOK_UP_CITIZEN, octets)
        return told, [row["result_code"] for row in (await world.logged())[before:]]

    told, rows = do(act)
    assert (code_of(told), rows) == ("10", ["10"])


def test_another_charset_in_the_media_type_is_refused(do):
    async def act(world):
        octets = envelope(world, Service.LOOK_UP_CITIZEN).encode()
        return await send(world, Service.LOOK_UP_CITIZEN, octets, {"Content-Type": "text/xml; charset=tcvn"})

    assert code_of(do(act)) == "10"


def test_decomposed_letters_are_the_same_name(do):
    async def act(world):
        return await ask(world, Service.VERIFY_CITIZEN, HoVaTen="Nguye\u0302\u0303n Va\u0306n An")

    assert do(act).count == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"MaDVC": "9"}, "23"),
        ({"MaDonVi": "G15"}, "22"),
        ({"MaCanBo": "cb.khac"}, "24"),
        ({"SoDinhDanh": "", "SoCMND": ""}, "11"),
        ({"MaTichHop": "003"}, "10"),
    ],
)
def test_the_gates_are_the_same(do, changed, code):
    async def act(world):
        return await send(world, Service.LOOK_UP_CITIZEN, envelope(world, Service.LOOK_UP_CITIZEN, **changed).encode())

    assert code_of(do(act)) == code


def test_the_signature_covers_the_envelope(do):
    async def act(world):
        octets = envelope(world, Service.LOOK_UP_CITIZEN).encode()
        return await send(world, Service.LOOK_UP_CITIZEN, octets.replace(b"An<", b"Em<"), world.signed(octets) | XML)

    assert code_of(do(act)) == "20"


def test_the_licence_filters_what_leaves(do):
    async def act(world):
        world.content.grants = [grant(MEMBER, Service.LOOK_UP_CITIZEN, fields=("HoVaTen", "QueQuan"))]
        world.content.officers = [officer(OFFICER, MEMBER)]
        await world.publish_and_poll()
        return await ask(world, Service.LOOK_UP_CITIZEN)

    assert set(do(act).citizen.fields) == {"HoVaTen", "QueQuan"}


def test_a_body_that_is_too_large_is_a_fault(do):
    async def act(world):
        return await send(world, Service.LOOK_UP_CITIZEN, b" " * 70_000)

    assert code_of(do(act)) == "message_too_large"


def test_one_request_code_is_not_used_in_two_dialects(do):
    async def act(world):
        code = str(uuid.uuid4())
        await world.ask(Service.LOOK_UP_CITIZEN, MaYeuCau=code)
        octets = envelope(world, Service.LOOK_UP_CITIZEN, MaYeuCau=code).encode()
        return await send(world, Service.LOOK_UP_CITIZEN, octets)

    assert code_of(do(act)) == "12"


def test_a_fault_of_the_registry_is_read_as_its_refusal(do):
    async def act(world):
        entry = world.entry(Service.LOOK_UP_CITIZEN)
        told = await send(world, Service.LOOK_UP_CITIZEN, b"{}")
        with pytest.raises(Refusal) as caught:
            decode_answer(entry.soap, entry.answer_shape, "", told.body)
        return caught.value.code

    assert do(act) == "10"
