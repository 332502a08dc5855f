"""Deleting kept files that nothing needs any more."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import ProtectedError

from ketnoi_portal.files.models import Blob


def forget(digests: Iterable[str]) -> int:
    """Delete these files but for those that something still refers to; how many are gone.

    The same bytes are kept once, whoever brought them: a letter's enclosure may be a paper of a dossier too.
    """
    gone = 0
    for digest in sorted(set(digests)):
        try:
            with transaction.atomic():
                gone += bool(Blob.objects.filter(pk=digest).delete()[0])
        except ProtectedError:
            continue
    return gone
