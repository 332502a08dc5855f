"""Whether a node's pseudonym keys are those of its database: with others it would know neither a MaYeuCau that was used
nor a canary, and one key's name would mean two keys in the log."""

from __future__ import annotations

import asyncpg

from .pseudonyms import PseudonymKeyError, Pseudonyms

MEND = "copy the first node's key file here"


async def known(pool: asyncpg.Pool) -> bool:
    """Whether the database has been used with any keys."""
    return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM pseudonym_key)"))


async def check(pool: asyncpg.Pool, pseudonyms: Pseudonyms) -> None:
    """Compare with what the database knows; keys of new names are noted. Raises PseudonymKeyError."""
    own = pseudonyms.fingerprints()
    async with pool.acquire() as connection, connection.transaction():
        await connection.executemany(
            "INSERT INTO pseudonym_key (name, fingerprint) VALUES ($1, $2) ON CONFLICT DO NOTHING", list(own.items())
        )
        rows = await connection.fetch("SELECT name, fingerprint FROM pseudonym_key WHERE name = any($1)", list(own))
        wrong = sorted(row["name"] for row in rows if row["fingerprint"] != own[row["name"]])
        if wrong:
            # Raised within the transaction: nothing of these keys is noted.
            raise PseudonymKeyError(f"{', '.join(wrong)}: not the pseudonym key that this database knows; {MEND}")
