"""Reading messages back out of the log, with their bodies opened and their time stamps found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from ketnoi_protocol.identifiers import SubsystemId
from ketnoi_securityserver.messagelog.encryption import BodyCipher, Place, Sealed

DIGEST_BYTES = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """The time stamp over several records (`result` is the hash chain result stamped) or over one (`result` None)."""

    leaves: tuple[bytes, ...] = field(repr=False)
    result: bytes | None = field(repr=False)
    token: bytes = field(repr=False)
    stamped_at: datetime


@dataclass(frozen=True, slots=True)
class Logged:
    """One message as the log holds it. `body` is None when there was none, or when it has been deleted since;
    `body_digest` is not None in the second case."""

    node_id: str
    sequence: int
    logged_at: datetime
    message_id: str
    is_response: bool
    own: SubsystemId
    rest_part: bytes = field(repr=False)
    body: bytes | None = field(repr=False)
    body_digest: bytes | None = field(repr=False)
    signature_xml: bytes = field(repr=False)
    signature_digest: bytes = field(repr=False)
    hash_chain_result: bytes | None = field(repr=False)
    hash_chain: bytes | None = field(repr=False)
    configuration_digest: str
    batch: Batch | None


async def find(
    pool: asyncpg.Pool,
    cipher: BodyCipher,
    own: SubsystemId,
    message_id: str,
    *,
    is_response: bool | None = None,
    most: int | None = None,
) -> list[Logged]:
    """All messages of one id that one of our subsystems sent or received, in the order they were written.

    The first `most` of them, where that is given. Raises Refusal `database_error` when a body cannot be opened.
    """
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT * FROM record WHERE message_id = $1 AND own = $2 AND ($3::boolean IS NULL OR is_response = $3)"
            " ORDER BY logged_at, node_id, sequence LIMIT $4",
            message_id,
            str(own),
            is_response,
            most,
        )
        return [await _logged(connection, cipher, own, row) for row in rows]


async def read_on(
    connection: Any, cipher: BodyCipher, node_id: str, after: int, upto: int, most: int, *, bodies: bool
) -> list[Logged]:
    """A node's messages with `after` < sequence ≤ `upto`, at most `most`, in order; `bodies`: with their bodies.

    Raises Refusal `database_error` when a body cannot be opened.
    """
    rows = await connection.fetch(
        "SELECT * FROM record WHERE node_id = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4",
        node_id,
        after,
        upto,
        most,
    )
    return [
        await _logged(connection, cipher, SubsystemId.from_colon(row["own"]), row, with_body=bodies) for row in rows
    ]


async def _logged(connection: Any, cipher: BodyCipher, own: SubsystemId, row: Any, *, with_body: bool = True) -> Logged:
    body = None
    if with_body and row["body_id"] is not None:
        found = await connection.fetchrow(
            "SELECT id, key_id, ciphertext FROM message_body WHERE node_id = $1 AND id = $2 AND day = $3",
            row["node_id"],
            row["body_id"],
            row["day"],
        )
        if found is not None:
            place = Place(row["node_id"], row["day"], own, row["message_id"], row["is_response"])
            body = cipher.open_body(Sealed(found["id"], found["key_id"], found["ciphertext"]), place)
    batch = await connection.fetchrow(
        "SELECT leaves, result, token, stamped_at FROM batch WHERE node_id = $1 AND last_sequence >= $2"
        " AND first_sequence <= $2 ORDER BY last_sequence LIMIT 1",
        row["node_id"],
        row["sequence"],
    )
    return Logged(
        row["node_id"],
        row["sequence"],
        row["logged_at"],
        row["message_id"],
        row["is_response"],
        own,
        row["rest_part"],
        body,
        row["body_digest"],
        row["signature"],
        row["signature_digest"],
        row["hash_chain_result"],
        row["hash_chain"],
        row["configuration_digest"].hex(),
        None if batch is None else batch_of(batch),
    )


def batch_of(row: Any) -> Batch:
    """A row of the table `batch`."""
    leaves = row["leaves"]
    cut = tuple(leaves[at : at + DIGEST_BYTES] for at in range(0, len(leaves), DIGEST_BYTES))
    return Batch(cut, row["result"], row["token"], row["stamped_at"])
