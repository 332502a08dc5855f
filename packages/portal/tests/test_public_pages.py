"""The public pages say what the tables say, for every kind of reader."""

from __future__ import annotations

import json

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.settings import Settings
from ketnoi_portal.site.public import document, walk
from ketnoi_protocol.services import Catalogue, ConsentOperation, Environment, Service, System, profiles

pytestmark = pytest.mark.django_db


# A chart serves a profile when every platform of it has an operator; the settings refuse the others.
SERVED = [
    (chart, profile)
    for chart, known in CHARTS.items()
    for profile in profiles()
    if {each.platform for each in Catalogue.load(profile)} <= known.operators.keys()
]


def test_the_settings_take_a_chart_and_a_profile_that_fit() -> None:
    for chart in CHARTS:
        for profile in profiles():
            if (chart, profile) in SERVED:
                assert Settings(database="", secret_key_file="", chart=chart, profile=profile).chart == chart
            else:
                with pytest.raises(ValueError, match="names no operator of NDOP"):
                    Settings(database="", secret_key_file="", chart=chart, profile=profile)
    assert ("chart_2022", "2025") not in SERVED
    assert ("chart_2025", "2025") in SERVED
    for wrong in ({"chart": "chart_1999"}, {"profile": "2099"}):
        with pytest.raises(ValueError, match="one of"):
            Settings(database="", secret_key_file="", **wrong)


@pytest.mark.parametrize(("chart", "profile"), SERVED)
@pytest.mark.parametrize("system", System)
def test_the_straight_way_leads_to_production_on_every_chart(chart: str, profile: str, system: System) -> None:
    for level, _ in walk.levels(chart):
        chapters = walk.chapters(system, level, chart, profile)
        lines = [line for chapter in chapters for line in chapter.lines]
        assert all(line.who for line in lines)
        titles = [line.title.vi for line in lines]
        assert titles[0] == "Gửi đăng ký"
        assert titles[-1] == "Chạy chính thức"
        assert ("Nộp hồ sơ cho PC06" in titles) is level.is_local
        assert ("Thêm tài khoản vào giấy tờ số 2" in titles) is (system is System.POPULATION)


def test_the_page_of_steps_speaks_for_the_reader_who_chooses(client: Client) -> None:
    page = reverse("public:connect")
    ministry = client.get(page, {"system": "identity", "level": "ministry"}).content.decode()
    assert "Nộp hồ sơ cho C06" in ministry
    assert "(3) Cam kết của tổ chức" not in ministry
    province = client.get(page, {"system": "population", "level": "province"}).content.decode()
    assert "Nộp hồ sơ cho PC06" in province
    assert "(3) Cam kết của tổ chức" in province


def test_nonsense_in_the_address_shows_the_first_choice(client: Client) -> None:
    answer = client.get(reverse("public:connect"), {"system": "<script>", "level": "galaxy"})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()
    assert "Nộp hồ sơ cho C06" in answer.content.decode()


def test_the_catalogue_has_every_service_under_its_codes(client: Client) -> None:
    text = client.get(reverse("public:services")).content.decode()
    for each in Catalogue.load():
        if each.environment is Environment.PRODUCTION:
            assert each.title_vi in text
            assert f"<code>{each.service_code}</code>" in text
            assert f"<code>{each.ma_tich_hop}</code>" in text


def test_every_service_is_described_in_soap(client: Client) -> None:
    text, page = client.get(reverse("public:services")).content.decode(), reverse("public:wsdl")
    for each in Catalogue.load():
        assert each.soap is not None
        assert f'href="{page}?system={each.system.value}&amp;service={each.service.value}"' in text
        answer = client.get(page, {"system": each.system.value, "service": each.service.value})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
        assert f'<wsdl:definitions name="{each.soap.request}"' in answer.content.decode()
    for other in ({}, {"system": "population"}, {"system": "population", "service": "<x>"}):
        assert client.get(page, other).status_code == 404


def test_the_api_document_is_shipped_and_readable(client: Client) -> None:
    shipped = finders.find(document.FILE)
    assert isinstance(shipped, str)
    with open(shipped, encoding="utf-8") as file:
        raw = json.load(file)
    told = {*Service, *(f"identity_{each}" for each in Service), *ConsentOperation}
    assert {each.key for each in document.registry().operations} == told
    text = client.get(reverse("public:api")).content.decode()
    assert "/alarms" not in text, "they are C06's"
    assert "/citizens/" not in text, "they are the identity system's"
    services = {path: methods for path, methods in raw["paths"].items() if path.startswith("/v1/")}
    assert len(services) == len(told)
    for path, methods in services.items():
        assert path in text
        for field in methods["post"]["responses"]:
            assert f"HTTP {field}" in text
    assert "SoDinhDanh" in text
    assert "{&#x27;" not in text


def test_the_terms_stand_in_both_languages(client: Client) -> None:
    assert "Cổng không lưu thông tin của công dân" in client.get(reverse("public:terms")).content.decode()
    client.cookies["django_language"] = "en"
    assert "It never holds the data of citizens" in client.get(reverse("public:terms")).content.decode()
