"""Which files make one instance's configuration: after a download, or out of a configuration directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ketnoi_trust.configuration import rehearsal
from ketnoi_trust.configuration.shared_params_reading import CONF
from ketnoi_trust.configuration.signed_directory import (
    FETCH_INTERVAL,
    FILE_NAMES,
    NEXT_UPDATE,
    PRIVATE,
    SHARED,
    DirectoryListing,
)
from ketnoi_trust.configuration.values import child, malformed, moment, root_of, text_of, truth, whole_number

METADATA = ".metadata"
INSTANCE_FILE = "instance-identifier"
DEFAULT_OCSP_FETCH_INTERVAL = timedelta(seconds=1200)


@dataclass(frozen=True, slots=True)
class ConfigurationFiles:
    """The files of one instance by content identifier, and until when they say they hold.

    `instance` is None where nobody said which one to expect.
    """

    by_identifier: Mapping[str, bytes] = field(repr=False)
    instance: str | None
    expires_at: datetime | None

    @classmethod
    def listed(cls, listing: DirectoryListing, files: Mapping[str, bytes]) -> ConfigurationFiles:
        """The files that a verified directory lists; parts that are not known here may be left out.

        Raises Refused("malformed_global_conf") when a file is missing or is not the one that was signed.
        """
        return cls(listed_files(listing, files), listing.instance, listing.expires_at)

    @classmethod
    def kept(cls, files: Mapping[str, bytes], instance: str | None) -> ConfigurationFiles:
        """The files of a directory that somebody has kept; `files` by path with forward slashes.

        Raises Refused("malformed_global_conf") when it is not clear which instance is meant.
        """
        folder = _folder(files, instance)
        present = {each: files[folder + name] for each, name in FILE_NAMES.items() if folder + name in files}
        metadata = [files.get(folder + FILE_NAMES[each] + METADATA) for each in (SHARED, PRIVATE) if each in present]
        expiries = [_expiry(each) for each in metadata if each is not None]
        return cls(present, instance, min(expiries) if len(expiries) == len(metadata) else None)

    @property
    def shared(self) -> bytes:
        """The shared parameters, which nothing works without."""
        if SHARED not in self.by_identifier:
            raise malformed("the shared parameters are missing")
        return self.by_identifier[SHARED]

    @property
    def private(self) -> bytes | None:
        """The private parameters, which only an instance's own members have."""
        return self.by_identifier.get(PRIVATE)

    @property
    def mark(self) -> bytes | None:
        """The mark of a rehearsal."""
        return self.by_identifier.get(rehearsal.CONTENT_IDENTIFIER)

    @property
    def verify_next_update(self) -> bool:
        """Whether the nextUpdate of OCSP responses counts (X-Road's part NEXTUPDATE)."""
        found = self.by_identifier.get(NEXT_UPDATE)
        return found is None or truth(_setting(found, "verifyNextUpdate"))

    @property
    def ocsp_fetch_interval(self) -> timedelta:
        """How often a server fetches its OCSP responses (X-Road's part FETCHINTERVAL)."""
        found = self.by_identifier.get(FETCH_INTERVAL)
        if found is None:
            return DEFAULT_OCSP_FETCH_INTERVAL
        return timedelta(seconds=whole_number(_setting(found, "ocspFetchInterval")))


def listed_files(listing: DirectoryListing, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files, by content identifier, that a verified directory lists. Raises Refused("malformed_global_conf")."""
    # 1 no part that is known here is missing
    for part in listing.parts:
        if part.content_identifier in FILE_NAMES and part.content_identifier not in files:
            raise malformed(f"the file of part {part.content_identifier} is missing")
    # 2 every file is the one that was signed
    for part in listing.parts:
        if part.content_identifier in files:
            part.check(files[part.content_identifier])
    # What is not listed does not count.
    return {name: data for name, data in files.items() if listing.part(name) is not None}


def _setting(data: bytes, name: str) -> str:
    root = root_of(data)
    if root.tag != CONF:
        raise malformed("the file holds no configuration parameters")
    return text_of(child(root, name))


def _folder(files: Mapping[str, bytes], instance: str | None) -> str:
    shared = sorted(path[: -len(FILE_NAMES[SHARED])] for path in files if _is(path, FILE_NAMES[SHARED]))
    for path in sorted(path for path in files if _is(path, INSTANCE_FILE)):
        own = instance or files[path].decode("utf-8", "replace").strip()
        wanted = f"{path[: -len(INSTANCE_FILE)]}{own}/"
        if wanted in shared:
            return wanted
    if len(shared) != 1:
        raise malformed("the directory does not hold the configuration of one instance")
    return shared[0]


def _is(path: str, name: str) -> bool:
    return path == name or path.endswith(f"/{name}")


def _expiry(metadata: bytes) -> datetime:
    try:
        expires = json.loads(metadata)["expirationDate"]
    except (ValueError, RecursionError, KeyError, TypeError, IndexError) as error:
        raise malformed("the metadata of a file cannot be read") from error
    return moment(str(expires))
