"""What the portal writes and reads: clients, accepted terms, objections."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from ketnoi_identity.wire.objections import MOST

from .wires import NUMBER


def public(*keys):
    return {"keys": [key.as_dict(private=False) for key in keys or (ECKey.generate_key("P-256", auto_kid=True),)]}


def client(client_id="motcua.h55", **changes):
    return {
        "client_id": client_id,
        "organisation": "H55",
        "name_vi": "Một cửa Thái Nguyên",
        "name_en": "One-stop shop of Thái Nguyên",
        "redirect_uris": ["https://motcua.example/ve"],
        "jwks": public(),
    } | changes


async def put(world, version, *clients):
    return await world.send("PUT", "/v1/clients", {"version": version, "clients": clients}, by="portal")


async def kept(world):
    rows = await world.pool.fetch("SELECT * FROM client ORDER BY client_id")
    return {row["client_id"]: row for row in rows}


def test_the_portals_list_is_the_list(within):
    async def act(world):
        keys = public(ECKey.generate_key("P-256", auto_kid=True), RSAKey.generate_key(2048, auto_kid=True))
        told = [await put(world, 1, client(), client("gone"))]
        told.append(await put(world, 2, client(name_en="Another", jwks=keys), client("new", organisation="H99")))
        return told, await kept(world), keys

    told, rows, keys = within(act)
    assert [(each.status, each.body) for each in told] == [(200, {"version": 1}), (200, {"version": 2})]
    assert list(rows) == ["motcua.h55", "new"]
    first = rows["motcua.h55"]
    assert (first["name_en"], first["redirect_uris"]) == ("Another", ["https://motcua.example/ve"])
    assert [key["kid"] for key in json.loads(first["jwks"])["keys"]] == [key["kid"] for key in keys["keys"]]
    assert rows["new"]["organisation"] == "H99"


def test_an_empty_list_leaves_nobody(within):
    async def act(world):
        await put(world, 1, client())
        return await put(world, 2), await kept(world)

    answer, rows = within(act)
    assert (answer.status, rows) == (200, {})


def test_an_older_list_is_refused_and_the_same_one_taken_again(within):
    async def act(world):
        await put(world, 5, client())
        older = await put(world, 4, client("old"))
        again = await put(world, 5, client())
        return older, again, await kept(world)

    older, again, rows = within(act)
    assert (older.status, older.body["code"], older.body["detail"]) == (409, "12", "version")
    assert again.status == 200
    assert list(rows) == ["motcua.h55"]


def test_of_lists_at_once_the_newest_stays(within):
    async def act(world):
        await asyncio.gather(*(put(world, n, client(f"c{n}")) for n in range(1, 13)))
        return await kept(world), await world.pool.fetchval("SELECT version FROM client_version")

    rows, version = within(act)
    assert (list(rows), version) == (["c12"], 12)


PRIVATE = ECKey.generate_key("P-256", auto_kid=True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"client_id": "a b"}, "clients[0].client_id"),
        ({"client_id": ""}, "clients[0].client_id"),
        ({"organisation": ""}, "clients.organisation"),
        ({"name_vi": "x" * 256}, "clients.name_vi"),
        ({"redirect_uris": []}, "clients[0].redirect_uris"),
        ({"redirect_uris": ["http://motcua.example/ve"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https://motcua.example/ve#x"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https://motcua.example/*"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https://a@motcua.example/"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https://motcua.example\\@evil.example/"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https://mộtcửa.example/"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https:///ve"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https://motcua.example:99999/"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["/ve"]}, "clients.redirect_uris"),
        ({"redirect_uris": ["https://motcua.example/" + "x" * 2_000]}, "clients.redirect_uris"),
        ({"jwks": {}}, "clients.jwks"),
        ({"jwks": {"keys": []}}, "clients.jwks"),
        ({"jwks": {"keys": [{"kty": "EC"}]}}, "clients.jwks"),
        ({"jwks": {"keys": "x"}}, "clients.jwks"),
        ({"jwks": {"keys": [1]}}, "clients.jwks"),
        ({"jwks": {"keys": [OctKey.generate_key(256).as_dict()]}}, "clients.jwks"),
        ({"jwks": {"keys": [PRIVATE.as_dict(private=True)]}}, "clients.jwks: private keys stay at home"),
        ({"jwks": public(*[PRIVATE] * 11)}, "clients.jwks"),
    ],
)
def test_a_client_that_cannot_be_one_refuses_the_whole_list(within, changes, named):
    async def act(world):
        await put(world, 1, client("before"))
        return await put(world, 2, client(**changes)), await kept(world)

    answer, rows = within(act)
    assert (answer.status, answer.body["code"], answer.body["detail"]) == (400, "10", named)
    assert list(rows) == ["before"]


def test_two_clients_of_one_name_and_a_version_beyond_all_are_refused(within):
    async def act(world):
        return [
            (await put(world, 1, client(), client())).body["detail"],
            (await put(world, 2**63, client())).body["detail"],
        ]

    assert within(act) == ["clients.client_id", "version"]


@pytest.mark.parametrize(("rehearsal", "status"), [(True, 200), (False, 400)])
def test_an_address_of_this_machine_goes_without_tls_in_a_rehearsal_alone(within, rehearsal, status):
    async def act(world):
        return await put(world, 1, client(redirect_uris=["http://localhost:8080/ve", "http://127.0.0.1/ve"]))

    assert within(act, rehearsal=rehearsal).status == status


async def account(world, number=NUMBER, state="active"):
    """An account; its id."""
    made, now = uuid.uuid4(), world.clock.now()
    closed = state == "closed"
    await world.pool.execute(
        "INSERT INTO account (id, personal_number, level, state, sessions_after, created_at, closed_at)"
        " VALUES ($1, $2, 2, $3, $4, $4, $5)",
        made, None if closed else number, state, now, now if closed else None,
    )  # fmt: skip
    return made


async def officer(world, code, organisation="H55", **changes):
    """An officer of an organisation; the account's id."""
    made = await account(world, **changes)
    await world.pool.execute(
        "INSERT INTO officer (organisation, code, account, since) VALUES ($1, $2, $3, $4)",
        organisation, code, made, world.clock.now(),
    )  # fmt: skip
    return made


