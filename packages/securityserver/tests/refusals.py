"""How an information system sees a refusal."""

from __future__ import annotations

import json
import uuid

from small_world import ANSWERING, ASKING, World

from ketnoi_securityserver.http_response import Response


def refusal(response: Response) -> tuple[int, str]:
    """Status and type of an error that comes from X-Road's side, whose form must be exact."""
    assert response.header("content-type") == "application/json;charset=utf-8"
    told = json.loads(response.body)
    assert list(told) == ["type", "message", "detail"]
    assert response.header("x-road-error") == told["type"]
    assert uuid.UUID(told["detail"])
    assert told["message"]
    return response.status, told["type"]


def steps(world: World) -> list[tuple[str, int, str]]:
    """Side, number and outcome of every step of every exchange so far, the consumer's first."""
    nodes = [world.nodes[ASKING], world.nodes[ANSWERING]]
    return [(event.side, event.number, event.outcome) for node in nodes for event in node.events]


def ended(world: World) -> list[tuple[str, int, str]]:
    """The steps that did not end well."""
    return [step for step in steps(world) if step[2] != "ok"]
