"""One of C06's security servers through its admin API: what it holds, and each step, read back.

One class for Ketnoi's server and for X-Road's. The one difference: X-Road knows no `security_servers` on a right, so
that a right there holds for the subsystem on every server. Untested against X-Road until it has been run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Self

import msgspec

from ketnoi_pages.text import Text
from ketnoi_portal.publication.admin_client import AdminClient, AdminError, Refused
from ketnoi_portal.settings import Server

Held = dict[tuple[str, str], frozenset[str]]
"""Rights by subject and service code, with the security servers (colon form) from which each may be used."""


class NotAsAsked(AdminError):  # noqa: N818
    """A step was accepted, and what the server holds afterwards is something else."""


@dataclass(frozen=True, slots=True)
class State:
    """The codes of the services that a server offers, those switched off left out, and the rights it holds."""

    services: frozenset[str]
    rights: Held


@dataclass(frozen=True, slots=True)
class Registered:
    """What the server's configuration knows: security servers, and the subsystems that a right can be given to."""

    servers: frozenset[str]
    subjects: frozenset[str]


class CarriedRow(msgspec.Struct, frozen=True):
    """So many exchanges of a day (in Vietnam), by subsystem and service (colon form, or empty), that ended so."""

    day: date
    client_id: Annotated[str, msgspec.Meta(max_length=255)]
    service_id: Annotated[str, msgspec.Meta(max_length=255)]
    code: Annotated[str, msgspec.Meta(max_length=100)]
    count: Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class Carried(msgspec.Struct, frozen=True):
    """What a server tells of the exchanges it has carried; not `whole` where there were too many rows to tell."""

    items: tuple[CarriedRow, ...]
    whole: bool


class SecurityServer:
    """The provider side of one security server. A context manager; every method raises AdminError."""

    def __init__(self, told: Server, client: AdminClient) -> None:
        self.told = told
        self._client = client
        self.provider = told.subsystem
        self._knows_servers = told.kind == "ketnoi"

    @classmethod
    def of(cls, told: Server) -> Self:
        """The server that a row of the settings names. Raises Unreachable when its files cannot be read."""
        return cls(told, AdminClient.of(told))

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.__exit__(*error)

    # What is there

    def state(self) -> State:
        """What it offers, and every right for a whole service.

        Read service by service: few requests, however many agencies there are.
        """
        offered, held = set(), {}
        for description in self._list(f"/clients/{self.provider}/service-descriptions"):
            for service in description.get("services", ()):
                code = service["service_code"]
                if not description.get("disabled"):
                    offered.add(code)
                for client in self._list(f"/services/{service['id']}/service-clients"):
                    held[client["id"], code] = frozenset(client.get("security_servers") or ())
        return State(frozenset(offered), held)

    def right(self, subject: str, service_code: str) -> frozenset[str] | None:
        """The servers of one right; None when there is none."""
        for item in self._list(f"{self._of(subject)}/access-rights", missing=()):
            if item.get("service_code") == service_code:
                return frozenset(item.get("security_servers") or ())
        return None

    def registered(self) -> Registered:
        """What the platform's configuration has, as this server sees it now."""
        candidates = self._list(f"/clients/{self.provider}/service-client-candidates", service_client_type="SUBSYSTEM")
        return Registered(
            frozenset(each["id"] for each in self._list("/security-servers")),
            frozenset(each["id"] for each in candidates),
        )

    def certificates(self) -> list[Mapping[str, Any]]:
        """Its own certificates, for whoever watches them expire."""
        return [
            certificate
            for token in self._list("/tokens")
            for key in token.get("keys", ())
            for certificate in key.get("certificates", ())
        ]

    def diagnostics(self) -> dict[str, Any]:
        """What keeps it from working: configuration, OCSP, time stamps, in X-Road's form."""
        return {
            name: self._client.ask("GET", f"/diagnostics/{name}")
            for name in ("globalconf", "ocsp-responders", "timestamping-services")
        }

    def traffic(self, since: date) -> Carried | None:
        """How many exchanges it has carried from a day on; None at X-Road's, which offers no such counts here."""
        if not self._knows_servers:
            return None
        told = self._client.ask("GET", "/traffic", since=since.isoformat())
        try:
            return msgspec.convert(told, Carried)
        except msgspec.ValidationError:
            raise NotAsAsked(Text("số liệu lượt gọi sai định dạng", "the counts are not in their form")) from None

    # Steps. Each may be taken again, and is read back.

    def give(self, subject: str, service_code: str, servers: frozenset[str]) -> None:
        """A right to a service, from these security servers."""
        path = f"{self._of(subject)}/access-rights"
        if not self._client.ensure("POST", path, self._items(service_code, servers)) and self._knows_servers:
            self.set_servers(subject, service_code, servers)
        self._check(subject, service_code, servers)

    def set_servers(self, subject: str, service_code: str, servers: frozenset[str]) -> None:
        """Other security servers for a right that is there. Nothing at X-Road, which knows none."""
        if self._knows_servers:
            self._client.ask("PATCH", f"{self._of(subject)}/access-rights", self._items(service_code, servers))
            self._check(subject, service_code, servers)

    def take(self, subject: str, service_code: str) -> None:
        """No right any more."""
        path = f"{self._of(subject)}/access-rights/delete"
        self._client.ensure("POST", path, {"items": [{"service_code": service_code}]})
        if self.right(subject, service_code) is not None:
            raise NotAsAsked(Text("quyền vẫn còn sau khi gỡ", "a right is still there after it was taken"))

    def as_held(self, servers: frozenset[str]) -> frozenset[str]:
        """What `rights` shows for a right from these servers."""
        return servers if self._knows_servers else frozenset()

    def _check(self, subject: str, service_code: str, servers: frozenset[str]) -> None:
        if self.right(subject, service_code) != self.as_held(servers):
            raise NotAsAsked(Text("quyền không đúng như đã mở", "a right is not as it was given"))

    def _items(self, service_code: str, servers: frozenset[str]) -> dict[str, Any]:
        item: dict[str, Any] = {"service_code": service_code}
        if self._knows_servers:
            item["security_servers"] = sorted(servers)
        return {"items": [item]}

    def _of(self, subject: str) -> str:
        return f"/clients/{self.provider}/service-clients/{subject}"

    def _list(self, path: str, missing: tuple[()] | None = None, **query: str) -> list[Any]:
        try:
            found = self._client.ask("GET", path, **query)
        except Refused as refused:
            if missing is not None and refused.status == 404:
                return []
            raise
        return found if isinstance(found, list) else []
