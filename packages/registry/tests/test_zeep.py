"""A client of somebody else's, built from our WSDL alone, asks all four services."""

from __future__ import annotations

import io

import pytest
import requests
import zeep
from zeep.transports import Transport

from ketnoi_protocol.services import Service

from .test_soap import send
from .worlds import MEMBER, OFFICER


class Gateway(Transport):
    """What an agency's gateway does for a caller: signs what it is given, and hands it to the security server."""

    def __init__(self, do, service):
        super().__init__()
        self._do = do
        self._service = service

    def post(self, address, message, headers):
        """One SOAP call."""
        kind = {"Content-Type": headers["Content-Type"]}
        told = self._do(lambda world: send(world, self._service, message, kind))
        response = requests.Response()
        response.status_code = told.status
        response.headers.update(told.headers)
        response.raw = io.BytesIO(told.body)
        return response


@pytest.fixture
def client(do):
    """The client of a service, from the WSDL that the registry offers."""

    def make(service):
        async def described(world):
            entry = world.entry(service)
            caller = "ss-ndxp" if entry.instance == "NDXP-TEST" else "ss-vdxp"
            async with world.session(caller).get(f"{world.url}/v1/{entry.service_code}?wsdl") as response:
                assert (response.status, response.content_type) == (200, "text/xml")
                return await response.read()

        return zeep.Client(io.BytesIO(do(described)), transport=Gateway(do, service))

    return make


def question(do, service, **changes):
    told = do(lambda world: _body(world, service))
    return told | {"NgayThangNamSinh": {"NgayThangNam": "19890302"}} | changes


async def _body(world, service):
    return world.body(service)


def test_a_look_up(do, client):
    service = client(Service.LOOK_UP_CITIZEN).service
    found = service.TraCuuThongTinCongDan(**question(do, Service.LOOK_UP_CITIZEN, HoVaTen="NGUYENVANAN"))
    assert found.SoCongDan == 1
    assert found.CongDan.SoDinhDanh == "990089000001"
    assert found.CongDan.HoVaTen.Ten == "NGUYỄN VĂN AN"
    assert found.CongDan.NgayThangNamSinh.NgayThangNam == "19890302"
    assert found.CongDan.ThuongTru.MaTinhThanh == "19"
    assert found.CongDan.ChuHo.QuanHe == "QH00"
    nobody = service.TraCuuThongTinCongDan(**question(do, Service.LOOK_UP_CITIZEN, HoVaTen="KHONG AI"))
    assert (nobody.SoCongDan, nobody.CongDan) == (0, None)


def test_confirming_a_number(do, client):
    service = client(Service.CONFIRM_IDENTITY_NUMBER).service
    asked = question(do, Service.CONFIRM_IDENTITY_NUMBER, SoCMND="990000001")
    asked["MaDichVu"] = asked.pop("MaTichHop")
    assert service.XacThucThongTinCongDanRequest(**asked) is True
    assert service.XacThucThongTinCongDanRequest(**asked | {"SoCMND": "990000999", "MaYeuCau": "khac"}) is False


def test_verifying_a_household(do, client):
    members = [
        {
            "SoDinhDanh": "990190000003",
            "HoVaTen": "Lê Thị Bình",
            "NgayThangNamSinh": {"Nam": "1990"},
            "QuanHe": "QH01",
        },
        {"SoDinhDanh": "990080000009", "HoVaTen": "Vũ Xóm", "QuanHe": "QH00"},
    ]
    service = client(Service.VERIFY_HOUSEHOLD).service
    told = service.XacThucThongTinHoGiaDinh(**question(do, Service.VERIFY_HOUSEHOLD, ThanhVien=members))
    assert [(each.CungHo, each.DungQuanHe) for each in told] == [(True, True), (False, False)]


def test_verifying_a_citizen(do, client):
    service = client(Service.VERIFY_CITIZEN).service
    asked = question(do, Service.VERIFY_CITIZEN, ThuocTinh={"GioiTinh": "1", "DanToc": "01"})
    told = service.XacThucThongTinCongDan(**asked)
    assert (told.SoLuongCongDan, told.KetQua.GioiTinh, told.KetQua.DanToc) == (1, True, False)


def test_a_refusal_is_a_fault_with_our_code_beside(do, client):
    service = client(Service.LOOK_UP_CITIZEN).service
    with pytest.raises(zeep.exceptions.Fault) as caught:
        service.TraCuuThongTinCongDan(**question(do, Service.LOOK_UP_CITIZEN, MaDVC="9"))
    assert caught.value.code == "soapenv:Client"
    assert caught.value.message.startswith("[23] Thủ tục (MaDVC)")
    assert caught.value.detail.findtext(".//{urn:ketnoi:error}Ma") == "23"
    assert MEMBER not in caught.value.message
    assert OFFICER not in caught.value.message


@pytest.mark.parametrize("path", ["DinhDanh-TraCuuThongTinCongDan?wsdl", "Khac?wsdl", "?wsdl"])
def test_a_service_that_is_not_there_is_not_described(do, path):
    async def act(world):
        async with world.session("ss-vdxp").get(f"{world.url}/v1/{path}") as response:
            return response.status

    assert do(act) == 404
