"""One request to the admin API, and where requests go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from ketnoi_exchange.actions.api_keys import (
    MANAGEMENT_SERVICE,
    REGISTRATION_OFFICER,
    SECURITY_OFFICER,
    SYSTEM_ADMINISTRATOR,
    Holder,
)
from ketnoi_exchange.publication.registered import client_of
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import InvalidIdentifier, MemberId, SecurityServerId, SubsystemId

T = TypeVar("T")

# The roles of X-Road's own permissions.yml, coarser.
REGISTRATION: Final = frozenset({REGISTRATION_OFFICER})
SECURITY: Final = frozenset({SECURITY_OFFICER})
SYSTEM: Final = frozenset({SYSTEM_ADMINISTRATOR})
ASKING: Final = frozenset({REGISTRATION_OFFICER, MANAGEMENT_SERVICE})
LOOKING: Final = frozenset({REGISTRATION_OFFICER, SECURITY_OFFICER})
TRUST: Final = frozenset({SYSTEM_ADMINISTRATOR, MANAGEMENT_SERVICE})
SOURCES: Final = frozenset({SECURITY_OFFICER, SYSTEM_ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks what. `path` are the variable parts of the address, `data` a JSON body, `form` a multipart one."""

    holder: Holder
    path: Mapping[str, str]
    query: Mapping[str, str]
    data: bytes = field(repr=False)
    form: Mapping[str, bytes] = field(repr=False)

    @property
    def actor(self) -> str:
        """In whose name it is done."""
        return self.holder.actor

    def body(self, kind: type[T]) -> T:
        """The body as JSON of this kind. Raises ChangeRefused 400 `validation_failure`."""
        try:
            return msgspec.json.decode(self.data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ChangeRefused("validation_failure", str(error)) from None

    def field(self, name: str) -> str | None:
        """A text of a multipart body, None where it is absent or empty. Raises ChangeRefused 400."""
        try:
            return self.form.get(name, b"").decode() or None
        except UnicodeDecodeError:
            raise ChangeRefused("validation_failure", name) from None

    def file(self, name: str) -> bytes:
        """A file of a multipart body. Raises ChangeRefused 400."""
        if not self.form.get(name):
            raise ChangeRefused("validation_failure", name)
        return self.form[name]

    def number(self, otherwise: str, name: str = "id") -> int:
        """The number named in the address. Raises ChangeRefused `otherwise`."""
        text = self.path[name]
        # Longer ones would not fit the database's numbers.
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise ChangeRefused(otherwise, text)
        return int(text)

    def member(self) -> MemberId:
        """The member named in the address. Raises ChangeRefused 400."""
        return member(self.path["id"])

    def subsystem(self) -> SubsystemId:
        """The subsystem named in the address. Raises ChangeRefused 400."""
        return subsystem(self.path["id"])

    def server(self) -> SecurityServerId:
        """The security server named in the address. Raises ChangeRefused 400."""
        return server(self.path["id"])


Handler = Callable[[Asked], Awaitable[tuple[int, Any]]]


class Route(NamedTuple):
    """A method and address below /api/v1, the roles of which one may use it (None: any), and what answers it.

    What is answered is a status with a value for JSON, octets for a file, or None for nothing.
    """

    method: str
    path: str
    roles: frozenset[str] | None
    handle: Handler


def member(text: str) -> MemberId:
    """A member in colon form. Raises ChangeRefused 400 `invalid_member_id`."""
    try:
        return MemberId.from_colon(text)
    except InvalidIdentifier:
        raise ChangeRefused("invalid_member_id") from None


def subsystem(text: str) -> SubsystemId:
    """A subsystem in colon form. Raises ChangeRefused 400 `invalid_subsystem_id`."""
    try:
        return SubsystemId.from_colon(text)
    except InvalidIdentifier:
        raise ChangeRefused("invalid_subsystem_id") from None


def server(text: str) -> SecurityServerId:
    """A security server in colon form. Raises ChangeRefused 400 `invalid_server_id`."""
    try:
        return SecurityServerId.from_colon(text)
    except InvalidIdentifier:
        raise ChangeRefused("invalid_server_id") from None


def client(text: str) -> MemberId | SubsystemId:
    """A member or a subsystem in colon form. Raises ChangeRefused 400 `validation_failure`."""
    try:
        return client_of(text)
    except InvalidIdentifier:
        raise ChangeRefused("validation_failure", "client_id") from None
