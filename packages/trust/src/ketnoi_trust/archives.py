"""Archives of a message log: many containers in one ZIP file, chained to one another and to the archive before.

The chain (X-Road's `linkinginfo`, x-road.md D.5) shows that no container was taken out, put in or exchanged since the
archive was made. What each container proves, `evidence.verify` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256, sha384, sha512
from typing import Any

from ketnoi_trust import zip_format
from ketnoi_trust.errors import Refused

LINKING_INFO = "linkinginfo"
MAX_CONTAINERS = 10_000

_HASHES: dict[str, Callable[[bytes], Any]] = {"SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512}
_NOTHING = "-"
_FIRST = re.compile(r"(-|[0-9a-f]{64,128}) (-|[^ ]{1,255}) (SHA-(?:256|384|512))")
_LINK = re.compile(r"([0-9a-f]{64,128}) ([^ ]{1,512})")


@dataclass(frozen=True, slots=True)
class Link:
    """Where an archive ends: its file name and the last digest (hexadecimal) of its chain."""

    file_name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A verified archive: the containers by name in their order, what it follows, and the digest that it ends with.

    `follows` is None for the first archive of a log.
    """

    containers: Mapping[str, bytes] = field(repr=False)
    follows: Link | None
    last_digest: str


def verify(data: bytes, *, previous: Link | None = None) -> Archive:
    """Verify an archive's chain, and with `previous` that it continues that one.

    Raises Refused("asic_malformed") for a file that is no archive, and Refused("invalid_evidence") when the chain
    does not hold.
    """
    # 1 a ZIP file with the chain in it
    files = {each.name: each.content for each in zip_format.read(data, MAX_CONTAINERS + 1)}
    follows, name, links = _read(files.pop(LINKING_INFO, b""))
    # 2 the chain is about exactly the files that are there
    if len(links) != len(files) or {container for container, _ in links} != files.keys():
        raise _broken("the archive holds other files than its chain", 2)
    # 3 every link holds
    digest, hashed = "" if follows is None else follows.digest, _HASHES[name]
    for container, expected in links:
        digest = hashed((digest + hashed(files[container]).hexdigest()).encode()).hexdigest()
        if digest != expected:
            raise _broken("a file of the archive is not the one that was chained", 3)
    # 4 the archive before is the one expected
    if previous is not None and follows != previous:
        raise _broken("the archive does not continue the one before", 4)
    return Archive({container: files[container] for container, _ in links}, follows, digest)


def _read(chain: bytes) -> tuple[Link | None, str, list[tuple[str, str]]]:
    """What the archive follows, the name of the hash, and the containers with their digests."""
    first, *rest = chain.decode("utf-8", "replace").removesuffix("\n").split("\n")
    head, links = _FIRST.fullmatch(first), [_LINK.fullmatch(each) for each in rest]
    read = [(each.group(2), each.group(1)) for each in links if each is not None]
    if head is None or len(read) != len(links) or (head.group(1) == _NOTHING) is not (head.group(2) == _NOTHING):
        raise Refused("asic_malformed", "the archive has no chain that can be read", 1)
    digest, file_name, name = head.groups()
    return None if digest == _NOTHING else Link(file_name, digest), name, read


def _broken(message: str, step: int) -> Refused:
    return Refused("invalid_evidence", message, step)
