"""The two statements of the group commit: rows of many messages as arrays, so that one commit carries them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ketnoi_securityserver.messagelog.encryption import Sealed
from ketnoi_securityserver.messagelog.records import Record

_ROWS = """
SELECT $1::text AS node_id, $2::bigint + ordinality AS sequence, r.*
FROM unnest(
    $3::date[], $4::timestamptz[], $5::text[], $6::bool[], $7::text[], $8::bytea[], $9::bytea[], $10::bytea[],
    $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[], $15::text[], $16::bytea[]{types}
) WITH ORDINALITY AS r(
    day, logged_at, message_id, is_response, own, rest_part, body_digest, body_id,
    signature, hash_chain_result, hash_chain, configuration_digest, key_id, ciphertext{names}, ordinality)
"""

_WRITES = """
bodies AS (
    INSERT INTO message_body (day, node_id, id, key_id, ciphertext)
    SELECT day, node_id, body_id, key_id, ciphertext FROM kept WHERE ciphertext IS NOT NULL
), records AS (
    INSERT INTO record (node_id, sequence, day, logged_at, message_id, is_response, own, rest_part, body_digest,
                        body_id, signature, hash_chain_result, hash_chain, configuration_digest)
    SELECT node_id, sequence, day, logged_at, message_id, is_response, own, rest_part, body_digest,
           body_id, signature, hash_chain_result, hash_chain, configuration_digest FROM kept
)
"""

# In key order, so that two nodes that claim the same keys never wait for each other crosswise. A key that is there
# already, or is being inserted by another node at this moment, keeps its own message out and nothing else.
WRITE_WITH_REPLAY_KEYS = f"""
WITH incoming AS ({_ROWS.format(types=", $17::bytea[], $18::bool[]", names=", replay_key, claims")}),
fresh AS (
    INSERT INTO replay_key (key, seen_at)
    SELECT replay_key, logged_at FROM incoming WHERE claims ORDER BY replay_key
    ON CONFLICT DO NOTHING RETURNING key
), kept AS (
    SELECT * FROM incoming WHERE replay_key IS NULL OR replay_key IN (SELECT key FROM fresh)
), {_WRITES}
SELECT key FROM fresh
"""  # noqa: S608

WRITE = f"""
WITH kept AS ({_ROWS.format(types="", names="")}), {_WRITES}
SELECT NULL::bytea AS key WHERE false
"""

_COLUMNS = 14


class Rows:
    """The arrays of one statement, filled record by record."""

    __slots__ = ("claims", "columns", "replay_keys", "size")

    def __init__(self) -> None:
        self.columns: tuple[list[Any], ...] = tuple([] for _ in range(_COLUMNS))
        self.replay_keys: list[bytes | None] = []
        self.claims: list[bool] = []
        self.size = 0

    def add(
        self,
        record: Record,
        body_digest: bytes | None,
        sealed: Sealed | None,
        *,
        body_elsewhere: bool,
        replay_key: bytes | None,
        claims: bool,
    ) -> None:
        """One record; `body_elsewhere` when its body's row is written already."""
        signature = record.signature
        values: Iterable[Any] = (
            record.at.date(),
            record.at,
            record.message_id,
            record.is_response,
            str(record.own),
            record.rest_part,
            body_digest,
            sealed.id if sealed is not None else None,
            signature.xml,
            signature.hash_chain_result,
            signature.hash_chain,
            bytes.fromhex(record.configuration_digest),
            sealed.key_id if sealed is not None and not body_elsewhere else None,
            sealed.ciphertext if sealed is not None and not body_elsewhere else None,
        )
        for column, value in zip(self.columns, values, strict=True):
            column.append(value)
        self.replay_keys.append(replay_key)
        self.claims.append(claims)
        self.size += 1
