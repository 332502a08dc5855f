"""Codes of accounts (MaCanBo): the unit's code, a mark, a number, in at most 20 characters.

The length is the official field's. The unit's code is there for people who read a log; nothing is derived from it,
and it stays when the officer moves to another unit: our choice.
"""

from __future__ import annotations

from typing import Final

from ketnoi_portal.accounts.facts import upwards
from ketnoi_portal.accounts.models import Numbering
from ketnoi_trust.directory import bucket_of

LONGEST: Final = 20
MARK: Final = ".CB."
BUCKETS: Final = 256
"""Buckets of the officers in the signed directory: at 200,000 officers each has about 800."""


def new_codes(unit: str, count: int) -> list[str]:
    """So many new codes for a unit, within a transaction that keeps them.

    Where the unit's own code leaves no room for the number, the code of an organisation above it stands instead. Raises
    RuntimeError when even the shortest has no number left.
    """
    codes: list[str] = []
    for above in upwards(unit):
        prefix = above + MARK
        room = LONGEST - len(prefix)
        if room < 4:
            continue
        # Eleven digits at most: twelve in a row could be taken for a personal number.
        most = 10 ** min(room, 11) - 1
        Numbering.objects.get_or_create(prefix=prefix)
        numbering = Numbering.objects.select_for_update().get(pk=prefix)
        given = min(count - len(codes), most - numbering.last)
        codes += [f"{prefix}{numbering.last + number:04d}" for number in range(1, given + 1)]
        numbering.last += given
        numbering.save(update_fields=["last"])
        if len(codes) == count:
            return codes
    raise RuntimeError("there is no number left for an account's code")


def bucket(code: str) -> str:
    """The bucket of the signed directory in which a code stands."""
    return bucket_of(code, BUCKETS)
