"""The two statements of the group commit: rows of many messages in one array, so that one commit carries them all."""

from __future__ import annotations

from typing import Any

from ketnoi_securityserver.messagelog.encryption import Sealed
from ketnoi_securityserver.messagelog.records import Record

_INCOMING = """
SELECT $1::text AS node_id, $2::bigint + ordinality AS sequence, r.*
FROM unnest($3::log_row[]) WITH ORDINALITY AS r
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
WITH incoming AS ({_INCOMING}),
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
WITH kept AS ({_INCOMING}), {_WRITES}
SELECT NULL::bytea AS key WHERE false
"""

Row = tuple[Any, ...]
"""One record in the order of the type `log_row` (migrations/0003_log_row.sql); first its day."""


def row_of(
    record: Record,
    body_digest: bytes | None,
    sealed: Sealed | None,
    *,
    body_elsewhere: bool,
    replay_key: bytes | None,
    claims: bool,
) -> Row:
    """The row of one record; `body_elsewhere` when its body's row is written already."""
    signature = record.signature
    here = None if body_elsewhere else sealed
    return (
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
        here.key_id if here is not None else None,
        here.ciphertext if here is not None else None,
        replay_key,
        claims,
    )
