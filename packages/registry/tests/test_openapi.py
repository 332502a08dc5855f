"""The printed description is what the types say, and the registry serves the same."""

from __future__ import annotations

import json
from pathlib import Path

from ketnoi_protocol.services import Service
from ketnoi_registry import openapi

from .worlds import run

PRINTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "registry.openapi.json"


def test_the_printed_description_is_current():
    assert PRINTED.read_bytes() == openapi.document(), f"print it again: ketnoi-registry openapi > {PRINTED.name}"


def test_every_service_is_described_for_post_alone():
    described = json.loads(openapi.document())
    assert len(described["paths"]) == len(Service)
    assert {tuple(methods) for methods in described["paths"].values()} == {("post",)}


def test_another_profile_has_its_own_answers():
    described = json.loads(openapi.document("2022-qcvn-109", "production"))
    assert "QcvnAnswer" in described["components"]["schemas"]
    assert "C06Answer" not in described["components"]["schemas"]


def test_the_registry_serves_its_description(tmp_path, database):
    async def act(world):
        return await world.send("GET", "/openapi.json", b"", {})

    served = run(tmp_path, database, act)
    assert served.status == 200
    assert served.raw == openapi.document()
