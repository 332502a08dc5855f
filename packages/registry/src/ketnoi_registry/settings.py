"""The settings of one registry process: one environment, one database, one set of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ketnoi_protocol.consent import REPEAT_SECONDS
from ketnoi_protocol.services import Catalogue, System

from .alarms.settings import Alarming
from .identity.settings import Identity
from .store.upstream.settings import Upstream

Positive = Annotated[float, msgspec.Meta(gt=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Caller(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A security server that may call: its pinned TLS certificate (a PEM file), bound to one instance."""

    instance: str
    certificate: str


class Watcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may read the alarms, and nothing else: a pinned TLS certificate (a PEM file) that is no caller's."""

    certificate: str


class CitizensPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The identity system, which asks for its citizens, and reads nothing else: a pinned TLS certificate (a PEM file)
    that has no other role."""

    certificate: str


class DirectorySource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the signed directory is, and the certificate (a PEM file) whose key must have signed it."""

    url: str
    certificate: str
    poll_seconds: Positive = 5.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a registry needs. Paths are relative to `base`, the folder of the settings file.

    `systems` are those for whose services it answers. The identity system's need `identity`, which keeps the consents;
    `officer_tokens` says whether its callers must send an officer's card, as they must in production unless another is
    said here, or may send an account of the information system instead.
    `database` is a libpq URL; `node_id` names this process in the access log. `signature_window_seconds` is how far
    the moment of an integration account's signature may lie from ours, either way. A call is refused when its body has
    not come within `read_timeout_seconds`, when it was not looked up within `lookup_timeout_seconds`, and when the
    access log takes longer than `log_timeout_seconds`. For `repeat_window_seconds` a repeated MaYeuCau is answered as
    the first time, and refused for another question; so long the answer is kept, encrypted. More than `max_running`
    calls at once are refused as they come. With `upstream` people are asked of an existing service; the database then
    holds the access log and what belongs to it alone. `alarms` says from when on calls are conspicuous,
    `watchers` who reads of them. `citizens` is who asks for citizens about their own data.
    """

    base: str
    environment: Literal["test", "production"]
    node_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    database: str
    certificate: str
    key: str
    callers: list[Caller]
    directory: DirectorySource
    pseudonym_keys: str
    watchers: tuple[Watcher, ...] = ()
    citizens: tuple[CitizensPage, ...] = ()
    upstream: Upstream | None = None
    profile: str = "2022-seed"
    systems: tuple[System, ...] = (System.POPULATION,)
    identity: Identity | None = None
    officer_tokens: Literal["required", "accepted"] | None = None
    host: str = "127.0.0.1"
    port: Port = 9443
    database_connections: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1024, le=1_048_576)] = 65_536
    max_running: Annotated[int, msgspec.Meta(ge=1)] = 1_000
    signature_window_seconds: Positive = 300.0
    read_timeout_seconds: Positive = 10.0
    log_timeout_seconds: Positive = 5.0
    lookup_timeout_seconds: Positive = 10.0
    repeat_window_seconds: Positive = 86_400.0
    alarms: Alarming = msgspec.field(default_factory=Alarming)

    def __post_init__(self) -> None:
        """Raises ValueError for what no single field shows."""
        if System.IDENTITY in self.systems and self.identity is None:
            raise ValueError("systems: the identity system's services need the table [identity]: no consent, no answer")
        if self.identity is not None and self.repeat_window_seconds <= REPEAT_SECONDS:
            # Else the register would be looked into again under a one-time consent that is used up.
            raise ValueError(f"repeat_window_seconds: with [identity] it is more than {REPEAT_SECONDS}")

    @property
    def catalogue(self) -> Catalogue:
        """The services as `profile` has them: the name of one that is shipped, or a file (`….toml`).

        Raises LookupError for another name, OSError, ValueError for a file that is no profile.
        """
        return Catalogue.of(self.profile, lambda name: self.path(name).read_text(encoding="utf-8"))

    @property
    def cards_required(self) -> bool:
        """Whether a question to the identity system needs an officer's card."""
        return (self.officer_tokens or ("required" if self.environment == "production" else "accepted")) == "required"

    def path(self, name: str) -> Path:
        """The file `name` as these settings mean it."""
        return Path(self.base) / name
