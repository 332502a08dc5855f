"""The registry's API document, as it is shipped beside the pages, read for people.

The file is the one that docs/reference prints from the registry itself; docs/reference/print.py keeps both the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

FILE: Final = "portal/registry.openapi.json"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    name: str
    required: bool
    form: str
    about: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which a call can end."""

    status: str
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One service: its path, what it is asked and what it answers."""

    key: str
    path: str
    title: str
    about: str
    headers: tuple[Field, ...]
    request: tuple[Field, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole API."""

    about: str
    operations: tuple[Operation, ...]


@cache
def registry() -> Document:
    """The registry's API."""
    text = (resources.files("ketnoi_portal.site") / "static" / FILE).read_text(encoding="utf-8")
    raw = json.loads(text)
    # What agencies ask; alarms are not theirs.
    services = {path: methods for path, methods in raw["paths"].items() if path.startswith("/v1/")}
    operations = tuple(_operation(raw, path, each) for path, methods in services.items() for each in methods.values())
    return Document(raw["info"]["description"].replace("*", ""), operations)


def _operation(raw: dict[str, Any], path: str, each: dict[str, Any]) -> Operation:
    schema = _resolved(raw, each["requestBody"]["content"]["application/json"]["schema"])
    wanted = set(schema.get("required", ()))
    return Operation(
        key=each["operationId"],
        path=path,
        title=each["summary"],
        about=each.get("description", "").replace("*", ""),
        headers=tuple(_header(_resolved(raw, header)) for header in each["parameters"]),
        request=tuple(
            Field(name, name in wanted, _form(raw, field), field.get("description", ""))
            for name, field in schema["properties"].items()
        ),
        answers=tuple(
            Answer(status, _resolved(raw, answer).get("description", ""))
            for status, answer in each["responses"].items()
        ),
    )


def _header(header: dict[str, Any]) -> Field:
    return Field(header["name"], bool(header.get("required")), "", header.get("description", "").replace("*", ""))


def _resolved(raw: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node itself, or what it refers to."""
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Any = raw
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, dict)
    return found


def _form(raw: dict[str, Any], field: dict[str, Any]) -> str:
    """The form of a field in few words: `string, 1–40`, `^[0-9]{12}$`, `array of ClaimedMember, 1–50`."""
    choices = [each for each in field.get("anyOf", ()) if each.get("type") != "null"]
    if choices:
        return " | ".join(_form(raw, each) for each in choices)
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    kind = str(field.get("type", ""))
    if kind == "array":
        kind = f"array: {_form(raw, field['items'])}"
    least, most = field.get("minLength", field.get("minItems")), field.get("maxLength", field.get("maxItems"))
    parts = [kind]
    if most is not None:
        parts.append(f"{least or 0}–{most}")
    if "pattern" in field:
        parts.append(field["pattern"].replace("(?!\\n)", ""))
    return ", ".join(parts)
