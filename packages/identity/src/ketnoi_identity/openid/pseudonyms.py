"""Under which name an organisation knows an account: another one at each, and none says anything of the person.

HMAC-SHA-256 under a secret of the key folder. Without the secret nobody can tell whether two names are one person's,
nor try personal numbers, which do not enter at all: what is hashed is the account's random id.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from pathlib import Path
from typing import Final
from uuid import UUID

from ketnoi_identity.openid.keys import write_secret

FILE: Final = "pairwise"
_OCTETS: Final = 32
_SUBJECT: Final = b"ketnoi openid subject"
_OFFICER: Final = b"ketnoi officer"
_OFFICERS_OCTETS: Final = 12


class Pseudonyms:
    """The names under one secret."""

    def __init__(self, secret: bytes) -> None:
        """Raises ValueError for a secret that is too short."""
        if len(secret) < _OCTETS:
            raise ValueError("the secret of pseudonyms is too short")
        self._secret = secret

    @classmethod
    def of(cls, folder: Path) -> Pseudonyms:
        """Those of a key folder. Raises OSError, ValueError."""
        return cls((folder / FILE).read_bytes())

    def subject(self, organisation: str, account: UUID) -> str:
        """`sub` of ID tokens: the organisation is the sector (OpenID Connect Core 8.1), whichever client asks."""
        return base64.urlsafe_b64encode(self._name(_SUBJECT, organisation, account)).rstrip(b"=").decode()

    def officer(self, organisation: str, account: UUID) -> str:
        """The code of 20 base32 letters (MaCanBo) under which the account acts as an officer of the organisation."""
        octets = self._name(_OFFICER, organisation, account)[:_OFFICERS_OCTETS]
        return base64.b32encode(octets).rstrip(b"=").decode()

    def _name(self, what_for: bytes, organisation: str, account: UUID) -> bytes:
        # The account's octets have one length, so no two pairs of organisation and account are one text.
        return hmac.digest(self._secret, b"\0".join((what_for, account.bytes, organisation.encode())), "sha256")


def begin(folder: Path) -> None:
    """Make the secret; nothing where there is one already: another one would make everybody a stranger."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / FILE).exists():
        write_secret(folder / FILE, secrets.token_bytes(_OCTETS))
