"""What the operator of a platform writes down for one node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Version = Literal[2, 3, 6]
Address = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.\-\[\]:]{1,255}$")]


class Listen(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where this node listens. X-Road's central server takes 80 for the configuration and 4000 for the admin API."""

    host: str
    configuration: Port = 8080
    admin: Port = 4000


class Publish(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the configuration is published; all times in seconds.

    It is signed again every `interval` and at once after a change, and counts for `validity`, as in X-Road. A node
    looks for changes made elsewhere every `poll`, and gathers changes that come within `gather` of each other. Files
    that are no longer listed stay for `keep_files`, for whoever is still downloading. `default_version` is for those
    who name none: X-Road before 7.3 does not, and reads version 2 only.
    """

    interval: Seconds = 60.0
    validity: Annotated[float, msgspec.Meta(ge=2, le=86_400)] = 600.0
    poll: Annotated[float, msgspec.Meta(gt=0, le=60)] = 1.0
    gather: Annotated[float, msgspec.Meta(ge=0, le=5)] = 0.05
    keep_files: Seconds = 600.0
    default_version: Version = 2


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One node of one platform in one environment.

    `instance` is the platform's X-Road instance identifier, `database` a PostgreSQL address, `keys` and `published`
    are folders (relative ones are meant from the settings file's folder). `addresses` are the `host` or `host:port`
    under which members reach the nodes' configuration; they are written down once, by `init`, and by default there
    is one, where this node listens. `profile` chooses the keys that sign: P-256, or RSA-2048 for members whose
    X-Road is older than 7.6. `rehearsal` marks a world of invented people, and is fixed by `init` too.
    """

    instance: str
    database: str
    listen: Listen
    base: str = "."
    keys: str = "keys"
    published: str = "published"
    node: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,40}$")] = "node0"
    addresses: list[Address] = []
    profile: Literal["ketnoi", "xroad-7.4"] = "ketnoi"
    rehearsal: bool = False
    publish: Publish = msgspec.field(default_factory=Publish)

    @property
    def first_addresses(self) -> list[str]:
        """What `init` writes down."""
        port = self.listen.configuration
        return list(self.addresses) or [self.listen.host if port == 80 else f"{self.listen.host}:{port}"]

    def path(self, name: str) -> Path:
        """`name` as a path, from the settings file's folder when it is relative."""
        return Path(self.base) / name
