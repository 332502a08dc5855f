"""Downloading a configuration: the signed directory in the newest version there is, and the files that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from ketnoi_securityserver.fetching import Fetching
from ketnoi_trust.configuration import DirectoryListing
from ketnoi_trust.configuration.signed_directory import FILE_NAMES, MAX_MESSAGE_BYTES
from ketnoi_trust.configuration.values import MAX_FILE_BYTES

VERSIONS = (6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A signed directory as it came, its version, and the files it lists by content identifier."""

    directory: bytes = field(repr=False)
    version: int
    files: Mapping[str, bytes] = field(repr=False)


class Sources:
    """Configuration sources, asked over HTTP."""

    def __init__(self, fetching: Fetching) -> None:
        self._fetching = fetching

    async def directory(self, url: str) -> bytes:
        """The signed directory, in the first of versions 6 to 2 that the source has. Raises OSError."""
        joint = "&" if urlsplit(url).query else "?"
        for version in VERSIONS:
            status, body = await self._fetching.get(f"{url}{joint}version={version}", most=MAX_MESSAGE_BYTES)
            if status == 200:
                return body
            if status != 404:
                raise OSError(f"status {status}")
        raise OSError("the source has none of the versions 2 to 6")

    async def files(self, url: str, listing: DirectoryListing, before: Mapping[str, bytes]) -> dict[str, bytes]:
        """The listed files that we know the use of; fetched only when not among those `before`. Raises OSError.

        Whether each is the one that was signed is for the caller to check.
        """
        files = {}
        for part in listing.parts:
            name = part.content_identifier
            if name not in FILE_NAMES:
                continue
            if name in before and part.matches(before[name]):
                files[name] = before[name]
                continue
            status, body = await self._fetching.get(urljoin(url, part.location), most=MAX_FILE_BYTES)
            if status != 200:
                raise OSError(f"{name}: status {status}")
            files[name] = body
        return files
