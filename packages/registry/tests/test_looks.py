"""Who looked at a person's data: told to that person in pages, by every number, and nothing of another's affairs."""

from __future__ import annotations

import json
from base64 import b64encode

import asyncpg
import pytest

from ketnoi_protocol.services import Service
from ketnoi_registry.access_log import Pseudonyms

from .citizens_page import AN, BINH, asking
from .worlds import ACCOUNT, MEMBER, OFFICER

LOOK_UP, HOUSEHOLD, CONFIRM = Service.LOOK_UP_CITIZEN, Service.VERIFY_HOUSEHOLD, Service.CONFIRM_IDENTITY_NUMBER
MEMBER_BINH = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "QuanHe": "QH01"}
ABOUT_BINH = {"SoDinhDanh": "990190000003", "HoVaTen": "Lê Thị Bình", "NgayThangNamSinh": "1990"}


async def looks(ask, person=AN, **changes):
    status, told = await ask("/citizens/looks", person | changes)
    assert status == 200
    return told["looks"], told["before"]


def test_a_look_is_told_with_who_what_for_and_what_left(tmp_path, database):
    async def act(world, ask):
        answer = await world.ask(LOOK_UP, sign={"message_id": "m-1"})
        return answer, world.clock.now(), await looks(ask), await looks(ask, BINH)

    answer, now, (found, before), (binh, _) = asking(tmp_path, database, act)
    assert answer.code == "00"
    assert (before, binh) == (None, [])
    (look,) = found
    assert abs((now.fromisoformat(look.pop("at")) - now).total_seconds()) < 60
    assert {"HoVaTen", "NhomMau"} <= set(look.pop("fields"))
    assert look.pop("place").endswith(".1")
    assert look == {
        "system": "population",
        "service": "look_up_citizen",
        "organisation": MEMBER,
        "unit": MEMBER,
        "procedure": "1.001",
        "message_id": "m-1",
        "role": "asked",
        "result": "00",
        "consent": None,
        "officer_identity": "asserted_by_agency",
        "sealed_until": None,
    }
    assert OFFICER not in str(look)
    assert ACCOUNT not in str(look)


def test_whoever_is_only_named_in_a_household_learns_nothing_of_the_matter(tmp_path, database):
    async def act(world, ask):
        await world.ask(HOUSEHOLD, ThanhVien=[MEMBER_BINH], sign={"message_id": "m-1"})
        await world.ask(HOUSEHOLD, ThanhVien=[MEMBER_BINH | {"QuanHe": "QH02"}], sign={"message_id": "m-2"})
        return await looks(ask), await looks(ask, BINH)

    (an, _), (binh, _) = asking(tmp_path, database, act)
    # Whether all claims held would tell about the members.
    assert [(look["role"], look["procedure"], look["result"]) for look in an] == [("asked", "1.001", None)] * 2
    for look in binh:
        del look["at"], look["message_id"], look["place"]
    assert (
        binh
        == [
            {
                "system": "population",
                "service": "verify_household",
                "organisation": MEMBER,
                "role": "claimed_member",
                "unit": None,
                "procedure": None,
                "fields": [],
                "result": None,
                "consent": None,
                "officer_identity": None,
                "sealed_until": None,
            }
        ]
        * 2
    )


def test_refused_calls_and_wrong_names_are_told_too(tmp_path, database):
    async def act(world, ask):
        codes = [
            (await world.ask(LOOK_UP, MaDVC="9.999")).code,
            (await world.ask(LOOK_UP, HoVaTen="Trần Văn Ân")).code,
            (await world.ask(HOUSEHOLD, MaDVC="9.999", ThanhVien=[MEMBER_BINH])).code,
        ]
        return codes, await looks(ask)

    codes, (found, _) = asking(tmp_path, database, act)
    assert codes == ["23", "01", "23"]
    assert [(look["service"], look["result"], look["fields"]) for look in found] == [
        ("verify_household", "23", []),
        ("look_up_citizen", "01", []),
        ("look_up_citizen", "23", []),
    ]


_ROW = """
INSERT INTO access_log (logged_at, node_id, subject_key_id, subject_pseudonym, subject_role, instance, consumer,
    service, message_id, result_code, released_fields)
SELECT $1::timestamptz - n * interval '1 millisecond', 'n1', $2, $3, 'asked', 'VDXP-TEST',
    'VDXP-TEST/GOV/H55/MOTCUA', 'look_up_citizen', 'old-' || n, '00', '{}' FROM generate_series(1, $4) AS n
"""


