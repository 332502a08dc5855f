"""Rings of signing keys: one key signs, the next is told before it signs, the last is told while it is still believed.

A ring is a folder of P-256 keys (PKCS #8, PEM), each named by the moment from which it signs and by its thumbprint. Of
one after which another signs the public half alone is kept (`.pub`). Whoever restarts, and several processes beside
each other, read the same folder; they read again when a file vanishes between listing and reading.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

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
_PRIVATE: Final = ".pem"
_PUBLIC: Final = ".pub"
_TRIES: Final = 100
T = TypeVar("T")


class NoKeysError(Exception):
    """The ring's folder holds no key: `init` has not been run; or others may read the folder of keys."""


class Kept(NamedTuple):
    """A key: its file, with the private half as long as there is one."""

    signs_from: datetime
    path: Path

    @property
    def signs(self) -> bool:
        """Whether the private half is still there."""
        return self.path.suffix == _PRIVATE


class KeyRing:
    """The ring in one folder. Acts of several processes of one machine come one after another."""

    def __init__(self, folder: Path, overlap: timedelta = OVERLAP, told_after: timedelta | None = None) -> None:
        """`told_after` is for how long a key is told after it has signed for the last time, where that is another."""
        self._folder = folder
        self._overlap = overlap
        self._told_after = overlap if told_after is None else told_after

    def begin(self, now: datetime) -> None:
        """Make the first key, which signs at once; nothing where there is one already."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            if not self._kept():
                self._make(now)

    def turn(self, now: datetime) -> datetime:
        """Make the next key, told from now on, and drop those that nobody believes any more; when it will sign.

        A next key that does not sign yet is not followed by another: it says when that one will. Raises NoKeysError.
        """
        with self._alone():
            self._retire(now)
            kept = self._kept()
            coming = max((each.signs_from for each in kept), default=now)
            return coming if coming > now else self._make(now + self._overlap)

    def turn_at_once(self, now: datetime) -> int:
        """For a ring that was stolen: a new key signs now, and every key whose private half could be taken is gone:
        it is neither told nor signs. How many there were. Raises NoKeysError.

        Of keys that only their public half is left of, those stay which are told for years (receipts): they were out
        of a thief's reach, unless an older copy of the folder was taken (then their files are to be deleted too).
        """
        with self._alone():
            stolen = [each for each in self._kept() if each.signs or self._told_after <= self._overlap]
            # The new one is there first: at no moment does the ring stand without one.
            self._make(now)
            for each in stolen:
                for ending in (_PRIVATE, _PUBLIC):
                    each.path.with_suffix(ending).unlink(missing_ok=True)
            return len(stolen)

    def retire(self, now: datetime) -> None:
        """Keep the public half alone of each key after which another signs, as long as it is told, then nothing.

        Nothing either where there is no such ring on this machine.
        """
        if self._folder.is_dir():
            with self._alone():
                self._retire(now)

    def signing(self, now: datetime) -> ECKey:
        """The private key that signs now, with its `kid`. Raises NoKeysError."""

        def found() -> ECKey:
            able = [each for each in self._kept() if each.signs]
            if not able:
                raise NoKeysError(_no_keys(self._folder))
            # A clock that was set back behind the first key does not stop everything.
            return _read(next((each for each in reversed(able) if each.signs_from <= now), able[0]).path)

        return _undisturbed(found)

    def told(self, now: datetime) -> dict[str, Any]:
        """The JWK Set of public keys that are believed, or soon will be. Raises NoKeysError."""

        def found() -> dict[str, Any]:
            kept = self._kept()
            if not kept:
                raise NoKeysError(_no_keys(self._folder))
            return {"keys": list(self._public(kept, now))}

        return _undisturbed(found)

    def _public(self, kept: list[Kept], now: datetime) -> Iterator[dict[str, Any]]:
        for each in kept:
            if self._is_told(each, kept, now):
                key = _read(each.path)
                yield {**key.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM}

    def _is_told(self, key: Kept, kept: list[Kept], now: datetime) -> bool:
        follows = _follows(key, kept)
        return follows is None or now < follows + self._told_after

    def _retire(self, now: datetime) -> None:
        kept = self._kept()
        for each in kept:
            follows = _follows(each, kept)
            if follows is None or follows > now:
                continue
            public = each.path.with_suffix(_PUBLIC)
            if not self._is_told(each, kept, now):
                public.unlink(missing_ok=True)
            elif each.signs:
                write_secret(public, _read(each.path).as_pem(private=False))
            each.path.with_suffix(_PRIVATE).unlink(missing_ok=True)

    def _kept(self) -> list[Kept]:
        """The oldest first, each once."""
        found: dict[str, Path] = {}
        # While a key is retired both of its files are there for a moment: the private one counts, which is the later.
        for ending in (_PUBLIC, _PRIVATE):
            found |= {path.stem: path for path in self._folder.glob(f"*-*{ending}")}
        return sorted(
            Kept(datetime.strptime(stem.partition("-")[0], _MOMENT).replace(tzinfo=UTC), path)
            for stem, path in found.items()
        )

    def _make(self, signs_from: datetime) -> datetime:
        signs_from = signs_from.astimezone(UTC).replace(microsecond=0)
        key = ECKey.generate_key("P-256")
        name = f"{signs_from.strftime(_MOMENT)}-{key.thumbprint()}{_PRIVATE}"
        write_secret(self._folder / name, key.as_pem(private=True))
        return signs_from

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Whoever else changes this ring is waited for. The lock goes with its process, however that ends."""
        if not self._folder.is_dir():
            raise NoKeysError(_no_keys(self._folder))
        lock = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def ring(folder: Path, name: str) -> KeyRing:
    """One of RINGS, below the folder of keys."""
    return KeyRing(folder / name, told_after=FOR_EVER if name == RECEIPTS else None)


def check_folder(folder: Path) -> None:
    """Raises NoKeysError when others than its owner may look into the folder of keys, or there is none."""
    if not folder.is_dir():
        raise NoKeysError(_no_keys(folder))
    if folder.stat().st_mode & 0o077:
        raise NoKeysError(f"{folder}: người khác đọc được · others may look into this folder; chmod 700 it")


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


def _undisturbed(read: Callable[[], T]) -> T:
    """What is read of a folder, again where a file was gone before it was read."""
    for _ in range(_TRIES):
        try:
            return read()
        except FileNotFoundError:
            continue
    return read()


def _no_keys(folder: Path) -> str:
    return f"{folder}: không có khóa, `init` tạo khóa · there are no keys; `ketnoi-identity init` makes them"


def _follows(key: Kept, kept: list[Kept]) -> datetime | None:
    """From when on another key signs in this one's place."""
    return next((each.signs_from for each in kept if each.signs_from > key.signs_from), None)
