"""What the operator of a security server writes down: addresses, files, limits, spelling."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from ketnoi_protocol.identifiers import SecurityServerId

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]

ProfileName = Literal["ketnoi", "xroad-7.4"]

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Profile:
    """What depends on the age of the other servers of an instance.

    `errors` is how X-Road's error types are spelt, `proxy_version` what peers are told in `x-proxy-version`,
    `key_type` what new keys are, `direct_references` whether a signature names the body itself or through a hash
    chain. Both EC keys and direct references are read by X-Road from 7.6 on.
    """

    errors: Literal["snake", "camel"]
    proxy_version: str
    newest_tls: ssl.TLSVersion
    key_type: Literal["p256", "rsa2048"]
    direct_references: bool


PROFILES: Final[dict[ProfileName, Profile]] = {
    "ketnoi": Profile("snake", "7.8.0", ssl.TLSVersion.TLSv1_3, "p256", True),
    "xroad-7.4": Profile("camel", "7.4.2", ssl.TLSVersion.TLSv1_2, "rsa2048", False),
}


class Listen(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where this server listens; the ports are X-Road's own."""

    host: str
    consumer_http: Port = 8080
    consumer_https: Port = 8443
    peers: Port = 5500
    ocsp: Port = 5577
    admin: Port = 4000


class Peers(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How this server calls other security servers; all times in seconds (docs/decisions, 1 to 4)."""

    port: Port = 5500
    ocsp_port: Port = 5577
    connect_timeout: Seconds = 10.0
    idle: Seconds = 15.0
    fastest_remembered: Seconds = 3600.0
    ocsp_refetch: Seconds = 300.0


class Limits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What one message, and all messages of the moment together, may take.

    Sizes in bytes, times in seconds. `in_flight` is the budget of octets held by the process at one moment,
    `exchanges` that of exchanges under way. The message's REST part is bounded by its own form (64 kB).
    """

    body: Annotated[int, msgspec.Meta(ge=0, le=10 * MEBIBYTE)] = MEBIBYTE
    in_flight: Annotated[int, msgspec.Meta(ge=MEBIBYTE)] = 256 * MEBIBYTE
    exchanges: Annotated[int, msgspec.Meta(ge=1)] = 2000
    deadline: Seconds = 90.0


class Upkeep(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How often the server looks after itself; all times in seconds.

    `timestamp_interval` and `ocsp_refresh` are the configuration's own unless set here. After
    `timestamp_failure_accepted` without a time stamp no more messages are taken. Bodies are deleted after
    `body_days` days; they are kept for ever while it is not set. With `archive`, a folder, messages are written into
    archive files every `archive_interval`, and deleted from the database once archived and `record_days` days old.
    Beside an older authentication certificate, a newer one is used only when it has been registered for
    `new_certificate_after`: until then there may be peers whose configuration does not name it [our choice].
    """

    configuration_poll: Seconds = 60.0
    new_certificate_after: Annotated[float, msgspec.Meta(ge=0)] = 180.0
    serverconf_poll: Annotated[float, msgspec.Meta(gt=0, le=5)] = 2.0
    ocsp_refresh: Seconds | None = None
    timestamp_interval: Seconds | None = None
    timestamp_failure_accepted: Seconds = 14_400.0
    log_timeout: Seconds = 5.0
    body_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    archive: str | None = None
    archive_interval: Seconds = 21_600.0
    record_days: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One security server.

    `server` is the identifier in its colon form, `database` a PostgreSQL address, `keys`, `anchor` and
    `configuration` are paths (relative ones are meant from the settings file's folder). `profile` is `xroad-7.4`
    in an instance whose servers know neither EC keys nor TLS 1.3. `strict_freshness` refuses a message whose signing
    time lies further back than the OCSP freshness plus five minutes, which keeps the replay window closed for ever.
    """

    server: str
    database: str
    listen: Listen
    base: str = "."
    keys: str = "keys"
    anchor: str = "anchor.xml"
    configuration: str = "configuration"
    node: str = "node0"
    profile: ProfileName = "ketnoi"
    strict_freshness: bool = True
    peers: Peers = msgspec.field(default_factory=Peers)
    limits: Limits = msgspec.field(default_factory=Limits)
    upkeep: Upkeep = msgspec.field(default_factory=Upkeep)

    @property
    def server_id(self) -> SecurityServerId:
        """The identifier, parsed. Raises InvalidIdentifier."""
        return SecurityServerId.from_colon(self.server)

    @property
    def kind(self) -> Profile:
        """The profile, looked up."""
        return PROFILES[self.profile]

    def path(self, name: str) -> Path:
        """`name` as a path, from the settings file's folder when it is relative."""
        return Path(self.base) / name
