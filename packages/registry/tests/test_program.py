"""The program as an operator runs it, and what it leaves behind: no personal number in clear, anywhere."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import msgspec
import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.cli import main
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.postgres import find_binaries

from .population import AN, PEOPLE, UNITS
from .worlds import run

SETTINGS = """
environment = "test"
node_id = "n1"
database = "{database}"
certificate = "registry.crt"
key = "registry.key"
pseudonym_keys = "kept/keys.json"
port = 0
callers = [{{ instance = "VDXP-TEST", certificate = "ss-vdxp.crt" }},
           {{ instance = "NDXP-TEST", certificate = "ss-ndxp.crt" }}]
[directory]
url = "{url}"
certificate = "UnsafeDirectory.crt"
"""


@asynccontextmanager
async def program(world):
    """The registry as a process of its own; yields (what it prints, where)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ketnoi_registry.cli", "run", "--settings", str(world.folder / "registry.toml"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    told = SimpleNamespace(process=process, out=b"", err=b"", ready={})
    try:
        async with asyncio.timeout(20):
            told.out = await process.stdout.readline()
        told.ready = json.loads(told.out)
        yield told
    finally:
        if process.returncode is None:
            process.terminate()
        out, told.err = await process.communicate()
        told.out += out


def settle(world, name="registry.toml"):
    (world.folder / "kept").mkdir(exist_ok=True)
    text = SETTINGS.format(database=world.database, url=world.settings.directory.url)
    (world.folder / name).write_text(text)
    return str(world.folder / name)


def test_the_program_answers_stops_and_leaves_no_personal_number_in_clear(tmp_path, database, cluster):
    secrets = {person.personal_number for person in PEOPLE} | {"990089000777", "990000404"}
    secrets |= {old.number for person in PEOPLE for old in person.old_id_numbers}
    names = {person.full_name for person in PEOPLE}

    async def act(world):
        settings = settle(world)
        # The keys of this database: with others of its own a node does not start.
        shutil.copy(world.folder / "keys.json", world.folder / "kept" / "keys.json")
        assert await asyncio.to_thread(main, ["init", "--settings", settings]) == 0
        async with program(world) as told:
            world.registry, inner = SimpleNamespace(port=told.ready["port"]), world.registry
            try:
                codes = await everything(world)
            finally:
                world.registry = inner
        assert told.process.returncode == 0
        return told, codes

    told, codes = run(tmp_path, database, act)
    dump = subprocess.run(
        [
            find_binaries() / "pg_dump",
            "--data-only",
            "--exclude-table=person",
            "--exclude-table=old_id_number",
            database,
        ],
        capture_output=True,
        check=True,
    ).stdout
    assert told.ready["ready"] == "registry"
    assert codes == {"00", "01", "10", "12", "20", "21", "23", "24", "99", "unknown_service", "message_too_large"}
    assert b"tk-h55" in dump, "the dump holds the access log"
    assert b"a look-up failed" in told.err
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(kept) > 8
    postgres = (cluster.folder / "postgres.log").read_bytes()
    for found in (told.out, told.err, dump, postgres, *(file.read_bytes() for file in kept)):
        for secret in secrets | names:
            assert secret.encode() not in found
            assert msgspec.json.encode(secret)[1:-1] not in found


async def everything(world):
    """Questions that end in every kind of way, each with numbers of people; the codes they ended with."""
    answers = [await world.ask(service, **_members(service)) for service in Service]
    answers += [await world.ask(service, SoDinhDanh="990089000777", **_members(service)) for service in Service]
    answers += [
        await world.ask(Service.LOOK_UP_CITIZEN, SoDinhDanh=None, SoCMND="990000404"),
        await world.ask(Service.LOOK_UP_CITIZEN, MaDVC="9", MaYeuCau="990089000001"),
        await world.ask(Service.LOOK_UP_CITIZEN, SoDinhDanh="9900890000012"),
        await world.ask(Service.LOOK_UP_CITIZEN, **{"990089000001": "x"}),
        await world.ask(Service.LOOK_UP_CITIZEN, MaTichHop="990000001"),
        await world.ask(Service.LOOK_UP_CITIZEN, MaDVC="990089000001"),
        await world.ask(Service.LOOK_UP_CITIZEN, MaCanBo="990089000001"),
        await world.ask(Service.LOOK_UP_CITIZEN, MaDonVi="H55.990000001"),
        await world.ask(Service.VERIFY_CITIZEN, ThuocTinh={"Cha": "990060000002", "Me": "Trần Thị Hòa"}),
        await world.ask(Service.VERIFY_CITIZEN, ThuocTinh={"GioiTinh": "990060000002"}),
        await world.ask(Service.LOOK_UP_CITIZEN, sign={"client": "VDXP-TEST/GOV/990089000001/990000001"}),
        await world.ask(Service.LOOK_UP_CITIZEN, sign={"client": "VDXP-TEST/GOV/H55/990000001"}),
        await world.ask(Service.LOOK_UP_CITIZEN, sign={"key_id": "990089000001"}),
        await world.ask(Service.LOOK_UP_CITIZEN, sign={"message_id": "ho-so 990089000001"}),
        await world.ask(Service.LOOK_UP_CITIZEN, MaYeuCau="990089000001"),
        await world.ask(Service.LOOK_UP_CITIZEN, MaYeuCau="990089000001", SoDinhDanh="990190000003"),
        await world.send("POST", "/v1/990089000001", b"{}", world.signed(b"{}")),
        await world.send("POST", "/v1/TraCuuThongTinCongDan", b"990089000001" * 6000, world.signed(b"")),
        await world.send("POST", "/v1/TraCuuThongTinCongDan", b"[990089000001", world.signed(b"[990089000001")),
    ]
    await world.pool.execute("ALTER TABLE person RENAME COLUMN religion TO hidden")
    answers.append(await world.ask(Service.LOOK_UP_CITIZEN))
    await world.pool.execute("ALTER TABLE person RENAME COLUMN hidden TO religion")
    return {answer.code for answer in answers}


