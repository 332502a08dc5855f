"""What a security server tells about itself (PR-MREST): clients of the instance, services of a provider.

`listMethods`, `allowedMethods` and `getOpenAPI` are ordinary signed and logged messages that need no access right.
`listClients` is answered by the consumer's own server from the global configuration, without any message.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import MemberId, SecurityServerId, ServiceId, SubsystemId
from ketnoi_securityserver.exchange import Answer
from ketnoi_securityserver.serverconf import AccessRight, LocalService, ServerConfiguration
from ketnoi_trust.configuration import Configuration

METASERVICES: Final = frozenset({"listMethods", "allowedMethods", "getOpenAPI"})
_IDENTIFIERS = "http://x-road.eu/xsd/identifiers"
_XROAD = "http://x-road.eu/xsd/xroad.xsd"


class Metaservices:
    """Answers from the local configuration of the moment."""

    def __init__(self, serverconf: ServerConfiguration) -> None:
        self._serverconf = serverconf

    def answer(self, client: SubsystemId, asked: ServiceId, query: str, peer: SecurityServerId) -> Answer:
        """All services of the provider, or those that `client` may use from the server `peer`.

        Services here are described by a base address alone, so that `getOpenAPI` can only say that there is no
        description. Raises Refusal `invalid_request`, `unknown_service`, `service_type`.
        """
        if asked.service_code == "getOpenAPI":
            self._check_described(asked.provider, query)
        rights: list[AccessRight] | None = None
        if asked.service_code == "allowedMethods":
            rights = [
                right for right in self._serverconf.rights if right.subject == client and peer in right.security_servers
            ]
        told = []
        for service in self._serverconf.services_of(asked.provider):
            covering = [right for right in rights if right.service == service.id] if rights is not None else []
            if rights is None or covering:
                told.append(_service(service, covering))
        body = json.dumps({"service": told}, ensure_ascii=False).encode()
        return Answer(200, "OK", (("Content-Type", "application/json;charset=utf-8"),), body)

    def _check_described(self, provider: SubsystemId, query: str) -> None:
        codes = parse_qs(query).get("serviceCode", [])
        if len(codes) != 1:
            raise Refusal("invalid_request", "getOpenAPI names one service in serviceCode")
        if all(service.id.service_code != codes[0] for service in self._serverconf.services_of(provider)):
            raise Refusal("unknown_service", "there is no such service")
        raise Refusal("service_type", "the service has no OpenAPI description")


def _service(service: LocalService, covering: list[AccessRight]) -> dict[str, Any]:
    endpoints = [{"method": method, "path": path} for method, path in service.endpoints]
    if covering and not any(right.method == "*" and right.path == "**" for right in covering):
        endpoints = [{"method": right.method, "path": right.path} for right in covering]
    return {
        "object_type": "SERVICE",
        "xroad_instance": service.id.instance,
        "member_class": service.id.member_class,
        "member_code": service.id.member_code,
        "subsystem_code": service.id.subsystem_code,
        "service_code": service.id.service_code,
        "service_type": "REST",
        "endpoint_list": endpoints,
    }


def clients_as_json(configuration: Configuration) -> bytes:
    """All members and subsystems of the instance, in PR-MREST's JSON."""
    told = []
    for identifier, name, subsystem_name in _clients(configuration):
        parts = {
            "object_type": "SUBSYSTEM" if isinstance(identifier, SubsystemId) else "MEMBER",
            "xroad_instance": identifier.instance,
            "member_class": identifier.member_class,
            "member_code": identifier.member_code,
        }
        entry: dict[str, Any] = {"id": parts, "name": name}
        if isinstance(identifier, SubsystemId):
            parts["subsystem_code"] = identifier.subsystem_code
            if subsystem_name is not None:
                entry["subsystem_name"] = subsystem_name
        told.append(entry)
    return json.dumps({"member": told}, ensure_ascii=False).encode()


def clients_as_xml(configuration: Configuration) -> bytes:
    """The same in PR-META's XML."""
    entries = []
    for identifier, name, subsystem_name in _clients(configuration):
        subsystem = isinstance(identifier, SubsystemId)
        parts = [identifier.instance, identifier.member_class, identifier.member_code]
        names = ["xRoadInstance", "memberClass", "memberCode"]
        if isinstance(identifier, SubsystemId):
            parts.append(identifier.subsystem_code)
            names.append("subsystemCode")
        inner = "".join(f"<id:{tag}>{escape(part)}</id:{tag}>" for tag, part in zip(names, parts, strict=True))
        kind = "SUBSYSTEM" if subsystem else "MEMBER"
        entry = f'<xrd:id id:objectType="{kind}">{inner}</xrd:id><xrd:name>{escape(name)}</xrd:name>'
        if subsystem_name is not None:
            entry += f"<xrd:subsystemName>{escape(subsystem_name)}</xrd:subsystemName>"
        entries.append(f"<xrd:member>{entry}</xrd:member>")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><xrd:clientList xmlns:xrd="{_XROAD}" xmlns:id="{_IDENTIFIERS}">'
        f"{''.join(entries)}</xrd:clientList>"
    ).encode()


def _clients(configuration: Configuration) -> list[tuple[MemberId | SubsystemId, str, str | None]]:
    told: list[tuple[MemberId | SubsystemId, str, str | None]] = []
    for member in configuration.members.values():
        told.append((member.id, member.name, None))
        told += ((subsystem.id, member.name, subsystem.name) for subsystem in member.subsystems)
    return told
