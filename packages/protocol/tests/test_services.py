"""The catalogue: 2 systems, 4 services, 2 environments, in profiles."""

from dataclasses import replace
from importlib import resources

import msgspec
import pytest

from ketnoi_protocol.envelope import REQUESTS
from ketnoi_protocol.services import (
    DEFAULT_PROFILE,
    AnswerShape,
    Catalogue,
    ConsentOperation,
    Environment,
    NameMatch,
    Platform,
    Service,
    System,
    profiles,
)
from ketnoi_protocol.soap_dialect import FIELDS, FIELDS_OF_ONE


def test_the_default_profile_is_shipped():
    assert profiles() == ("2022-qcvn-109", "2022-seed", "2025")
    assert Catalogue.load().profile == DEFAULT_PROFILE == "2022-seed"


@pytest.mark.parametrize("profile", profiles())
def test_a_profile_has_every_service_of_both_systems_in_both_environments(profile):
    entries = list(Catalogue.load(profile))
    assert {(each.system, each.service, each.environment) for each in entries} == {
        (system, service, environment) for system in System for service in Service for environment in Environment
    }
    assert len(entries) == 16
    assert len({(each.instance, each.service_code) for each in entries}) == 16
    assert all(each.ma_tich_hop.isdigit() for each in entries)


@pytest.mark.parametrize("profile", profiles())
def test_a_profile_has_both_consent_operations_in_both_environments(profile):
    catalogue = Catalogue.load(profile)
    found = catalogue.consent_operations
    assert {(each.operation, each.environment) for each in found} == {
        (operation, environment) for operation in ConsentOperation for environment in Environment
    }
    codes = {(each.instance, each.service_code) for each in (*catalogue, *found)}
    assert len(codes) == len({each.ma_tich_hop for each in found}) * 2 + 16 == 20
    for each in found:
        assert each.system is System.IDENTITY
        # They go where the services of their system go.
        assert each.instance == catalogue.entry(System.IDENTITY, Service.LOOK_UP_CITIZEN, each.environment).instance
        assert catalogue.consent_entry(each.operation, each.environment) is each
        assert catalogue.consent_by_code(each.instance, each.service_code) is each
        assert catalogue.by_code(each.instance, each.service_code) is None


def test_a_consent_operation_that_is_not_there_is_not_found():
    assert Catalogue.load().consent_by_code("NDXP-TEST", "DinhDanh-TraCuuThongTinCongDan") is None
    with pytest.raises(ValueError):
        Catalogue.load().consent_entry("delete_consent", "test")
    with pytest.raises(LookupError):
        Catalogue("own", ()).consent_entry("consent_state", "test")


def test_moving_one_consent_operation_is_one_row_of_a_file():
    row = 'extends = "2022-seed"\n[[consent]]\noperation = "consent_state"\nplatform = "VDXP"\n'
    moved = Catalogue.of("own.toml", {"own.toml": row}.__getitem__)
    assert moved.entries == Catalogue.load("2022-seed").entries
    assert [each.instance for each in moved.consent_operations] == ["NDXP-TEST", "NDXP", "VDXP-TEST", "VDXP"]


@pytest.mark.parametrize("profile", ["2022-qcvn-109", "2022-seed"])
def test_the_population_goes_over_vdxp_but_for_verification_and_identity_over_ndxp(profile):
    for each in Catalogue.load(profile):
        over_ndxp = each.system is System.IDENTITY or each.service is Service.VERIFY_CITIZEN
        assert each.platform is (Platform.NDXP if over_ndxp else Platform.VDXP)


def test_after_2025_everything_goes_over_ndop_and_nothing_else_differs():
    for each, before in zip(Catalogue.load("2025"), Catalogue.load("2022-seed"), strict=True):
        assert each.platform is Platform.NDOP
        assert each.instance == ("NDOP-TEST" if each.environment is Environment.TEST else "NDOP")
        assert replace(each, platform=before.platform, instance=before.instance) == before


