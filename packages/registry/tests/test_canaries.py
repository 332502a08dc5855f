"""The command that loads canaries: numbers come in, pseudonyms under every key stay."""

from __future__ import annotations

import asyncio
import json
import secrets
from base64 import b64encode

import asyncpg
import pytest

from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.cli import main

SETTINGS = """
environment = "test"
node_id = "n1"
database = "{database}"
certificate = "-"
key = "-"
pseudonym_keys = "keys.json"
callers = []
[directory]
url = "-"
certificate = "-"
"""


@pytest.fixture
def load(tmp_path, database, capsys):
    """`load(text)`: exit status, what is printed, and the pseudonyms kept afterwards."""
    Pseudonyms.make(tmp_path / "keys.json", "k1")
    keys = json.loads((tmp_path / "keys.json").read_text())
    keys["keys"]["k0"] = b64encode(secrets.token_bytes(32)).decode()
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    (tmp_path / "registry.toml").write_text(SETTINGS.format(database=database))

    async def kept():
        connection = await asyncpg.connect(database)
        try:
            return {row["pseudonym"] for row in await connection.fetch("SELECT pseudonym FROM canary")}
        finally:
            await connection.close()

    def run(text):
        (tmp_path / "canaries.txt").write_bytes(text)
        status = main(["canaries", "--settings", str(tmp_path / "registry.toml"), str(tmp_path / "canaries.txt")])
        printed = capsys.readouterr()
        return status, printed.out, printed.err, asyncio.run(kept()), Pseudonyms.read(tmp_path / "keys.json")

    return run


def test_the_list_takes_the_place_of_the_one_before(load):
    load(b"990089000009\n")
    status, out, _, kept, keys = load(b"# remark\n990089000001  # one\r\n\n990000001\n990089000001\n")
    assert (status, json.loads(out)) == (0, {"canaries": 2})
    persons = {keys.of_person("990089000001", key) for key in ("k0", "k1")}
    assert kept == persons | {keys.of_old_number("990000001", key) for key in ("k0", "k1")}


@pytest.mark.parametrize("wrong", [b"99008900000\n", ("\u0669" * 12).encode(), b"990089000001;x\n"])
def test_a_wrong_line_is_named_without_its_number_and_changes_nothing(load, wrong):
    *_, before, _ = load(b"990089000009\n")
    status, out, err, kept, _ = load(b"990089000001\n" + wrong)
    assert (status, out, kept) == (1, "", before)
    assert "line 2" in err
    assert "9900" not in err