async def accept(world, made, version, at):
    await world.pool.execute(
        "INSERT INTO terms_acceptance (account, version, sha256, accepted_at)"
        " SELECT $1, version, sha256, $3 FROM terms WHERE version = $2",
        made, version, at,
    )  # fmt: skip


async def new_terms(world, version, valid_from):
    await world.pool.execute(
        "INSERT INTO terms (version, sha256, valid_from) VALUES ($1, $2, $3)", version, b"\1" * 32, valid_from
    )


async def terms(world, query="organisation=H55"):
    return await world.send("GET", "/v1/terms?" + query, by="portal")


def test_the_last_terms_that_an_organisations_officers_accepted_are_told(within):
    async def act(world):
        now = world.clock.now()
        await new_terms(world, "later", now + timedelta(days=1))
        current = (await terms(world)).body["current"]
        await new_terms(world, "newer", now - timedelta(minutes=1))
        lan = await officer(world, "LAN")
        await accept(world, lan, current["version"], now - timedelta(days=3))
        await accept(world, lan, "newer", now - timedelta(seconds=5))
        minh = await officer(world, "MINH", number="990089000002")
        await accept(world, minh, current["version"], now - timedelta(days=2))
        await officer(world, "HOA", number="990089000003")
        other = await officer(world, "LAN", organisation="H99", number="990089000004")
        await accept(world, other, "newer", now)
        gone = await officer(world, "GONE", state="closed")
        await accept(world, gone, "newer", now)
        return current, (await terms(world)).body

    before, told = within(act)
    assert len(before["sha256"]) == 64
    assert (told["current"]["version"], told["current"]["sha256"]) == ("newer", "01" * 32)
    assert [(each["officer"], each["version"], each["closed_at"] is None) for each in told["acceptances"]] == [
        ("GONE", "newer", False),
        ("LAN", "newer", True),
        ("LAN", before["version"], True),
        ("MINH", before["version"], True),
    ]
    assert told["acceptances"][3]["sha256"] == before["sha256"]


def test_of_an_organisation_without_officers_there_are_none(within):
    async def act(world):
        return await terms(world, "organisation=H77")

    assert within(act).body["acceptances"] == []


@pytest.mark.parametrize(
    "query",
    ["", "organisation=", "organisation=H55&organisation=H99", "other=H55", "organisation=H55&x=1", "organisation=%00",
     "organisation=" + "x" * 256, "organisation=%ff", "&" * 50],
)  # fmt: skip
def test_terms_are_asked_of_one_organisation(within, query):
    async def act(world):
        return await terms(world, query)

    answer = within(act)
    assert (answer.status, answer.body["code"]) == (400, "bad_request")


def test_while_no_terms_hold_nothing_is_told(within):
    async def act(world):
        await world.pool.execute("DELETE FROM terms")
        return await terms(world), await world.send("GET", "/v1/keys")

    for answer in within(act):
        assert (answer.status, answer.body["code"]) == (503, "44")


async def objection(world, made, **changes):
    """An objection; its id."""
    now = world.clock.now()
    told = {"organisation": "H55", "unit": "H55.1", "message_id": "m1", "procedure_code": "1.001"} | changes
    return await world.pool.fetchval(
        "INSERT INTO objection (account, organisation, unit, message_id, system, service, procedure_code, looked_at,"
        " reason, made_at, due_at) VALUES ($1, $2, $3, $4, 'identity', 'look_up_citizen', $5, $6, 'Vì sao?', $6, $7)"
        " RETURNING id",
        made, told["organisation"], told["unit"], told["message_id"], told["procedure_code"], now,
        now + timedelta(days=2),
    )  # fmt: skip


