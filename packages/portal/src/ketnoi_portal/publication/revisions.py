"""The number that grows with everything that could change what is published."""

from __future__ import annotations

from django.db import connection

from ketnoi_portal.publication.models import Revision

_COUNTER = "published"


def next_revision() -> int:
    """A higher number, for what this transaction changes; publisher and worker look again once it is committed.

    Whoever changes an officer's account writes this number beside it. The counter's row stays locked until the
    transaction ends, so that numbers become visible in their own order and nothing lower ever appears later.
    Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a revision belongs to the transaction of what it counts")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO publication_revision (name, number) VALUES (%s, 1)"
            " ON CONFLICT (name) DO UPDATE SET number = publication_revision.number + 1 RETURNING number",
            [_COUNTER],
        )
        return int(cursor.fetchone()[0])


def present_revision() -> int:
    """The number of the newest committed change; 0 before the first."""
    return Revision.objects.filter(name=_COUNTER).values_list("number", flat=True).first() or 0
