"""The API's description (OpenAPI 3.1), printed from the types that read and write the messages."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import msgspec

from ketnoi_protocol.consent_messages import CONSENT_ANSWERS, MESSAGES
from ketnoi_protocol.envelope import ANSWERS, REQUESTS
from ketnoi_protocol.errors import row
from ketnoi_protocol.services import Catalogue, CatalogueEntry, ConsentEntry, Environment, System

from .alarms.rows import MOST, Alarms
from .citizens import openapi as citizens
from .gates import GATES
from .problems import CONTENT_TYPE, STATUS, Problem

_OTHERS = ("10", "11", "12", "20", "21", "22", "23", "24", "26", "27", "30", "41", "42", "43", "44", "99")
_CONSENT = ("50", "51", "52", "53", "54", "55", "56", "57", "58")
_REFUSALS = (*_OTHERS, *_CONSENT, "unknown_service", "message_too_large", "server_busy")

Entry = CatalogueEntry | ConsentEntry


def document(
    catalogue: Catalogue, environment: str = Environment.TEST, systems: Collection[System] = tuple(System)
) -> bytes:
    """The description of these systems' services in one environment, as indented JSON."""
    entries: list[Entry] = [
        entry
        for entry in (*catalogue, *catalogue.consent_operations)
        if entry.system in systems and entry.environment == environment
    ]
    types: list[Any] = [Problem, Alarms, *citizens.TYPES]
    for entry in entries:
        types += _types(entry)
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Ketnoi: CSDLQG về dân cư, định danh điện tử · population and identity",
            "version": "1",
            "description": _description(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {f"/v1/{entry.service_code}": {"post": _operation(entry)} for entry in entries}
        | {"/alarms": {"get": _ALARMS}}
        | citizens.paths(_DIGEST),
        "components": {"schemas": schemas, "parameters": _PARAMETERS, "responses": _responses()},
    }
    return json.dumps(described, ensure_ascii=False, indent=2).encode() + b"\n"


def _description() -> str:
    gates = "\n".join(f"{gate.number}. {gate.asks_vi} *{gate.asks_en}* ({', '.join(gate.codes)})" for gate in GATES)
    return (
        "Chỉ máy chủ bảo mật đã đăng ký mới kết nối được (mTLS). Các cửa kiểm tra, theo thứ tự:\n"
        "*Only registered security servers may connect (mutual TLS). The gates, in their order:*\n\n"
        f"{gates}\n\n"
        "MaCanBo là lời khẳng định của cơ quan, được cơ quan ký. *MaCanBo is the agency's signed assertion.* "
        "Với hệ thống định danh, thẻ cán bộ (TheCanBo) chứng minh điều đó. *On the identity side the officer's card "
        "(TheCanBo) proves it. MaGiaoDichDongY and TheCanBo are the identity system's alone: the population services "
        "refuse them (`10`). A consent is asked for with DichVu, the service it is for, by its operationId without "
        "`identity_`; ThoiHan is in seconds from the moment when the citizen agrees, ChoTraLoi those in which the "
        "citizen can answer.*"
    )


def _types(entry: Entry) -> tuple[type, type]:
    """What is asked and what is answered."""
    if isinstance(entry, ConsentEntry):
        return MESSAGES[entry.operation], CONSENT_ANSWERS[entry.operation]
    return REQUESTS[entry.service], ANSWERS[entry.answer_shape]


def _name(entry: Entry) -> str:
    if isinstance(entry, ConsentEntry):
        return entry.operation.value
    return entry.service.value if entry.system is System.POPULATION else f"{entry.system}_{entry.service}"


def _operation(entry: Entry) -> dict[str, Any]:
    question, answer = _types(entry)
    responses: dict[str, Any] = {
        "200": {
            "description": "Câu trả lời · the answer",
            "headers": _DIGEST,
            "content": {"application/json": {"schema": _reference(answer)}},
        }
    }
    responses |= {status: {"$ref": f"#/components/responses/{status}"} for status in _responses()}
    return {
        "operationId": _name(entry),
        "summary": f"{entry.title_vi} · {entry.title_en}",
        "description": f"MaTichHop {entry.ma_tich_hop}, {entry.instance}",
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _reference(question)}},
        },
        "responses": responses,
    }


def _reference(kind: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _responses() -> dict[str, Any]:
    """One response for each status, telling the codes that come with it."""
    by_status: dict[int, list[str]] = {}
    for code in _REFUSALS:
        by_status.setdefault(STATUS.get(code, row(code).status), []).append(code)
    return {
        str(status): {
            "description": "\n".join(f"`{code}`: {row(code).title_vi} · {row(code).title_en}" for code in codes),
            "headers": _DIGEST,
            "content": {CONTENT_TYPE: {"schema": _reference(Problem)}},
        }
        for status, codes in sorted(by_status.items())
    }


def _header(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}


_DIGEST = {
    "Content-Digest": {
        "description": "SHA-256 của nội dung, làm bằng chứng · of the body, for evidence (RFC 9530)",
        "schema": {"type": "string"},
    }
}
_ALARMS = {
    "operationId": "read_alarms",
    "summary": "Cảnh báo khai thác bất thường · alarms of conspicuous calls",
    "description": (
        "Chỉ dành cho chứng thư trong `watchers` của thiết lập; máy chủ bảo mật không đọc được. "
        "*For the certificates of the settings' `watchers` alone; no security server reads this. "
        f"At most {MOST} at a time, in the order of their ids; each tells who asked, never about whom.*"
    ),
    "parameters": [
        {
            "name": "after",
            "in": "query",
            "description": "Mã cảnh báo cuối cùng đã có · the id of the last alarm one has",
            "schema": {"type": "integer", "minimum": 0, "default": 0},
        }
    ],
    "responses": {
        "200": {
            "description": "Các cảnh báo tiếp theo · the next alarms",
            "headers": _DIGEST,
            "content": {"application/json": {"schema": _reference(Alarms)}},
        }
    }
    | {status: {"$ref": f"#/components/responses/{status}"} for status in ("400", "401", "404", "500", "503")},
}
_PARAMETERS = {
    "X-Road-Client": _header("X-Road-Client", "Hệ thống thông tin gọi · the calling information system"),
    "X-Road-Id": _header("X-Road-Id", "Mã thông điệp · the message id"),
    "X-Road-UserId": _header("X-Road-UserId", "Mã tài khoản cán bộ · the officer's account, as MaCanBo"),
    "Content-Digest": _header("Content-Digest", "SHA-256 của nội dung · of the body (RFC 9530)"),
    "Signature-Input": _header("Signature-Input", "RFC 9421; keyid: tài khoản tích hợp · the integration account"),
    "Signature": _header("Signature", "RFC 9421, ECDSA P-256"),
}
