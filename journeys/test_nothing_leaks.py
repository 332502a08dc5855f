"""No personal number stands in any file, address, log or trace that a world wrote, nor in its databases outside of the
register itself; the encrypted message log and the evidence keep theirs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import asyncpg
import pytest

from journeys.conftest import MakeWorld
from journeys.peer import raw_call
from ketnoi_client.problems import Refused
from ketnoi_testbed.asking import member_of, person_of
from ketnoi_testbed.population import Sample
from ketnoi_testbed.world import World


def _walk(world: World) -> set[str]:
    """Every service, good and bad questions; the numbers that were asked about or answered."""
    people: Sample = world.people
    for code in ("G15", "H55"):
        agency = world.agency(code)
        agency.look_up_citizen(person_of(people.full))
        agency.confirm_identity_number(person_of(people.full, old_number=people.full.old_id_numbers[-1].number))
        agency.verify_household(person_of(people.family[0]), [member_of(each) for each in people.family[1:]])
        agency.verify_citizen(person_of(people.full))
        agency.look_up_citizen(person_of(people.year_only, name="Không Phải Tên Này"))
        with pytest.raises(Refused):
            agency.look_up_citizen(person_of(people.dead), procedure="KHONG-CO")
    with pytest.raises(Refused):
        world.agency("H55").look_up_citizen(person_of(people.full), officer=people.full.personal_number)
    _tell_a_server(world, people.full.personal_number, people.full.old_id_numbers[-1].number)
    rows = [people.full, people.year_only, people.dead, *people.family]
    return {row.personal_number for row in rows} | {old.number for row in rows for old in row.old_id_numbers}


def _tell_a_server(world: World, number: str, old_number: str) -> None:
    """A number where none belongs, with separators and without: in headers, addresses, identifiers."""
    own = world.server("VDXP", "H55")
    service = world.provider("VDXP").party.subsystem.service("TraCuuThongTinCongDan").slash
    client = {"X-Road-Client": own.party.subsystem.slash}
    dashed, spaced = (
        f"{number[:4]}-{number[4:8]}-{number[8:]}",
        f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}",
    )
    here = "server.clientproxy.personal_number_in_header"
    for target, headers, refusal in (
        *((f"/r1/{service}", {**client, name: text}, here)
          for name in ("X-Road-UserId", "X-Road-Id", "X-Road-Issue", "X-Road-Represented-Party")
          for text in (number, f"HS-{number}", dashed, f"HS {spaced}")),
        (f"/r1/{service}", {**client, "X-Road-UserId": old_number}, here),
        (f"/r1/{service}", {**client, "X-Road-Issue": f"HS {old_number}"}, here),
        (f"/r1/{service}", {**client, "X-Our-Own": number}, here),
        *((f"/r1/{service}{path}", client, here)
          for path in (f"/{number}", f"/{dashed}", f"/v1/{spaced.replace(' ', '%20')}/x", f"?so={number}",
                       f"?so={dashed}", f"?so={spaced.replace(' ', '+')}", f"?so=%3{number[0]}{number[1:]}")),
        (f"/r1/{service.rpartition('/')[0]}/{number}", client, here),
        (f"/r1/{number}", client, "client.bad_request"),
        (f"/r1/{service}", {"X-Road-Client": number}, "server.clientproxy.invalid_client_identifier"),
    ):  # fmt: skip
        answer = raw_call(world, own, target, headers, b"{}")
        assert json.loads(answer.body)["type"] == refusal


def _holding(text: bytes, numbers: set[str]) -> set[str]:
    """The numbers that stand in a text, personal numbers however their digits are separated."""
    found = {match.decode() for match in re.findall(rb"(?<![0-9])[0-9]{9}(?:[0-9]{3})?(?![0-9])", text)}
    joined = re.sub(rb"(?<=[0-9])(?:[ ._+-]|%20){1,3}(?=[0-9])", b"", text)
    return {each for each in numbers if each in found or (len(each) == 12 and each.encode() in joined)}


def _bad_days(world: World) -> None:
    """The existing database, where there is one, answers wrongly and quotes what it was asked."""
    if world.registry.behind is None:
        return
    behind = world.registry.behind.database
    for mood in ("fault_client", "several_people", "another_person", "half_xml", "unavailable"):
        behind.mood = mood
        with pytest.raises(Refused):
            world.agency("G15").look_up_citizen(person_of(world.people.full))
    behind.mood = "well"


@pytest.mark.parametrize("plan", ["two_platforms", "existing_database"])
def test_no_file_of_the_world_holds_a_number(make_world: MakeWorld, plan: str) -> None:
    with make_world(plan) as world:
        _bad_days(world)
        numbers = _walk(world)
        files = [path for path in world.folder.rglob("*") if path.is_file()]
        assert any(path.name == "world.log" and path.stat().st_size for path in files)
        guilty = {str(path.relative_to(world.folder)) for path in files if _holding(_content(path), numbers)}
        assert guilty == set()
        assert _holding(_postgres_log(world), numbers) == set()
        for part in world.servers.values():
            assert world.run(_tables_with(part.settings.database, numbers)) == set()
        for exchange in world.exchanges.values():
            assert world.run(_tables_with(exchange.settings.database, numbers)) == set()
        # The register holds its people, unless somebody else does, and nothing else of it names one.
        register = world.run(_tables_with(world.registry.database, numbers))
        assert {"person", "old_id_number"} >= register
        assert ("person" in register) == (world.registry.behind is None)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        # A server has put a newer configuration in this one's place meanwhile.
        assert "configuration" in path.parts
        return b""


def _postgres_log(world: World) -> bytes:
    assert world.premises.postgres is not None
    return (Path(world.premises.postgres.folder) / "postgres.log").read_bytes()


async def _tables_with(database: str, numbers: set[str]) -> set[str]:
    """The tables in whose rows, written as text, a number stands."""
    connection = await asyncpg.connect(database)
    guilty = set()
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables:
            rows = await connection.fetch(f'SELECT t::text AS text FROM "{table}" t')
            # Octets are written as hexadecimal: read them too.
            for row in rows:
                octets = b" ".join(bytes.fromhex(each) for each in re.findall(r"\\x((?:[0-9a-f]{2})+)", row["text"]))
                if _holding(row["text"].encode() + b" " + octets, numbers):
                    guilty.add(table)
    finally:
        await connection.close()
    return guilty
