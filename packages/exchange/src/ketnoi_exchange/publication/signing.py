"""The files of every version, and the signed directories that list them. Pure: no I/O, the moment given.

A file's address holds the SHA-256 of its content, so that whoever follows a directory gets the files that it lists,
whatever is published in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from ketnoi_exchange.keys import PrivateKey
from ketnoi_exchange.publication.registered import Registered
from ketnoi_trust.configuration import DirectoryContent, SignedDirectory, rehearsal
from ketnoi_trust.configuration.shared_params import WRITTEN_VERSIONS
from ketnoi_trust.configuration.signed_directory import FILE_NAMES, PRIVATE, SHARED

Kind = Literal["internal", "external"]
KINDS: Final[tuple[Kind, ...]] = ("internal", "external")
VERSIONS: Final = WRITTEN_VERSIONS

Directories = Mapping[tuple[Kind, int], bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """What one version of the platform says: the listed contents by kind and version."""

    version: int
    instance: str
    contents: Mapping[tuple[Kind, int], tuple[DirectoryContent, ...]] = field(repr=False)

    @property
    def files(self) -> dict[str, bytes]:
        """Every file by its path."""
        return {each.location: each.data for listed in self.contents.values() for each in listed}


def write(registered: Registered) -> Written:
    """The files. Raises Refused("malformed_global_conf") for what cannot be written."""
    contents: dict[tuple[Kind, int], tuple[DirectoryContent, ...]] = {}
    for version in VERSIONS:
        shared = [_content(SHARED, registered.shared.write(version), version)]
        if registered.rehearsal:
            mark = rehearsal.write_mark(registered.instance)
            shared.append(_content(rehearsal.CONTENT_IDENTIFIER, mark, version))
        private = []
        if registered.private is not None:
            private.append(_content(PRIVATE, registered.private.write(version), version))
        contents["internal", version] = (*private, *shared)
        contents["external", version] = tuple(shared)
    return Written(registered.version, registered.instance, contents)


def sign(written: Written, key: PrivateKey, certificate: bytes, expires_at: datetime) -> dict[tuple[Kind, int], bytes]:
    """The directories. Raises Refused("malformed_global_conf") when the rehearsal mark and the names disagree."""
    return {
        (kind, version): SignedDirectory.write(written.instance, listed, key, certificate, expires_at, version)
        for (kind, version), listed in written.contents.items()
    }


def _content(identifier: str, data: bytes, version: int) -> DirectoryContent:
    location = f"/V{version}/{sha256(data).hexdigest()}/{FILE_NAMES[identifier]}"
    return DirectoryContent(identifier, location, data)
