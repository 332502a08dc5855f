"""The example of the reference page is answered octet for octet as it is printed there."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path

from ketnoi_protocol.directory import Organisation
from ketnoi_protocol.services import Service
from ketnoi_registry.loading import load_people
from ketnoi_registry.store.people import PersonRow, Place

from .directories import account, grant, officer
from .test_soap import send
from .worlds import World

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "soap.md"
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
UNIT, HEAD = "H99.01", "H99"
SOMEBODY = PersonRow(
    personal_number="990089000123",
    family_name="Nguyễn",
    middle_name="Văn",
    given_name="A",
    birth_year=1989,
    birth_month=1,
    birth_day=1,
    sex=1,
    permanent_residence=Place("VN", "05569", date(2025, 7, 1), "Số 1"),
)


class Then:
    """The clock of the page."""

    def now(self):
        return AT


def printed():
    """The messages of the page, in its order."""
    return [each.encode() for each in re.findall("```xml\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.S)]


def answers(folder, database, *questions):
    async def inside():
        async with AsyncExitStack() as stack:
            world = World(folder, database)
            world.clock = Then()
            world.content.organisations = [Organisation(HEAD, "UBND tỉnh")]
            world.content.accounts = [account("tk-h99", HEAD, world.key)]
            fields = ("SoDinhDanh", "HoVaTen", "NgayThangNamSinh", "ThuongTru")
            licence = {"fields": fields, "procedures": ("G15-TP110",)}
            world.content.grants = [grant(HEAD, Service.LOOK_UP_CITIZEN, **licence)]
            world.content.officers = [officer("h99.cb01", UNIT)]
            await world.start(stack)
            await load_people(world.pool, [SOMEBODY])
            sign = {"client": f"VDXP-TEST/GOV/{HEAD}/MOTCUA", "user": "h99.cb01", "key_id": "tk-h99"}
            return [await send(world, Service.LOOK_UP_CITIZEN, each, sign=sign) for each in questions]

    return asyncio.run(inside())


def test_the_printed_example_is_answered_as_printed(tmp_path, database):
    _sent, passed_on, answered, refused = printed()
    found, turned_away = answers(tmp_path, database, passed_on, passed_on.replace(b"G15-TP110", b"G15-TP999"))
    assert (found.status, found.body) == (200, answered)
    assert (turned_away.status, turned_away.body) == (500, refused)


def test_written_otherwise_the_question_is_the_same(tmp_path, database):
    sent, passed_on, answered, _refused = printed()
    with_code = sent.replace(b"990089000001", b"h99.cb01")
    older = with_code.replace(b"http://dancuquocgia.bca", b"http://gtel.vn/qldc")
    assert [each.body for each in answers(tmp_path, database, passed_on, with_code, older)] == [answered] * 3