async def objections(world, query=""):
    return await world.send("GET", "/v1/objections" + query, by="portal")


async def answer(world, number, **changes):
    told = {"by": "agency", "organisation": "H55", "words": "Vì hồ sơ của ông."} | changes
    return await world.send("POST", f"/v1/objections/{number}/answers", told, by="portal")


def test_objections_go_out_in_order_without_a_name_and_answers_come_back(within):
    async def act(world):
        made = await account(world)
        first = await objection(world, made)
        second = await objection(world, made, unit=None, procedure_code=None, message_id="m2")
        given = [await answer(world, first), await answer(world, first, by="c06", words="Đúng thẩm quyền.")]
        return first, second, given, await objections(world), await objections(world, f"?after={first}")

    first, second, given, all_of, rest = within(act)
    assert [(each.status, each.body) for each in given] == [(201, {})] * 2
    told = all_of.body["objections"]
    assert [each["id"] for each in told] == [first, second]
    assert (told[0]["organisation"], told[0]["message_id"], told[0]["reason"]) == ("H55", "m1", "Vì sao?")
    assert [(each["by"], each["words"]) for each in told[0]["answers"]] == [
        ("agency", "Vì hồ sơ của ông."),
        ("c06", "Đúng thẩm quyền."),
    ]
    assert (told[1]["unit"], told[1]["procedure"], told[1]["answers"]) == (None, None, [])
    assert [each["id"] for each in rest.body["objections"]] == [second]
    assert not all_of.body["more"]
    assert NUMBER.encode() not in all_of.raw


def test_objections_are_told_a_part_at_a_time(within):
    async def act(world):
        made = await account(world)
        for _ in range(MOST + 1):
            await objection(world, made)
        first = await objections(world)
        return first, await objections(world, f"?after={first.body['objections'][-1]['id']}")

    first, second = within(act)
    assert (len(first.body["objections"]), first.body["more"]) == (MOST, True)
    assert (len(second.body["objections"]), second.body["more"]) == (1, False)


def utc(moment):
    return quote(moment.replace("Z", "+00:00"))


def test_whoever_names_one_that_is_not_here_is_told_all_anew(within):
    async def act(world):
        made = await account(world)
        first, second = await objection(world, made), await objection(world, made, message_id="m2")
        moment = (await objections(world)).body["objections"][1]["made_at"]
        right = await objections(world, f"?after={second}&made={quote(moment)}")
        assert right.body == (await objections(world, f"?after={second}&made={utc(moment)}")).body
        other = await objections(world, f"?after={second}&made=2020-01-01T00:00:00Z")
        gone = await objections(world, f"?after={second + 7}&made={quote(moment)}")
        odd = [await objections(world, f"?after=1&made={each}") for each in ("2020-01-01T00:00:00", "x" * 20, "T" * 20)]
        lost = await answer(world, second, made_at="2020-01-01T00:00:00Z")
        return (first, second), right, other, gone, odd, lost, await answer(world, second, made_at=moment)

    both, right, other, gone, odd, lost, given = within(act)
    assert (right.body["objections"], right.body["anew"]) == ([], False)
    for each in (other, gone):
        assert [one["id"] for one in each.body["objections"]] == list(both)
        assert each.body["anew"]
    assert [each.status for each in odd] == [400] * 3
    assert (lost.status, given.status) == (404, 201)


def test_an_answer_is_given_once_by_each_side(within):
    async def act(world):
        number = await objection(world, await account(world))
        told = [await answer(world, number), await answer(world, number), await answer(world, number, words="Khác.")]
        return told, await world.pool.fetch("SELECT words FROM objection_answer")

    told, rows = within(act)
    assert [each.status for each in told] == [201, 201, 409]
    assert [row["words"] for row in rows] == ["Vì hồ sơ của ông."]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"organisation": "H99"}, 404),
        ({"by": "c06", "organisation": "H99"}, 404),
        ({"by": "citizen"}, 400),
        ({"words": " \n"}, 400),
        ({"words": ""}, 400),
        ({"words": "x" * 4_001}, 400),
        ({"words": "a\u0000"}, 400),
        ({"more": 1}, 400),
    ],
)
def test_an_answer_that_is_none_is_not_kept(within, changes, status):
    async def act(world):
        number = await objection(world, await account(world))
        return await answer(world, number, **changes), await world.pool.fetchval(
            "SELECT count(*) FROM objection_answer"
        )

    refused, rows = within(act)
    assert (refused.status, rows) == (status, 0)


@pytest.mark.parametrize("number", ["0", "999", "x", "1" * 19, "-1", "1/2"])
def test_there_is_no_other_objection(within, number):
    async def act(world):
        return await answer(world, number)

    assert within(act).status == 404


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?after=1&after=2", "?before=1", f"?after={'9' * 19}"])
def test_what_is_no_id_is_refused(within, query):
    async def act(world):
        return await objections(world, query)

    told = within(act)
    assert (told.status, told.body["code"]) == (400, "bad_request")
