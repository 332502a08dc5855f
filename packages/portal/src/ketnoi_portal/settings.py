"""The portal's settings file (TOML), read before Django starts."""

from __future__ import annotations

import os
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from ketnoi_portal.process.charts import CHARTS, DEFAULT_CHART
from ketnoi_protocol.services import DEFAULT_PROFILE, Catalogue, Environment, Platform, System, profiles
from ketnoi_runtime.settings import load_settings

SETTINGS_VARIABLE: Final = "KETNOI_PORTAL_SETTINGS"
Network = IPv4Network | IPv6Network


class _Part(msgspec.Struct, frozen=True):
    """A table of the file; unknown names are errors."""


class Mailbox(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mailbox that the mailroom polls over IMAP. `tls` is off only on a loopback address.

    `certificate` (PEM) is whom the server is believed under; empty: the system's own authorities. What was taken is
    moved to the folder `registered`, what was not to `refused`; both are made when they are not there.
    """

    system: System
    address: str
    host: str
    port: int = 993
    user: str
    password_file: str
    tls: bool = True
    certificate: str = ""
    folder: str = "INBOX"
    registered: str = "Registered"
    refused: str = "Refused"


class Mailroom(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measures of the mailroom: the largest letter that is read (bytes), and how many answers are written in a day.

    A sender's address may be forged: with few answers nobody is flooded through this portal. Our choice.
    `keep_originals_days`: how long a letter that was taken is kept as it came, as evidence; a draft that it opened must
    have been sent or given up besides. Its row, its digest and what was made of it stay. Ten years are our choice.
    """

    largest: int = 20 * 1024 * 1024
    most_answers_to_one: int = 5
    most_answers_a_day: int = 500
    keep_originals_days: Annotated[int, msgspec.Meta(ge=1)] = 3650


class Mail(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How notices leave. Without a host they stay in the outbox, where a page shows them.

    `allowed_domains` empty: any but those of the guidance's own mailboxes, which nothing here ever writes to.
    `keep_given_up_days`: how long the words of a letter are kept that was given up; sent ones lose them at once.
    """

    host: str = ""
    port: int = 25
    sender: str = "ketnoi@localhost"
    starttls: bool = False
    user: str = ""
    password_file: str = ""
    allowed_domains: tuple[str, ...] = ()
    keep_given_up_days: Annotated[int, msgspec.Meta(ge=1)] = 30


class Server(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The admin API of one of C06's security servers; `subsystem` is the one that provides there, in colon form.

    `kind`: a server of X-Road's own knows no security servers on a right.
    """

    instance: str
    platform: Platform
    environment: Environment
    subsystem: str
    admin_url: str
    certificate: str
    api_key_file: str
    evidence_url: str = ""
    evidence_server: str = ""
    evidence_certificate: str = ""
    evidence_key: str = ""
    kind: Literal["ketnoi", "x-road"] = "ketnoi"


class Exchange(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One platform's exchange: its admin API is observed, and used by its operator's own desk.

    `anchor` is the file under which the configuration at `configuration_url` (the anchor's own addresses unless given)
    is believed. `peer_port` and `ocsp_port` are X-Road's ports of security servers, moved in rehearsals only. With
    `probe_certificate` and `probe_key` (PEM) the connection check shows itself to security servers that tell a caller
    without a certificate nothing (TLS 1.2).
    """

    instance: str
    platform: Platform
    environment: Environment
    admin_url: str
    certificate: str
    api_key_file: str
    configuration_url: str = ""
    anchor: str = ""
    peer_port: int = 5500
    ocsp_port: int = 5577
    probe_certificate: str = ""
    probe_key: str = ""


class Directory(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One environment's signed directory. Only the publisher's own settings name the key.

    `inherited` is a JSON file of what stood in it before there was a portal; see publication/inherited.py.
    """

    environment: Environment
    certificate: str
    key: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    interval: float = 10.0
    inherited: str = ""


class Registry(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One registry whose alarms are fetched, under a name of one's own. It is believed under `certificate`, and knows
    the portal as a watcher by `client_certificate` (all PEM)."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    url: str
    certificate: str
    client_certificate: str
    client_key: str


class Identity(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wire of one environment's identity system, under a name of one's own: it is told which agencies' systems
    people may sign in to, and asked for terms and objections. Believed and known as a registry is (all PEM)."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    environment: Environment
    url: str
    certificate: str
    client_certificate: str
    client_key: str


class Objections(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`keep_answered_days`: how long an objection is kept with its answers, from the later one of C06's and the
    agency's. One that waits for an answer, or whose answer the identity system does not have yet, is never dropped.
    Ten years are our choice [OC]; no public text says it.
    """

    keep_answered_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 3650


class Signing(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom signatures on papers are believed: certificates (PEM) of issuers, by a name that people read."""

    issuers: dict[str, str] = {}
    rehearsal_signer: str = ""


class Settings(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything. Relative paths are meant relative to the file's own folder (`base`).

    `rehearsal` marks a test bed: sign-in cards, test certificates on papers. It never stands beside real mailboxes.
    `base_url` is where people reach the portal: its scheme and host stand in every letter, only that host is answered,
    and with https cookies are sent by TLS alone.
    `trusted_proxies` are addresses or networks of proxies before this portal, whose X-Forwarded-For and
    X-Forwarded-Proto are believed; none by default. Such a proxy must itself write these headers, and pass on none with
    an underscore in its name.
    `officers_calls_an_hour` are what one officer's account may ask of one population service in production [our
    choice]; 0 for as much as was approved for the organisation.
    """

    database: str
    secret_key_file: str
    base_url: str = "http://127.0.0.1:8001"
    host: str = "127.0.0.1"
    port: int = 8001
    trusted_proxies: tuple[str, ...] = ()
    base: str = "."
    rehearsal: bool = False
    chart: str = DEFAULT_CHART
    profile: str = DEFAULT_PROFILE
    member_class: str = "GOV"
    data: str = "data"
    mail: Mail = msgspec.field(default_factory=Mail)
    mailboxes: tuple[Mailbox, ...] = ()
    mailroom: Mailroom = msgspec.field(default_factory=Mailroom)
    servers: tuple[Server, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    directories: tuple[Directory, ...] = ()
    registries: tuple[Registry, ...] = ()
    identities: tuple[Identity, ...] = ()
    objections: Objections = msgspec.field(default_factory=Objections)
    signing: Signing = msgspec.field(default_factory=Signing)
    officers_calls_an_hour: Annotated[int, msgspec.Meta(ge=0)] = 600
    most_removals: int = 20
    most_removed_share: float = 0.05

    def __post_init__(self) -> None:
        """Raises ValueError where these settings cannot serve."""
        self.proxies()
        if self.chart not in CHARTS or self.profile not in profiles():
            raise ValueError(f"chart is one of {', '.join(CHARTS)}, profile one of {', '.join(profiles())}")
        missing = {each.platform for each in Catalogue.load(self.profile)} - CHARTS[self.chart].operators.keys()
        if missing:
            raise ValueError(f"profile {self.profile}: {self.chart} names no operator of {', '.join(sorted(missing))}")

    def proxies(self) -> tuple[Network, ...]:
        """The trusted proxies. Raises ValueError for what is no address and no network."""
        return tuple(ip_network(each) for each in self.trusted_proxies)

    def public(self, path: str) -> str:
        """The address by which people reach a path of this portal (`/…`), whatever way a request came."""
        return self.base_url.rstrip("/") + path

    def path(self, name: str) -> Path:
        """A path that the file names."""
        return Path(self.base) / name

    def secret(self, name: str) -> str:
        """What a file of secrets holds, without the line's end."""
        return self.path(name).read_text(encoding="utf-8").strip()


@cache
def current() -> Settings:
    """The settings of this process, from the file that KETNOI_PORTAL_SETTINGS names. Raises SettingsError."""
    return load_settings(os.environ.get(SETTINGS_VARIABLE, "portal.toml"), Settings)