def _members(service):
    members = [{"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"}]
    return {"ThanhVien": members} if service is Service.VERIFY_HOUSEHOLD else {}


def test_people_and_units_are_loaded_from_lines(tmp_path, database, capsys):
    import gzip

    settings = settle_alone(tmp_path, database)
    people, units, broken = tmp_path / "people.jsonl.gz", tmp_path / "units.jsonl", tmp_path / "broken.jsonl"
    people.write_bytes(gzip.compress(b"\n".join(msgspec.json.encode(person) for person in PEOPLE)))
    units.write_bytes(b"\n".join(msgspec.json.encode(unit) for unit in UNITS) + b"\n")
    broken.write_bytes(b'{"personal_number": "990089000001", "birth_year": "x"}\n')
    unaskable = tmp_path / "unaskable.jsonl"
    wrong = PersonRow(personal_number=AN.personal_number, given_name="Nguy?n", birth_year=1989)
    unaskable.write_bytes(msgspec.json.encode(wrong))
    assert main(["init", "--settings", settings]) == 0
    keys = (tmp_path / "kept" / "keys.json").read_bytes()
    assert main(["init", "--settings", settings]) == 0, "once more changes nothing"
    assert (tmp_path / "kept" / "keys.json").read_bytes() == keys
    assert main(["load", "--settings", settings, "--units", str(units)]) == 0
    assert main(["load", "--settings", settings, str(people)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"loaded": len(PEOPLE)}
    for file, said in (
        (people, "database refused: UniqueViolationError"),
        (broken, "line 1"),
        (unaskable, "line 1: thiếu tên"),
        (tmp_path / "no", "No "),
    ):
        assert main(["load", "--settings", settings, str(file)]) == 1
        error = capsys.readouterr().err
        assert said in error
        assert "990089000001" not in error


def test_setting_up_once_more_takes_no_later_change_of_the_map_back(tmp_path, database):
    settings = settle_alone(tmp_path, database)
    assert main(["init", "--settings", settings]) == 0

    async def change():
        connection = await asyncpg.connect(database)
        try:
            told = "UPDATE administrative_unit SET name = 'Đổi tên' WHERE code = '46' AND valid_until IS NULL"
            assert await connection.execute(told) == "UPDATE 1"
        finally:
            await connection.close()

    async def name():
        connection = await asyncpg.connect(database)
        try:
            told = "SELECT name FROM administrative_unit WHERE code = '46' AND valid_until IS NULL"
            return await connection.fetchval(told)
        finally:
            await connection.close()

    asyncio.run(change())
    assert main(["init", "--settings", settings]) == 0
    assert asyncio.run(name()) == "Đổi tên"


def test_another_node_needs_the_keys_of_the_first(tmp_path, database, capsys):
    settings, keys = settle_alone(tmp_path, database), tmp_path / "kept" / "keys.json"
    assert main(["init", "--settings", settings]) == 0
    first = keys.read_bytes()
    keys.unlink()
    assert main(["init", "--settings", settings]) == 1
    assert "copy the first node's key file" in capsys.readouterr().err
    assert not keys.exists()
    Pseudonyms.make(keys, "k1")
    assert main(["init", "--settings", settings]) == 1
    assert "key k1, repetition: not the pseudonym key" in capsys.readouterr().err
    keys.write_bytes(first)
    assert main(["init", "--settings", settings]) == 0


def settle_alone(folder: Path, database: str) -> str:
    world = SimpleNamespace(
        folder=folder, database=database, settings=SimpleNamespace(directory=SimpleNamespace(url=""))
    )
    return settle(world)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "registry.toml").write_text("port = 'x'"), "mend this field"),
        (lambda folder: (folder / "registry.toml").unlink(), "give the path with --settings"),
        (lambda folder: None, "no usable certificate and key"),
    ],
)
def test_what_cannot_be_started_says_why(tmp_path, database, capsys, spoil, said):
    settings = settle_alone(tmp_path, database)
    spoil(tmp_path)
    assert main(["run", "--settings", settings]) == 1
    assert said in capsys.readouterr().err


def test_the_description_is_printed(tmp_path, database, capfdbinary):
    assert main(["openapi"]) == 0
    by_default = capfdbinary.readouterr().out
    assert main(["openapi", "--settings", settle_alone(tmp_path, database)]) == 0
    assert capfdbinary.readouterr().out == by_default
    assert main(["openapi", "--profile", "2022-qcvn-109", "--environment", "production"]) == 0
    other = capfdbinary.readouterr().out
    assert b"QcvnAnswer" in other
    assert json.loads(by_default)["openapi"].startswith("3.1")