def test_moving_one_service_is_one_row_of_a_file():
    row = 'extends = "2022-seed"\n[[service]]\nsystem = "population"\nservice = "look_up_citizen"\nplatform = "NDXP"\n'
    moved = Catalogue.of("own.toml", {"own.toml": row}.__getitem__)
    differ = [(each, before) for each, before in zip(moved, Catalogue.load("2022-seed"), strict=True) if each != before]
    assert {each.service for each, _ in differ} == {Service.LOOK_UP_CITIZEN}
    assert [each.instance for each, _ in differ] == ["NDXP-TEST", "NDXP"]
    assert all(replace(each, platform=before.platform, instance=before.instance) == before for each, before in differ)


def test_a_shipped_profile_needs_no_file_and_another_name_is_none():
    assert Catalogue.of("2025", "".join) is Catalogue.load("2025")
    with pytest.raises(LookupError):
        Catalogue.of("2099", "".join)


SEED = 'extends = "2022-seed"\n'
LOOK_UP = SEED + '[[service]]\nsystem = "population"\nservice = "look_up_citizen"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('extends = "2099"\n', "one that is shipped"),
        ('extends = "../2022-seed"\n', "one that is shipped"),
        ("nonsense", "key"),
        ("", "lacks|missing"),
        (SEED + '[[service]]\nsystem = "tax"\nservice = "look_up_citizen"\n', "no tax look_up_citizen"),
        (SEED + '[[service]]\nsystem = "population"\n', "lacks 'service'"),
        (SEED + '[every]\nplatform = "LGSP"\n', "LGSP"),
        (SEED + '[every]\nplatform = "NDOP"\n', "no instances of NDOP"),
        (SEED + '[evry]\nplatform = "NDXP"\n', "evry"),
        (LOOK_UP + 'platfrom = "NDXP"\n', "platfrom"),
        (LOOK_UP + 'year_only_permitted = "no"\n', "year_only_permitted"),
        (LOOK_UP + 'ma_tich_hop = "abc"\n', "ma_tich_hop"),
        (LOOK_UP + 'answer = "exists"\n', "not answered in the shape"),
        (LOOK_UP + 'service_code = "Tra cứu"\n', "service_code"),
        (LOOK_UP + LOOK_UP.removeprefix(SEED), "stands twice"),
        (LOOK_UP + 'platform = "NDXP"\nservice_code = "XacThucThongTinCongDan"\n', "two services of NDXP-TEST"),
        (SEED + '[instances]\nNDXP = { test = "VDXP-TEST", production = "NDXP" }\n', "the same instance"),
        (SEED + '[[consent]]\noperation = "request_consent"\nservice_code = "DinhDanh-TraTrangThaiDongY"\n', "two"),
        ('soap = "mine"\n' + SEED, "no dialect mine"),
        ('soap = "../dialects/soap-callers"\n' + SEED, "no dialect"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_profile_says_so(text, told):
    with pytest.raises(ValueError, match=told) as refused:
        Catalogue.of("own.toml", lambda _: text)
    assert str(refused.value).startswith("own.toml: ")


def test_a_dialect_of_ones_own_is_a_file_too():
    shipped = (resources.files("ketnoi_protocol") / "dialects" / "soap-callers.toml").read_text()
    files = {
        "own.toml": 'soap = "callers.toml"\n' + SEED,
        "callers.toml": shipped.replace('"MaDichVu = MaTichHop"', '"MaTichHop"'),
    }
    entry = Catalogue.of("own.toml", files.__getitem__).entry("population", "confirm_identity_number", "test")
    assert entry.soap.element("MaTichHop").field == "MaTichHop"
    assert entry.soap.element("MaDichVu") is None


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[verify_citizen]", "[verify_citizn]", "verify_citizn"),
        ('"MaDichVu = MaTichHop"', '"MaDichVu = MaTichHp"', "MaTichHp is no field"),
        ('"MaDichVu = MaTichHop"', '"MaDichVu = ThuocTinh"', "ThuocTinh is no field"),
        ('"MaYeuCau", "MaDVC?"', '"MaYeuCau", "MaYeuCau", "MaDVC?"', "MaYeuCau stands twice"),
        ('"MaYeuCau", "MaDVC?"', '"MaYeuCau", "So = MaDonVi", "MaDVC?"', "MaDonVi stands twice"),
        ('"MaYeuCau", "MaDVC?"', '"MaYeuCau", "Ma DVC<?"', "an element is written"),
        ('"MaYeuCau", "MaDVC?"', '"MaDVC?"', "MaYeuCau is missing"),
        ('"HoVaTen", "NgayThangNamSinh", "ThanhVien"', '"HoVaTen", "NgayThangNamSinh"', "ThanhVien is missing"),
        ('"SoDinhDanh?",\n    "SoCMND?", "HoVaTen"', '"HoVaTen"', "one of them is needed"),
        ('["http://dancuquocgia.bca", "http://gtel.vn/qldc"]', "[]", "namespaces"),
        ('["http://dancuquocgia.bca", "http://gtel.vn/qldc"]', '"http://dancuquocgia.bca"', "namespaces"),
        ('["http://dancuquocgia.bca", "http://gtel.vn/qldc"]', '["urn:a<b"]', "namespaces"),
        ('date = "yyyyMMdd"', 'date = "yyyymmdd"', "date"),
        ('request = "TraCuuThongTinCongDan"', 'request = "Tra cứu"', "request"),
    ],
)  # fmt: skip
def test_a_dialect_that_cannot_be_used_says_so(before, after, told):
    shipped = (resources.files("ketnoi_protocol") / "dialects" / "soap-callers.toml").read_text()
    assert before in shipped
    files = {"own.toml": 'soap = "callers.toml"\n' + SEED, "callers.toml": shipped.replace(before, after)}
    with pytest.raises(ValueError, match=told) as refused:
        Catalogue.of("own.toml", files.__getitem__)
    assert str(refused.value).startswith("own.toml: callers.toml: ")


