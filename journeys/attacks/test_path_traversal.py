"""A right to one path is stretched by dots, escapes and slashes."""

import json
import uuid

import pytest

from journeys.peer import raw_call
from ketnoi_testbed.world import World

PATHS = [
    "/../XacThucThongTinHoGiaDinh",
    "/%2e%2e/XacThucThongTinHoGiaDinh",
    "/..%2fXacThucThongTinHoGiaDinh",
    "/%2E%2E%2FXacThucThongTinHoGiaDinh",
    "/x/..%5c..%5cother",
    "/./.",
    "/%00",
    "/%zz",
    "/%c0%ae%c0%ae/",
]


@pytest.mark.parametrize("path", PATHS)
def test_it_is_refused_at_the_agencys_own_server(world: World, path: str, reached_the_registry: list[str]) -> None:
    own = world.server("VDXP", "H55")
    service = world.provider("VDXP").party.subsystem.service("TraCuuThongTinCongDan")
    headers = {"X-Road-Client": own.party.subsystem.slash, "X-Road-Id": f"path-{uuid.uuid4()}"}
    answer = raw_call(world, own, f"/r1/{service.slash}{path}", headers, b"{}")
    assert answer.status in (400, 500)
    assert json.loads(answer.body)["type"].rpartition(".")[2] in ("bad_request", "internal_error")
    assert reached_the_registry == []


@pytest.mark.parametrize("identifier", ["GOV%2FG01.C06", "..", "%2e%2e", "G01.C06%00", "G01.C06;x", "G01:C06"])
def test_an_identifier_that_holds_a_path_is_none(
    world: World, identifier: str, reached_the_registry: list[str]
) -> None:
    own = world.server("VDXP", "H55")
    headers = {"X-Road-Client": own.party.subsystem.slash}
    answer = raw_call(world, own, f"/r1/VDXP-TEST/GOV/{identifier}/DANCU/TraCuuThongTinCongDan", headers, b"{}")
    assert answer.status in (400, 500)
    assert answer.header("x-road-error")
    assert reached_the_registry == []
