"""The printed description is what the types say, and the registry serves the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ketnoi_protocol.services import Catalogue, ConsentOperation, Service, System
from ketnoi_registry import openapi

from .worlds import MEMBER, run

PRINTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "registry.openapi.json"


def test_the_printed_description_is_current():
    assert PRINTED.read_bytes() == openapi.document(Catalogue.load()), (
        f"print it again: ketnoi-registry openapi > {PRINTED.name}"
    )


def test_every_service_is_described_for_post_alone():
    described = json.loads(openapi.document(Catalogue.load()))
    services = {path: tuple(methods) for path, methods in described["paths"].items() if path.startswith("/v1/")}
    assert len(services) == len(System) * len(Service) + len(ConsentOperation)
    assert set(services.values()) == {("post",)}


def test_alarms_are_described_for_get_alone():
    described = json.loads(openapi.document(Catalogue.load()))
    assert tuple(described["paths"]["/alarms"]) == ("get",)
    assert set(described["components"]["schemas"]["Alarm"]["required"]) >= {"kind", "organisation", "officer"}


def test_another_profile_has_its_own_answers():
    described = json.loads(openapi.document(Catalogue.load("2022-qcvn-109"), "production"))
    assert "QcvnAnswer" in described["components"]["schemas"]
    assert "C06Answer" not in described["components"]["schemas"]


def test_the_registry_serves_its_description(tmp_path, database):
    async def act(world):
        return await world.send("GET", "/openapi.json", b"", {})

    served = run(tmp_path, database, act)
    assert served.status == 200
    assert served.raw == openapi.document(Catalogue.load(), systems=[System.POPULATION])


# Everything that the description allows, and much that it does not, gets an answer that the description knows.

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DESCRIBED = schemathesis.openapi.from_dict(json.loads(openapi.document(Catalogue.load())))


@pytest.mark.parametrize("service", list(Service))
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_one_that_is_described(running, service, mode):
    world = running.world
    entry = world.entry(service)
    caller = "ss-ndxp" if entry.instance == "NDXP-TEST" else "ss-vdxp"
    client = f"{entry.instance}/GOV/{MEMBER}/MOTCUA"
    seen = set()
    with requests.Session() as session:
        session.cert = (str(world.folder / f"{caller}.crt"), str(world.folder / f"{caller}.key"))
        session.verify = str(world.folder / "registry.crt")
        session.trust_env = False
        described = DESCRIBED[f"/v1/{entry.service_code}"]["POST"]

        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=described.as_strategy(generation_mode=mode), valid=st.booleans(), signed=st.integers(0, 9))
        def ask(case, valid, signed):
            body = case.body
            if valid and isinstance(body, dict):
                # Past the first gates, with whatever else was made up.
                good = world.body(service)
                body = body | {name: good[name] for name in ("MaTichHop", "MaDonVi", "MaDVC", "MaCanBo", "SoDinhDanh")}
            octets = body if isinstance(body, bytes) else b"" if isinstance(body, NotSet) else json.dumps(body).encode()
            headers = world.signed(octets, client=client)
            if not signed:
                headers |= {name: str(value) for name, value in (case.headers or {}).items() if name in headers}
            headers = {name: value.encode("utf-8", "surrogatepass") for name, value in headers.items()}
            port = world.registry.port
            url = f"https://localhost:{port}/v1/{entry.service_code}"
            try:
                response = session.post(url, data=octets, headers=headers, timeout=10)
            except (requests.exceptions.InvalidHeader, requests.exceptions.ChunkedEncodingError):
                return
            seen.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        ask()
    assert 400 in seen
    assert seen <= {200, 400, 401, 403, 409, 413}
