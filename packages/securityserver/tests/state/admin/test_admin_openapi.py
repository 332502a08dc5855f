"""The admin API is described as it is: every route, and whatever is asked gets an answer that the description knows."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ketnoi_securityserver.admin import openapi
from ketnoi_securityserver.admin.api import BASE

PRINTED = Path(__file__).resolve().parents[5] / "docs" / "reference" / "securityserver-admin.openapi.json"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DESCRIBED = schemathesis.openapi.from_dict(json.loads(openapi.document()))


def test_the_printed_description_is_current():
    assert PRINTED.read_bytes() == openapi.document(), "print it again: python docs/reference/print.py"


def test_every_route_is_described(api):
    async def act():
        async with api() as one:
            served = {(route.method, route.path) for route in one.admin.routes}
            assert served == {(route.method, route.path) for route in openapi.routes()}

    asyncio.run(act())
    described = json.loads(openapi.document())["paths"]
    assert sum(len(each) for each in described.values()) == len(openapi.routes())
    assert set(openapi.SPEAKS) <= {(route.method, route.path) for route in openapi.routes()}


def test_every_answer_is_one_that_is_described(api, names):
    async def act():
        async with api() as one:
            description = await names.opened(one)
            known = {
                "id": [names.dancu, f"{names.dancu}:TraCuu", description, "0", "1"],
                "sc_id": [names.motcua],
            }
            return await asyncio.to_thread(ask_everything, one.url, one.key, known)

    seen = asyncio.run(act())
    assert {200, 400, 404} <= seen.keys()
    assert seen[200] > 20


def ask_everything(url, key, known):
    """Each operation, with what the description allows and with what it does not; how often each status came."""
    seen = Counter()
    with requests.Session() as session:
        session.headers["Authorization"] = f"X-Road-ApiKey token={key}"
        session.trust_env = False
        for result in DESCRIBED.get_all_operations():
            operation = result.ok()
            # Who removes the key that is asked with learns nothing more.
            if operation.path.startswith("/api-keys/") and operation.method.upper() in ("DELETE", "PUT"):
                continue
            for mode in GenerationMode:
                ask(session, f"{url}{BASE}", operation, mode, known, seen)
    return seen


def ask(session, base, operation, mode, known, seen):
    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def once(case, data):
        for name in case.path_parameters or {}:
            if name in known and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        try:
            request = requests.Request(**case.as_transport_kwargs(base_url=base)).prepare()
        except (ValueError, UnicodeError, requests.exceptions.RequestException):
            return
        request.headers["Authorization"] = session.headers["Authorization"]
        if isinstance(case.body, NotSet):
            request.headers.pop("Content-Type", None)
        response = session.send(request, timeout=10, allow_redirects=False)
        seen[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    once()
