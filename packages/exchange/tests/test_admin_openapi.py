"""The admin API is described as it is: every route, and whatever is asked gets an answer that the description knows."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

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

from ketnoi_exchange.actions.api_keys import ROLES
from ketnoi_exchange.admin import openapi
from ketnoi_exchange.admin.api import BASE

from .platforms import BY, DESK, MINISTRY, SERVER, Authority, fresh, register

PRINTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "exchange-admin.openapi.json"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DESCRIBED = schemathesis.openapi.from_dict(json.loads(openapi.document()))


def test_the_printed_description_is_current() -> None:
    assert PRINTED.read_bytes() == openapi.document(), "print it again: python docs/reference/print.py"


def test_every_route_is_described() -> None:
    described = json.loads(openapi.document())["paths"]
    assert sum(len(each) for each in described.values()) == len(openapi.routes())
    assert set(openapi.SPEAKS) <= {(route.method, route.path) for route in openapi.routes()}


def test_every_answer_is_one_that_is_described(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> Counter[int]:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            _, key = await exchange.actions.make_api_key(BY, ROLES)
            listen = exchange.settings.listen
            pinned = str(Path(exchange.settings.base) / "keys" / "admin" / "certificate.pem")
            url = f"https://{listen.host}:{exchange.admin_port}{BASE}"
            return await asyncio.to_thread(ask_everything, url, key, pinned)

    seen = asyncio.run(story())
    assert {200, 400, 404} <= seen.keys()
    assert seen[200] > 20


KNOWN = [str(MINISTRY), str(DESK), str(SERVER), "GOV", "INTERNAL", "1", "0"]


def ask_everything(url: str, key: str, pinned: str) -> Counter[int]:
    """Each operation, with what the description allows and with what it does not; how often each status came."""
    seen: Counter[int] = Counter()
    with requests.Session() as session:
        session.headers["Authorization"] = f"X-Road-ApiKey token={key}"
        session.verify = pinned
        session.trust_env = False
        for result in DESCRIBED.get_all_operations():
            operation = result.ok()
            # Who removes the key that is asked with learns nothing more.
            if operation.path.startswith("/api-keys/") and operation.method.upper() in ("DELETE", "PUT"):
                continue
            for mode in GenerationMode:
                ask(session, url, operation, mode, seen)
    return seen


def ask(session: requests.Session, base: str, operation: Any, mode: GenerationMode, seen: Counter[int]) -> None:
    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def once(case: Any, data: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            if "configuration-sources" not in operation.path and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(KNOWN))
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
