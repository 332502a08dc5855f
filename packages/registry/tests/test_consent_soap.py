"""A SOAP caller asks the identity system too: the same gate, the consent in the message and in the answer."""

from __future__ import annotations

import pytest
from lxml import etree

from ketnoi_protocol.envelope import request_of
from ketnoi_protocol.services import Environment, Service, System
from ketnoi_protocol.soap_answers import decode_answer
from ketnoi_protocol.soap_requests import encode_request

from .identity_worlds import AGREED, IDENTITY_ACCOUNT, LOOK_UP, run_both
from .worlds import MEMBER


@pytest.fixture
def both(tmp_path, cluster):
    """`both(act, **changes)` runs `await act(world)` with a registry and an identity system."""
    return lambda act, **changes: run_both(tmp_path, cluster, act, **changes)


async def ask(world, service, consent, **fields):
    """One question as a caller of today would write it, and the entry that it is asked of."""
    entry = world.catalogue.entry(System.IDENTITY, service, Environment.TEST)
    told = world.body(service, MaTichHop=entry.ma_tich_hop, MaGiaoDichDongY=consent, MaYeuCau="soap-1", **fields)
    octets = encode_request(entry.soap, request_of(service, told))
    headers = world.signed(octets, client=f"NDXP-TEST/GOV/{MEMBER}/MOTCUA", key_id=IDENTITY_ACCOUNT)
    url = f"{world.url}/v1/{entry.service_code}"
    async with world.session("ss-ndxp").post(
        url, data=octets, headers=headers | {"Content-Type": "text/xml"}
    ) as response:
        return entry, response.status, await response.read()


@pytest.mark.parametrize(
    ("service", "fields"),
    [
        (LOOK_UP, {}),
        (Service.CONFIRM_IDENTITY_NUMBER, {}),
        (Service.VERIFY_CITIZEN, {"ThuocTinh": {"GioiTinh": "1"}}),
        (
            Service.VERIFY_HOUSEHOLD,
            {"ThanhVien": [{"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"}]},
        ),
    ],
)
def test_a_service_answers_in_soap_under_its_consent(both, service, fields):
    wanted = {LOOK_UP: list(AGREED), Service.VERIFY_CITIZEN: ["GioiTinh"]}.get(service)

    async def act(world):
        consent = await world.agreed(DichVu=service.value, CacTruong=wanted)
        first = await ask(world, service, consent, **fields)
        again = await ask(world, service, consent, **fields)
        await world.take_back(consent)
        return consent, first, again, await ask(world, service, consent, **fields)

    consent, (entry, status, octets), again, taken_back = both(act)
    assert status == 200
    assert again == (entry, status, octets)
    answer = decode_answer(entry.soap, entry.answer_shape, "soap-1", octets)
    assert (answer.ma_ket_qua, answer.consent) == ("00", consent)
    assert (taken_back[1], code_of(taken_back[2])) == (500, "57")


def test_without_a_consent_a_fault_says_so(both):
    async def act(world):
        return await ask(world, LOOK_UP, None)

    _, status, octets = both(act)
    assert (status, code_of(octets)) == (500, "50")


def code_of(octets):
    return etree.fromstring(octets).findtext(".//{urn:ketnoi:error}Ma")
