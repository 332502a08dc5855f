"""What the identity system asks for its citizens, as the API's description (OpenAPI 3.1) tells it."""

from __future__ import annotations

from typing import Any, Final

from ketnoi_protocol.citizens import (
    ANSWERED_PATH,
    LOOKS_PATH,
    MATCH_PATH,
    MOST_LOOKS,
    MOST_NAMES,
    NAMES_PATH,
    RECORD_PATH,
    Answered,
    AnsweredAsked,
    Looks,
    LooksAsked,
    Matched,
    Names,
    NamesAsked,
    Person,
    Record,
)

_ONLY: Final = (
    "Chỉ dành cho chứng thư trong `citizens` của thiết lập. *For the certificates of the settings' `citizens` alone.* "
)
_ASKED: Final[dict[str, tuple[type, type, str, str]]] = {
    MATCH_PATH: (
        Person, Matched, "Số, họ tên, ngày sinh có phải của một người · do these particulars belong to one person",
        "Yes for a living person whose name agrees at level E; the same work for an unknown number.",
    ),
    RECORD_PATH: (
        Person, Record, "Dữ liệu của chính công dân · the citizen's own record",
        "Every field, in the shape of service 037; `404` without a body where the particulars are nobody's.",
    ),
    LOOKS_PATH: (
        LooksAsked, Looks, "Ai đã xem dữ liệu của công dân · who looked at the citizen's data",
        f"At most {MOST_LOOKS} at a time, newest first, on both systems. What is sealed is not told before its time.",
    ),
    ANSWERED_PATH: (
        AnsweredAsked, Answered, "Thông điệp nào đã được trả lời · which of these messages were answered",
        "Whether a used consent was followed by an answer.",
    ),
    NAMES_PATH: (
        NamesAsked, Names, "Tên cơ quan trong danh bạ đã ký · names of organisations in the signed directory",
        f"At most {MOST_NAMES} at a time; those that are not there are left out.",
    ),
}  # fmt: skip
TYPES: Final[tuple[Any, ...]] = tuple(kind for asked, answered, *_ in _ASKED.values() for kind in (asked, answered))


def paths(headers: dict[str, Any]) -> dict[str, Any]:
    """The paths, each for POST alone. `headers` are those of an answer with a body."""
    return {path: {"post": _operation(path, headers)} for path in _ASKED}


def _operation(path: str, headers: dict[str, Any]) -> dict[str, Any]:
    asked, answered, summary, more = _ASKED[path]
    responses: dict[str, Any] = {
        "200": {"description": summary, "headers": headers, "content": _content(answered)},
        **{code: {"$ref": f"#/components/responses/{code}"} for code in _REFUSED},
    }
    return {
        "operationId": path.strip("/").replace("/", "_"),
        "summary": summary,
        "description": _ONLY + f"*{more}*",
        "requestBody": {"required": True, "content": _content(asked)},
        "responses": responses,
    }


_REFUSED: Final = ("400", "401", "404", "413", "500", "502", "503", "504")


def _content(kind: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
