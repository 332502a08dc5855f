"""As many officers as a country has, put into the portal's database at once: nobody could click them together."""

from __future__ import annotations

import json
import uuid

import asyncpg

from ketnoi_protocol.services import Service
from ketnoi_testbed.country import Country
from ketnoi_trust.directory import bucket_of

BUCKETS = 256
UNIT, LEVEL = "H55", "province"


def crowd(country: Country, count: int) -> None:
    """So many active accounts of a province that was connected long ago."""
    at = country.test.clock.now()
    services = json.dumps([str(Service.LOOK_UP_CITIZEN)])

    async def insert() -> None:
        connection = await asyncpg.connect(country.portal.database)
        try:
            # COPY is binary, and PostgreSQL's binary jsonb begins with its version.
            await connection.set_type_codec(
                "jsonb",
                encoder=lambda text: b"\x01" + text.encode(),
                decoder=lambda data: data[1:].decode(),
                schema="pg_catalog",
                format="binary",
            )
            async with connection.transaction():
                revision = await connection.fetchval("SELECT nextval('accounts_directory_revision')")
                rows = []
                for number in range(count):
                    code = f"{UNIT}.CB.{1_000_000 + number}"
                    rows.append(
                        (uuid.uuid4(), code, UNIT, LEVEL, "chart_2022", f"Cán bộ {number}", "Một cửa",
                         f"{number}@dong.example", services, "active", 0, "", at, "", "", True, at, at, "journey", 0,
                         bucket_of(code, BUCKETS), revision)
                    )  # fmt: skip
                await connection.copy_records_to_table(
                    "accounts_account",
                    records=rows,
                    columns=[
                        "id", "code", "unit_id", "level", "chart", "full_name", "position", "email", "services",
                        "state", "route_position", "desk", "state_since", "suspended_by", "suspended_for", "activated",
                        "valid_from", "asked_at", "asked_by", "version", "bucket", "revision",
                    ],
                )  # fmt: skip
        finally:
            await connection.close()

    country.test.run(insert())


def officers_published(country: Country, environment: str) -> int:
    """How many officers the newest manifest of an environment's directory names."""

    async def ask() -> int:
        connection = await asyncpg.connect(country.portal.database)
        try:
            return int(
                await connection.fetchval(
                    "SELECT officers FROM publication_publisheddirectory WHERE environment = $1", environment
                )
            )
        finally:
            await connection.close()

    return country.test.run(ask())
