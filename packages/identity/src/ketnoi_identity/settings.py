"""The settings file of the identity side (TOML): one environment, one database, one set of keys."""

from __future__ import annotations

import os
from datetime import date
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from ketnoi_protocol.consent import LONGEST_WAIT
from ketnoi_protocol.services import DEFAULT_PROFILE
from ketnoi_runtime.settings import load_settings

SETTINGS_VARIABLE: Final = "KETNOI_IDENTITY_SETTINGS"
Network = IPv4Network | IPv6Network
Positive = Annotated[float, msgspec.Meta(gt=0)]
Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The process that other servers ask, over mutual TLS with pinned certificates (PEM files).

    `registry` is who starts, asks after and uses consents; `portal` who writes clients and reads objections. A request
    has at most `max_body_bytes`, which come within `read_timeout_seconds`, and is answered within
    `work_timeout_seconds`; more than `max_running` at once are refused.
    """

    host: str = "127.0.0.1"
    port: Port = 9444
    certificate: str
    key: str
    registry: str
    portal: str = ""
    database_connections: Annotated[int, msgspec.Meta(ge=1, le=20)] = 4
    max_body_bytes: Annotated[int, msgspec.Meta(ge=65_536, le=16_777_216)] = 4_194_304
    max_running: Annotated[int, msgspec.Meta(ge=1)] = 200
    read_timeout_seconds: Positive = 10.0
    work_timeout_seconds: Positive = 10.0


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The registry of this environment: believed under `certificate`, asked with `client_certificate` (PEM files)."""

    url: str
    certificate: str
    client_certificate: str
    client_key: str


class Consents(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Measures of consents: our choice [OC].

    A request waits `answer_within_seconds` for its citizen, or as long as the agency wishes (`ChoTraLoi`), then for
    `wait_at_most_seconds` at most. A consent lasts `longest_seconds` at most. One organisation has at most
    `most_waiting_of_one` requests that wait for one person, and asks that person at most `most_a_day` times in a day.
    """

    answer_within_seconds: Positive = 900.0
    wait_at_most_seconds: Positive = float(LONGEST_WAIT)
    longest_seconds: Positive = 365 * 86_400.0
    most_waiting_of_one: Annotated[int, msgspec.Meta(ge=1)] = 3
    most_a_day: Annotated[int, msgspec.Meta(ge=1)] = 10


class Objections(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An objection is answered within `working_days` (law 91/2025/QH15). `holidays` are public holidays that are not on
    the same day each year (see looks/working_days.py), and days off in lieu."""

    working_days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 2
    holidays: tuple[date, ...] = ()


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For how many days rows are kept, then `tidy` drops them: our choice [OC], since no public text says it.

    `consents_days` after its end (its time was over, or it was taken back) and after the last use or attempt, a consent
    that was agreed to, with its uses: the citizen's evidence and the agency's. `requests_days` after it was refused or
    ran out, a request that nobody agreed to; and attempts that named no consent. `objections_days` after both C06 and
    the agency have answered, an objection: one that waits for an answer is never dropped, nor is the consent of a look
    to which an objection is kept. `cards_days` after it was given out, the row of an officer's card.
    """

    consents_days: Days = 3650
    requests_days: Days = 1825
    objections_days: Days = 3650
    cards_days: Days = 3650


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything. Relative paths are meant relative to the file's own folder (`base`).

    `rehearsal` marks a test bed. `base_url` is where citizens reach the pages; its host is the one for which passkeys
    count, and with https cookies are sent by TLS alone. `keys` is the folder of private keys, made by `init`; `terms` a
    folder with terms of use beside those that are shipped (see accounts/terms.py). `procedures` is a file (TOML) with
    names of procedures: `"1.001" = { vi = "…", en = "…" }`; without it their codes are shown.
    `trusted_proxies` are addresses or networks of proxies before the pages.
    """

    base: str
    environment: Literal["test", "production"]
    database: str
    secret_key_file: str
    keys: str = "keys"
    data: str = "data"
    terms: str = ""
    procedures: str = ""
    profile: str = DEFAULT_PROFILE
    base_url: str = "http://localhost:8002"
    host: str = "127.0.0.1"
    port: Port = 8002
    rehearsal: bool = False
    trusted_proxies: tuple[str, ...] = ()
    wire: Wire
    register: Register
    consents: Consents = msgspec.field(default_factory=Consents)
    objections: Objections = msgspec.field(default_factory=Objections)
    retention: Retention = msgspec.field(default_factory=Retention)

    def __post_init__(self) -> None:
        """Raises ValueError where these settings cannot serve."""
        self.proxies()

    def proxies(self) -> tuple[Network, ...]:
        """The trusted proxies. Raises ValueError for what is no address and no network."""
        return tuple(ip_network(each) for each in self.trusted_proxies)

    def path(self, name: str) -> Path:
        """A path that the file names."""
        return Path(self.base) / name

    def secret(self, name: str) -> str:
        """What a file of secrets holds, without the line's end."""
        return self.path(name).read_text(encoding="utf-8").strip()


@cache
def current() -> Settings:
    """The settings of this process, from the file that KETNOI_IDENTITY_SETTINGS names. Raises SettingsError."""
    return load_settings(os.environ.get(SETTINGS_VARIABLE, "identity.toml"), Settings)