def test_questions_by_an_old_number_and_rows_under_an_older_key_are_found(tmp_path, database):
    keys = {name: b64encode(name.encode() * 16).decode() for name in ("k0", "k1")}
    file = tmp_path / "two.json"
    file.touch(0o600)
    file.write_text(json.dumps({"active": "k1", "keys": keys, "repetition": keys["k1"]}))

    async def act(world, ask):
        older, began = Pseudonyms.read(file).of_person("990089000001", "k0"), world.clock.now()
        # Leads to nobody, since the name is another's.
        await world.ask(CONFIRM, SoDinhDanh=None, SoCMND="990000001", HoVaTen="Trần Thị Ai")
        await world.ask(CONFIRM, SoDinhDanh=None, SoCMND="990000555", HoVaTen="Trần Thị Ai")
        await world.pool.execute(_ROW, began, "k0", older, 1)
        twin = {"personal_number": "990071000006", "name": "Phạm Thủy", "birth": "1971"}
        return await looks(ask), await looks(ask, twin)

    (found, _), (twin, _) = asking(tmp_path, database, act, pseudonym_keys="two.json")
    assert [(look["service"], look["result"]) for look in found] == [
        ("confirm_identity_number", "01"),
        ("look_up_citizen", "00"),
    ]
    # Two people hold that number, so which of the two was meant is not told to either.
    assert twin == []


def test_pages_follow_one_another_without_gaps_and_what_citizens_read_is_not_listed(tmp_path, database):
    async def act(world, ask):
        await ask("/citizens/match", AN)
        await ask("/citizens/record", AN)
        for number in range(7):
            await world.ask(LOOK_UP, sign={"message_id": f"m-{number}"})
        pages, before = [], None
        while True:
            page, before = await looks(ask, limit=3, **({"before": before} if before else {}))
            pages.append([look["message_id"] for look in page])
            if before is None:
                return pages, [row["service"] for row in await world.logged()]

    pages, services = asking(tmp_path, database, act)
    assert pages == [["m-6", "m-5", "m-4"], ["m-3", "m-2", "m-1"], ["m-0"]]
    assert services.count("citizens_looks") == 3
    assert {"citizens_match", "citizens_record"} <= set(services)


def test_a_page_of_many_takes_three_statements(tmp_path, database, monkeypatch):
    seen = []
    plain = asyncpg.Connection._do_execute

    async def counted(connection, query, *rest, **named):
        # Alarms and the directory write at their own times.
        if any(table in query for table in ("access_log", "old_id_number", "person ")):
            seen.append(query.split()[0])
        return await plain(connection, query, *rest, **named)

    async def act(world, ask):
        mine = Pseudonyms.read(world.folder / "keys.json").of_person("990089000001")
        await world.ask(LOOK_UP)
        await world.pool.execute(_ROW, world.clock.now(), "k1", mine, 1000)
        monkeypatch.setattr(asyncpg.Connection, "_do_execute", counted)
        page, before = await looks(ask, limit=100)
        monkeypatch.undo()
        return page, before

    page, before = asking(tmp_path, database, act)
    assert (len(page), len(seen)) == (100, 3)
    assert before is not None


@pytest.mark.parametrize("before", ["99999999999999999.9999999999999999999", "0.0"])
def test_any_cursor_is_a_place(tmp_path, database, before):
    async def act(world, ask):
        await world.ask(LOOK_UP)
        return await looks(ask, before=before)

    found, further = asking(tmp_path, database, act)
    assert (len(found), further) == (1 if before != "0.0" else 0, None)


def test_messages_about_the_person_were_answered_or_not(tmp_path, database):
    async def act(world, ask):
        await world.ask(LOOK_UP, sign={"message_id": "m-1"})
        await world.ask(LOOK_UP, sign={"message_id": "m-2"}, MaDVC="9.999")
        told = [await ask("/citizens/answered", who | {"messages": ["m-1", "m-2", "m-3"]}) for who in (AN, BINH)]
        return told, await ask("/citizens/answered", AN | {"messages": [""]})

    ((status, an), (_, binh)), (odd, _) = asking(tmp_path, database, act)
    assert status == 200
    assert sorted((each["message_id"], each["organisation"], each["result"]) for each in an["answered"]) == [
        ("m-1", MEMBER, "00"),
        ("m-2", MEMBER, "23"),
    ]
    assert binh == {"answered": []}
    assert odd == 400


def test_a_look_at_the_identity_system_tells_the_consent_and_who_vouches_for_the_officer(tmp_path, database):
    async def act(world, ask):
        mine = Pseudonyms.read(world.folder / "keys.json").of_person("990089000001")
        await world.ask(HOUSEHOLD, ThanhVien=[MEMBER_BINH])
        await world.pool.execute(
            "INSERT INTO access_log (logged_at, node_id, subject_key_id, subject_pseudonym, subject_role, instance,"
            " consumer, unit, officer, officer_identity, procedure_code, system, service, message_id, consent,"
            " result_code, released_fields) SELECT $1, 'n1', 'k1', $2, role, 'NDXP-TEST',"
            " 'NDXP-TEST/GOV/H55/MOTCUA', 'H55.1', 'A', 'proved_by_eid', '1.001', 'identity', service, service, 'C',"
            " '00', '{}' FROM (VALUES ('asked', 'look_up_citizen'), ('claimed_member', 'verify_household'),"
            " ('asked', 'request_consent')) AS given(role, service)",
            world.clock.now(), mine,
        )  # fmt: skip
        found, _ = await looks(ask)
        return [(look["system"], look["service"], look["consent"], look["officer_identity"]) for look in found]

    assert asking(tmp_path, database, act) == [
        ("identity", "verify_household", None, None),
        ("identity", "look_up_citizen", "C", "proved_by_eid"),
        ("population", "verify_household", None, "asserted_by_agency"),
    ]
