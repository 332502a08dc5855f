"""Describes an admin API in X-Road's manner (OpenAPI 3.1) from its route table and the types of its bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

OCTETS: Final = "application/octet-stream"
FORM: Final = "multipart/form-data"
_REFUSALS: Final = {
    "400": "Yêu cầu không đúng · the request is not right",
    "401": "Thiếu khóa API hoặc khóa không còn hiệu lực · no API key that counts",
    "403": "Khóa không có vai trò cần thiết · the key lacks the role",
    "404": "Không có · there is no such thing",
    "409": "Trái với trạng thái hiện tại · against the present state",
    "413": "Yêu cầu quá lớn · the request is too large",
    "503": "Chưa phục vụ được · not available now",
}
_VARIABLE = re.compile(r"\{(\w+)(?::([\w|]+))?\}")


class Row(Protocol):
    """A row of a route table."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def roles(self) -> frozenset[str] | None: ...


class ErrorBody(msgspec.Struct):
    """What is wrong: X-Road's code where it has one; `vi` and `en`, where they are, are for people."""

    code: str
    metadata: list[str]
    vi: str = ""
    en: str = ""


class ErrorInfo(msgspec.Struct):
    """ErrorInfo: the form of every refusal."""

    status: int
    error: ErrorBody


@dataclass(frozen=True, slots=True)
class Speaks:
    """What a route takes and gives beyond the rule of its method.

    `body` is a type of JSON, OCTETS, or the names of a form's fields, files marked with `*`. `statuses` are those of
    success; `octets`: it answers with a file. `query` are the parameters it reads.
    """

    body: Any = None
    statuses: tuple[int, ...] = ()
    octets: bool = False
    query: tuple[str, ...] = ()


_BY_METHOD: Final = {"GET": 200, "POST": 201, "PUT": 204, "PATCH": 200, "DELETE": 204}


def describe(title: str, text: str, rows: Iterable[Row], speaks: Mapping[tuple[str, str], Speaks]) -> bytes:
    """The description, as indented JSON. `speaks` is looked up by method and path."""
    known = {(row.method, row.path): row for row in rows}
    unknown = speaks.keys() - known.keys()
    if unknown:
        raise LookupError(f"there are no such routes: {sorted(unknown)}")
    kinds = [ErrorInfo, *{each.body for each in speaks.values() if _is_json(each.body)}]
    _, schemas = msgspec.json.schema_components(sorted(kinds, key=str), ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), row in sorted(known.items()):
        plain = _VARIABLE.sub(lambda found: f"{{{found[1]}}}", path)
        paths.setdefault(plain, {})[method.lower()] = _operation(row, speaks.get((method, path), Speaks()))
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "description": text,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                status: {
                    "description": said,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}},
                }
                for status, said in _REFUSALS.items()
            },
            "securitySchemes": {
                "ApiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "X-Road-ApiKey token=…",
                }
            },
        },
    }
    return json.dumps(described, ensure_ascii=False, indent=2).encode() + b"\n"


def _is_json(body: Any) -> bool:
    return body is not None and body != OCTETS and not isinstance(body, tuple)


def _operation(row: Row, speaks: Speaks) -> dict[str, Any]:
    named = re.sub(r"[^A-Za-z]+", "_", _VARIABLE.sub(lambda found: found[1], row.path)).strip("_")
    operation: dict[str, Any] = {
        "operationId": f"{row.method.lower()}_{named}",
        "description": f"Vai trò · roles: {', '.join(sorted(row.roles))}" if row.roles else "Mọi khóa · any key",
        "parameters": [*map(_variable, _VARIABLE.finditer(row.path)), *map(_query, speaks.query)],
        "responses": {
            **{str(status): _success(status, speaks) for status in speaks.statuses or (_BY_METHOD[row.method],)},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS},
        },
    }
    if speaks.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(speaks.body)}
    return operation


def _variable(found: re.Match[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if found[2] is not None:
        schema = {"type": "string", "enum": found[2].split("|")}
    return {"name": found[1], "in": "path", "required": True, "schema": schema}


def _query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}


def _success(status: int, speaks: Speaks) -> dict[str, Any]:
    told: dict[str, Any] = {"description": "Đã làm · done" if status != 200 else "Nội dung · the content"}
    if status != 204:
        told["content"] = {OCTETS: {}} if speaks.octets else {"application/json": {}}
    return told


def _content(body: Any) -> dict[str, Any]:
    if body == OCTETS:
        return {OCTETS: {"schema": {"type": "string", "format": "binary"}}}
    if isinstance(body, tuple):
        fields = {
            name.strip("*"): {"type": "string", **({"format": "binary"} if name.endswith("*") else {})} for name in body
        }
        required = [name.strip("*") for name in body if name.endswith("*")]
        return {FORM: {"schema": {"type": "object", "properties": fields, "required": required}}}
    schema = msgspec.json.schema(body) if not isinstance(body, type) else None
    reference = {"$ref": f"#/components/schemas/{body.__name__}"} if schema is None else schema
    return {"application/json": {"schema": reference}}
