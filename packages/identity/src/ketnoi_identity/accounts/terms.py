"""The terms of use, which hold the personal security commitment: which are current, and who accepted them when.

Their text is a file `VERSION.vi.txt` (and `VERSION.en.txt`, a translation), where VERSION is the day from which it
counts, in Hanoi. The digest is that of the Vietnamese file, to the octet. Those that are shipped are a draft [OC]; the
settings may name a folder with others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib import resources
from importlib.abc import Traversable
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from .records import Cursor, tell

_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.vi\.txt")
_HANOI: Final = ZoneInfo("Asia/Ho_Chi_Minh")


class TermsError(Exception):
    """Terms that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the terms, as the database has it."""

    version: str
    sha256: bytes
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Wording:
    """One version of the terms, as people read it."""

    version: str
    vi: str
    en: str

    @property
    def sha256(self) -> bytes:
        """The digest of the Vietnamese text."""
        return hashlib.sha256(self.vi.encode()).digest()

    @property
    def valid_from(self) -> datetime:
        """The beginning of the day that the version is named for."""
        return datetime.combine(date.fromisoformat(self.version), time(), _HANOI)


def wordings(folder: Path | None = None) -> dict[str, Wording]:
    """Every version that is shipped, and those of `folder`, by their names. Raises TermsError, OSError."""
    found: dict[str, Wording] = {}
    shipped: Traversable = resources.files("ketnoi_identity.accounts") / "wordings"
    for place in (shipped, folder) if folder else (shipped,):
        for wording in _read(place):
            found[wording.version] = wording
    return dict(sorted(found.items()))


def _read(place: Traversable) -> Iterator[Wording]:
    for file in sorted(place.iterdir(), key=lambda each: each.name):
        named = _NAME.fullmatch(file.name)
        if named is None:
            continue
        try:
            date.fromisoformat(named[1])
        except ValueError:
            raise TermsError(f"{file.name}: there is no such day") from None
        translation = place / f"{named[1]}.en.txt"
        vi = file.read_bytes().decode()
        yield Wording(named[1], vi, translation.read_bytes().decode() if translation.is_file() else vi)


def keep(cursor: Cursor, all_of: dict[str, Wording]) -> None:
    """Write those versions that the database does not know. Raises TermsError for one whose text has changed."""
    for wording in all_of.values():
        cursor.execute(
            "INSERT INTO terms (version, sha256, valid_from) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [wording.version, wording.sha256, wording.valid_from],
        )
        cursor.execute("SELECT sha256 FROM terms WHERE version = %s", [wording.version])
        if bytes(cursor.fetchone()[0]) != wording.sha256:
            raise TermsError(f"the terms {wording.version} are not those that were kept; give them another day")


def current(cursor: Cursor, at: datetime) -> Terms:
    """The newest terms whose day has come. Raises TermsError when there are none."""
    cursor.execute(
        "SELECT version, sha256, valid_from FROM terms WHERE valid_from <= %s ORDER BY valid_from DESC LIMIT 1", [at]
    )
    row = cursor.fetchone()
    if row is None:
        raise TermsError("there are no terms yet; run `ketnoi-identity init`")
    return Terms(row[0], bytes(row[1]), row[2])


def are_accepted(cursor: Cursor, account: UUID, at: datetime) -> bool:
    """Whether an account's holder has accepted the terms that are current."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM terms_acceptance a WHERE a.account = %s AND a.version ="
        " (SELECT version FROM terms WHERE valid_from <= %s ORDER BY valid_from DESC LIMIT 1))",
        [str(account), at],
    )
    return bool(cursor.fetchone()[0])


def accept(cursor: Cursor, account: UUID, version: str, at: datetime) -> bool:
    """Keep that an account's holder has accepted these terms; False when others are current by now."""
    now = current(cursor, at)
    if now.version != version:
        return False
    cursor.execute(
        "INSERT INTO terms_acceptance (account, version, sha256, accepted_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [str(account), now.version, now.sha256, at],
    )
    if cursor.rowcount == 1:
        tell(cursor, account, at, "terms_accepted", account, version=now.version, sha256=now.sha256.hex())
    return True
