"""What was kept of a call, on both sides and in the registry: told without personal data."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg

from ketnoi_client import evidence
from ketnoi_testbed.world import World


@dataclass(frozen=True)
class Kept:
    """One row of a message log: whose, which way, sizes in octets, and whether the body is unreadable there."""

    server: str
    is_response: bool
    sequence: int
    signature_octets: int
    body_octets: int
    body_is_encrypted: bool


@dataclass(frozen=True)
class Looked:
    """One row of the registry's access log; `pseudonym` is the beginning of the subject's."""

    officer: str
    unit: str
    procedure: str
    pseudonym: str
    fields: tuple[str, ...]
    result: str


@dataclass(frozen=True)
class Proof:
    """A container that was verified without any server: what it proves. `file` was its name, `octets` its size."""

    kind: str
    message_id: str
    signer: str
    signing_time: str
    stamped_at: str
    certificate: str
    file: str
    octets: int


_RECORDS = (
    "SELECT r.sequence, r.is_response, length(r.signature) AS signature, coalesce(length(b.ciphertext), 0) AS body,"
    " position('MaYeuCau'::bytea in b.ciphertext) = 0 AS encrypted"
    " FROM record r LEFT JOIN message_body b ON b.node_id = r.node_id AND b.id = r.body_id AND b.day = r.day"
    " WHERE r.message_id = $1 ORDER BY r.sequence"
)
_LOOKED = "SELECT * FROM access_log WHERE message_id = $1 ORDER BY sequence"


async def kept(world: World, message_id: str) -> list[Kept]:
    """The rows of this message in the logs of both servers."""
    return [
        Kept(str(server.id), row["is_response"], row["sequence"], row["signature"], row["body"], bool(row["encrypted"]))
        for server in world.servers.values()
        for row in await _fetch(server.settings.database, _RECORDS, message_id)
    ]


async def looked(world: World, message_id: str) -> list[Looked]:
    """The registry's access log about this message."""
    return [
        Looked(
            row["officer"] or "",
            row["unit"] or "",
            row["procedure_code"] or "",
            row["subject_pseudonym"].hex()[:16] if row["subject_pseudonym"] else "",
            tuple(row["released_fields"]),
            row["result_code"],
        )
        for row in await _fetch(world.registry.database, _LOOKED, message_id)
    ]


async def _fetch(dsn: str, statement: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()


def proofs(world: World, code: str, message_id: str) -> list[Proof]:
    """Fetch the evidence of a call as its agency does, and verify it as anybody can. Blocks.

    Raises what the client raises; Refused of ketnoi_trust when a container is not valid.
    """
    # A container holds the bodies in clear: none outlives its verification.
    with tempfile.TemporaryDirectory(prefix="evidence-", dir=world.folder) as folder:
        files = evidence.fetch(world.agency(code), message_id, Path(folder))
        return [
            _proof(file, Path(folder) / "verificationconf")
            for file in sorted(path for path in files if path.suffix == ".asice")
        ]


def _proof(file: Path, trust: Path) -> Proof:
    verdict = evidence.verify(file, trust, strict=True)
    return Proof(
        "response" if verdict.message.is_response else "request",
        verdict.message.message_id or "",
        str(verdict.signer),
        verdict.signing_time.isoformat(timespec="milliseconds"),
        verdict.stamped_at.isoformat(timespec="milliseconds"),
        sha256(verdict.certificate).hexdigest(),
        file.name,
        file.stat().st_size,
    )
