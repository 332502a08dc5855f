"""Rings of signing keys: one key signs, the next is told before it signs, the last is told while it is still believed.

A ring is a folder of P-256 keys (PKCS #8, PEM), each named by the moment from which it signs and by its thumbprint.
Whoever restarts, and several processes beside each other, read the same folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from joserfc.jwk import ECKey

ALGORITHM: Final = "ES256"
OPENID: Final = "openid"
OFFICERS: Final = "officers"
RECEIPTS: Final = "receipts"
RINGS: Final = (OPENID, OFFICERS, RECEIPTS)
"""The rings: ID tokens, officers' tokens, receipts of consents. A key of one never signs for another."""
OVERLAP: Final = timedelta(days=1)
"""So long a key is told before it signs, and after it has signed for the last time [our choice]."""
FOR_EVER: Final = timedelta(days=365_000)
"""Receipts are verified years later: their keys are never dropped."""
_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_ENDING: Final = ".pem"


class NoKeysError(Exception):
    """The ring's folder holds no key: `init` has not been run; or others may read the folder of keys."""


class Kept(NamedTuple):
    """A key's file."""

    signs_from: datetime
    path: Path


class KeyRing:
    """The ring in one folder."""

    def __init__(self, folder: Path, overlap: timedelta = OVERLAP, told_after: timedelta | None = None) -> None:
        """`told_after` is for how long a key is told after it has signed for the last time, where that is another."""
        self._folder = folder
        self._overlap = overlap
        self._told_after = overlap if told_after is None else told_after

    def begin(self, now: datetime) -> None:
        """Make the first key, which signs at once; nothing where there is one already."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._kept():
            self._make(now)

    def turn(self, now: datetime) -> datetime:
        """Make the next key, told from now on, and drop those that nobody believes any more; when it will sign.

        A next key that does not sign yet is not followed by another: it says when that one will.
        """
        kept = self._kept()
        for each in kept:
            if not self._is_told(each, kept, now):
                each.path.unlink()
        coming = max((each.signs_from for each in kept), default=now)
        return coming if coming > now else self._make(now + self._overlap)

    def signing(self, now: datetime) -> ECKey:
        """The private key that signs now, with its `kid`. Raises NoKeysError."""
        kept = self._kept()
        if not kept:
            raise NoKeysError(str(self._folder))
        # A clock that was set back behind the first key does not stop everything.
        return _read(next((each for each in reversed(kept) if each.signs_from <= now), kept[0]).path)

    def told(self, now: datetime) -> dict[str, Any]:
        """The JWK Set of public keys that are believed, or soon will be. Raises NoKeysError."""
        kept = self._kept()
        if not kept:
            raise NoKeysError(str(self._folder))
        return {"keys": list(self._public(kept, now))}

    def _public(self, kept: list[Kept], now: datetime) -> Iterator[dict[str, Any]]:
        for each in kept:
            if self._is_told(each, kept, now):
                key = _read(each.path)
                yield {**key.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM}

    def _is_told(self, key: Kept, kept: list[Kept], now: datetime) -> bool:
        follows = next((each.signs_from for each in kept if each.signs_from > key.signs_from), None)
        return follows is None or now < follows + self._told_after

    def _kept(self) -> list[Kept]:
        """The oldest first."""
        return sorted(
            Kept(datetime.strptime(path.name.partition("-")[0], _MOMENT).replace(tzinfo=UTC), path)
            for path in self._folder.glob(f"*-*{_ENDING}")
        )

    def _make(self, signs_from: datetime) -> datetime:
        signs_from = signs_from.astimezone(UTC).replace(microsecond=0)
        key = ECKey.generate_key("P-256")
        name = f"{signs_from.strftime(_MOMENT)}-{key.thumbprint()}{_ENDING}"
        write_secret(self._folder / name, key.as_pem(private=True))
        return signs_from


def ring(folder: Path, name: str) -> KeyRing:
    """One of RINGS, below the folder of keys."""
    return KeyRing(folder / name, told_after=FOR_EVER if name == RECEIPTS else None)


def check_folder(folder: Path) -> None:
    """Raises NoKeysError when others than its owner may look into the folder of keys, or there is none."""
    if not folder.is_dir():
        raise NoKeysError(f"{folder.name}: there is no such folder of keys; `ketnoi-identity init` makes it")
    if folder.stat().st_mode & 0o077:
        raise NoKeysError(f"{folder.name}: others may look into this folder of keys; chmod 700 it")


def write_secret(path: Path, octets: bytes) -> None:
    """Write a file that its owner alone reads; it is there whole or not at all."""
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def _read(path: Path) -> ECKey:
    key = ECKey.import_key(path.read_bytes())
    key.ensure_kid()
    return key
