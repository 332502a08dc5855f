"""The message log or the access log cannot be written: then nothing is asked, or nothing is answered."""

import asyncpg
import pytest

from journeys.waiting import eventually
from ketnoi_client.problems import Refused
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World


def rename(world: World, database: str, old: str, new: str) -> None:
    async def act() -> None:
        connection = await asyncpg.connect(database)
        try:
            await connection.execute(f'ALTER TABLE "{old}" RENAME TO "{new}"')
        finally:
            await connection.close()

    world.run(act())


def answered(world: World) -> bool:
    try:
        return world.agency("H55").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"
    except Refused:
        return False


@pytest.mark.parametrize(
    ("side", "reaches"), [("consumer", False), ("provider", False), ("registry", True)], ids=lambda each: str(each)
)
def test_nothing_goes_on_without_its_row(
    world: World, side: str, reaches: bool, reached_the_registry: list[str]
) -> None:
    if side == "registry":
        database, table = world.registry.database, "access_log"
    else:
        part = world.server("VDXP", "H55") if side == "consumer" else world.provider("VDXP")
        database, table = part.settings.database, "record"
    rename(world, database, table, "hidden")
    try:
        with pytest.raises(Refused) as refused:
            world.agency("H55").look_up_citizen(person_of(world.people.full))
        assert "logging_failed" in refused.value.problem.type or refused.value.code in ("41", "99", "logging_failed")
        assert bool(reached_the_registry) == reaches
    finally:
        rename(world, database, "hidden", table)
    assert eventually(lambda: answered(world))