def test_the_fields_of_a_dialect_are_those_of_the_questions():
    for service, kind in REQUESTS.items():
        told = {each.encode_name for each in msgspec.structs.fields(kind)}
        assert told == {*FIELDS, *([FIELDS_OF_ONE[service]] if service in FIELDS_OF_ONE else [])}


def test_the_seeds_codes():
    catalogue = Catalogue.load("2022-seed")
    codes = {each.ma_tich_hop: each.service for each in catalogue if each.system is System.POPULATION}
    assert codes == {
        "033": Service.CONFIRM_IDENTITY_NUMBER,
        "034": Service.VERIFY_HOUSEHOLD,
        "037": Service.LOOK_UP_CITIZEN,
        "003": Service.VERIFY_CITIZEN,
    }


def test_an_entry_is_found_by_name_and_by_code():
    catalogue = Catalogue.load()
    entry = catalogue.entry("population", "look_up_citizen", "test")
    assert (entry.instance, entry.platform, entry.ma_tich_hop) == ("VDXP-TEST", Platform.VDXP, "037")
    assert (entry.answer_shape, entry.name_match) == (AnswerShape.C06_037, NameMatch.LEGACY)
    assert catalogue.by_code("VDXP-TEST", entry.service_code) is entry
    assert catalogue.by_code("VDXP", entry.service_code).environment is Environment.PRODUCTION


def test_a_test_permission_is_for_another_instance_than_production():
    catalogue = Catalogue.load()
    instances = {(each.environment, each.instance) for each in catalogue}
    assert instances == {("test", "VDXP-TEST"), ("test", "NDXP-TEST"), ("production", "VDXP"), ("production", "NDXP")}


def test_the_published_shape_is_a_profile_of_its_own():
    entry = Catalogue.load("2022-qcvn-109").entry("population", "look_up_citizen", "test")
    assert (entry.answer_shape, entry.name_match) == (AnswerShape.QCVN_109, NameMatch.EXACT)


def test_what_is_not_there_is_not_found():
    catalogue = Catalogue.load()
    assert catalogue.by_code("VDXP-TEST", "XoaCongDan") is None
    assert catalogue.by_code("VDXP-TEST", "XacThucThongTinCongDan") is None
    with pytest.raises(ValueError):
        catalogue.entry("population", "delete_citizen", "test")
    for name in ("2099", "../2022-seed", ""):
        with pytest.raises(LookupError):
            Catalogue.load(name)
