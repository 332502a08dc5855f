"""One request to the admin API, and where requests go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from ketnoi_protocol.identifiers import InvalidIdentifier, SecurityServerId, ServiceId, SubsystemId
from ketnoi_securityserver.serverconf.ledger import ChangeRefused

T = TypeVar("T")

REGISTRATION: Final = frozenset({"XROAD_REGISTRATION_OFFICER"})
SERVICES: Final = frozenset({"XROAD_SERVICE_ADMINISTRATOR"})
SYSTEM: Final = frozenset({"XROAD_SYSTEM_ADMINISTRATOR"})
SECURITY: Final = frozenset({"XROAD_SECURITY_OFFICER"})
MONITORING: Final = SYSTEM | {"XROAD_SECURITYSERVER_OBSERVER"}
KEYS: Final = REGISTRATION | SECURITY


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks what. `path` are the variable parts of the address, `data` the body."""

    actor: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    data: bytes = field(repr=False)

    def body(self, kind: type[T]) -> T:
        """The body as JSON of this kind. Raises ChangeRefused 400 `validation_failure`."""
        try:
            return msgspec.json.decode(self.data, type=kind)
        except msgspec.DecodeError as error:
            raise ChangeRefused(400, "validation_failure", str(error)) from None

    def subsystem(self, name: str = "id") -> SubsystemId:
        """A subsystem named in the address. Raises ChangeRefused 400."""
        return subsystem(self.path[name])

    def service(self) -> ServiceId:
        """The service named in the address. Raises ChangeRefused 400."""
        try:
            return ServiceId.from_colon(self.path["id"])
        except InvalidIdentifier:
            raise ChangeRefused(400, "invalid_service_identifier") from None

    def number(self) -> int:
        """The number named in the address. Raises ChangeRefused 404."""
        text = self.path["id"]
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise ChangeRefused(404, "not_found")
        return int(text)


Handler = Callable[[Asked], Awaitable[tuple[int, Any]]]


class Route(NamedTuple):
    """A method and address below /api/v1, the roles of which one may use it (None: any), and what answers it.

    What is answered is a status with a value for JSON, octets for a file, or None for nothing.
    """

    method: str
    path: str
    roles: frozenset[str] | None
    handle: Handler


def subsystem(text: str) -> SubsystemId:
    """A subsystem in colon form. Raises ChangeRefused 400 `invalid_client_identifier`."""
    try:
        return SubsystemId.from_colon(text)
    except InvalidIdentifier:
        raise ChangeRefused(400, "invalid_client_identifier") from None


def servers(texts: list[str]) -> tuple[SecurityServerId, ...]:
    """Security servers in colon form. Raises ChangeRefused 400 `invalid_security_server_identifier`."""
    try:
        return tuple(SecurityServerId.from_colon(text) for text in dict.fromkeys(texts))
    except InvalidIdentifier:
        raise ChangeRefused(400, "invalid_security_server_identifier") from None
