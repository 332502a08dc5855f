"""The officer's card: the registry believes the identity system about who asks, for this message alone."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from ketnoi_protocol.services import ConsentOperation
from ketnoi_registry.settings import Settings

from .directories import officer
from .identity_worlds import LOOK_UP, run_both
from .worlds import MEMBER, OFFICER

PAIRWISE = "ABCDEFGHIJKLMNOPQRST"


@pytest.fixture
def both(tmp_path, cluster):
    """`both(act, **changes)` runs `await act(world)` with a registry and an identity system."""
    return lambda act, **changes: run_both(tmp_path, cluster, act, **changes)


async def ask(world, consent, make=None, *, code=PAIRWISE, **fields):
    """One question that an officer asks with a card; `make` makes another one of the message's id."""
    message_id = str(uuid.uuid4())
    card = await (make(message_id) if make is not None else world.card(message_id, sub=code))
    sign = {"message_id": message_id, "user": code}
    return await world.ask_identity(LOOK_UP, consent, sign=sign, MaCanBo=code, TheCanBo=card, **fields)


def test_an_officer_with_a_card_needs_no_account_in_the_directory(both):
    async def act(world):
        consent = await world.agreed()
        return await ask(world, consent), await world.ask_identity(LOOK_UP, consent), await world.logged()

    proved, asserted, rows = both(act)
    assert (proved.code, asserted.code) == ("00", "00")
    assert [(row["officer"], row["officer_identity"]) for row in rows[1:]] == [
        (PAIRWISE, "proved_by_eid"),
        (OFFICER, "asserted_by_agency"),
    ]


def test_a_card_that_is_not_right_is_refused(both):
    async def act(world):
        consent = await world.agreed()
        stranger = ECKey.generate_key("P-256")
        right = world.keys.signing(world.clock.now())
        now = int(world.clock.now().timestamp())

        def made(**changes):
            return lambda message_id: world.card(message_id, **{"sub": PAIRWISE} | changes)

        cases = {
            "forged": made(key=stranger, header={"kid": right.kid}),
            "unknown key": made(key=stranger, header={"kid": "k"}),
            "no key named": made(header={"kid": None}),
            "another type": made(header={"typ": "JWT"}),
            "another issuer": made(iss="https://khac.test"),
            "another environment": made(aud="ketnoi-registry:production"),
            "another message": lambda _message_id: world.card(str(uuid.uuid4()), sub=PAIRWISE),
            "another agency": made(org="G01"),
            "another officer": made(sub="TSRQPONMLKJIHGFEDCBA"),
            "level 1": made(acr="1"),
            "older terms": made(terms="2020-1"),
            "expired": made(iat=now - 400, exp=now - 100),
            "not yet": made(iat=now + 100, exp=now + 300),
            "too long": made(exp=now + 301),
            "ends before it begins": made(exp=now),
            "claims of other types": made(iat=str(now)),
            "a claim is missing": made(jti=None),
        }
        answers = {name: await ask(world, consent, make) for name, make in cases.items()}
        cut = await ask(world, consent, lambda message_id: _cut(world.card(message_id, sub=PAIRWISE)))
        return answers | {"cut": cut}, await world.logged(), await world.uses()

    answers, rows, uses = both(act)
    assert {name: (answer.status, answer.code) for name, answer in answers.items()} == dict.fromkeys(
        answers, (403, "27")
    )
    assert "another message" in answers["another message"].body["detail"]
    # Nothing of a card is quoted, no consent was used, and nobody is said to have proved anything.
    assert all(b"TSRQPON" not in answer.raw for answer in answers.values())
    assert uses == []
    assert {row["officer_identity"] for row in rows} == {"asserted_by_agency"}
    assert [row["result_code"] for row in rows[1:]] == ["27"] * len(answers)


async def _cut(card):
    return (await card)[:-6]


def test_a_card_may_be_used_until_it_ends(both):
    async def act(world):
        consent = await world.agreed()
        seen = []
        for late in (timedelta(seconds=290), timedelta(seconds=320), timedelta(seconds=331)):
            message_id = str(uuid.uuid4())
            card = await world.card(message_id, sub=PAIRWISE)
            world.clock.advance(late)
            await world.publish_and_poll()
            await world.cards_poll()
            sign = {"message_id": message_id, "user": PAIRWISE}
            seen.append((await world.ask_identity(LOOK_UP, consent, sign=sign, MaCanBo=PAIRWISE, TheCanBo=card)).code)
        return seen

    assert both(act) == ["00", "00", "27"]


def test_the_header_must_name_the_same_officer(both):
    async def act(world):
        consent = await world.agreed()
        message_id = str(uuid.uuid4())
        card = await world.card(message_id, sub=PAIRWISE)
        sign = {"message_id": message_id, "user": OFFICER}
        return await world.ask_identity(LOOK_UP, consent, sign=sign, MaCanBo=PAIRWISE, TheCanBo=card)

    assert both(act).code == "24"


def test_the_next_key_is_believed_and_the_last_one_no_longer(both):
    async def act(world):
        consent = await world.agreed(ThoiHan=30 * 86_400)
        world.changed = True
        first = world.keys.signing(world.clock.now())

        def by_the_first(message_id):
            return world.card(message_id, sub=PAIRWISE, key=first)

        signs_from = world.keys.turn(world.clock.now())
        seen = {"first": (await ask(world, consent)).code}
        world.clock.advance(signs_from - world.clock.now() + timedelta(seconds=1))
        await world.publish_and_poll()
        await world.cards_poll()
        assert world.keys.signing(world.clock.now()).kid != first.kid
        seen["next"] = (await ask(world, consent)).code
        seen["last, for a while"] = (await ask(world, consent, by_the_first)).code
        world.clock.advance(timedelta(days=2))
        await world.publish_and_poll()
        await world.cards_poll()
        seen["last"] = (await ask(world, consent, by_the_first)).code
        return seen

    assert both(act) == {"first": "00", "next": "00", "last, for a while": "00", "last": "27"}


def test_a_stolen_key_is_believed_no_longer_and_the_new_one_at_once(both):
    async def act(world):
        consent = await world.agreed(ThoiHan=30 * 86_400)
        world.changed = True
        stolen = world.keys.signing(world.clock.now())

        def by_the_thief(message_id):
            return world.card(message_id, sub=PAIRWISE, key=stolen)

        seen = {"before": (await ask(world, consent, by_the_thief)).code}
        world.keys.turn_at_once(world.clock.now())
        await world.cards_poll()
        seen["after"] = (await ask(world, consent, by_the_thief)).code
        seen["new"] = (await ask(world, consent)).code
        return seen

    assert both(act) == {"before": "00", "after": "27", "new": "00"}


def test_new_terms_end_the_cards_of_the_old_ones(both):
    async def act(world):
        consent = await world.agreed()
        old = await world.terms()
        before = await ask(world, consent)
        await world.identity_pool.execute(
            "INSERT INTO terms (version, sha256, valid_from) VALUES ('2099-1', $1, $2)", b"x" * 32, world.clock.now()
        )
        await world.cards_poll()
        after = await ask(world, consent, lambda each: world.card(each, sub=PAIRWISE, terms=old))
        return before, after, await ask(world, consent, lambda each: world.card(each, sub=PAIRWISE, terms="2099-1"))

    before, after, accepted = both(act)
    assert (before.code, after.code, accepted.code) == ("00", "27", "00")


def test_where_cards_are_required_nobody_asks_without_one(both):
    async def act(world):
        consent = None
        without = await world.request()
        message_id = str(uuid.uuid4())
        sign = {"message_id": message_id, "user": PAIRWISE}
        card = await world.card(message_id, sub=PAIRWISE)
        asked = await world.request(sign=sign, MaCanBo=PAIRWISE, TheCanBo=card)
        consent = asked.body["MaGiaoDichDongY"]
        await world.agree(consent)
        state = await world.state(consent)
        return (
            without,
            asked,
            state,
            await world.ask_identity(LOOK_UP, consent),
            await ask(world, consent),
            await world.ask(LOOK_UP),
        )

    without, asked, state, question, proved, population = both(act, officer_tokens="required")
    assert (without.code, state.code, question.code) == ("27", "27", "27")
    assert (asked.code, proved.code, population.code) == ("02", "00", "00")


def test_cards_are_required_in_production_unless_the_settings_say_otherwise(both):
    async def act(world):
        told = {name: getattr(world.settings, name) for name in world.settings.__struct_fields__}
        return [
            Settings(**told | {"environment": environment, "officer_tokens": tokens}).cards_required
            for environment, tokens in (
                ("production", None), ("test", None), ("production", "accepted"), ("test", "required"),
            )
        ]  # fmt: skip

    assert both(act) == [True, False, False, True]


def test_a_repeated_question_may_come_with_another_card(both):
    async def act(world):
        consent = await world.agreed(MotLan=True)
        first = await ask(world, consent, MaYeuCau="lap-1")
        return first, await ask(world, consent, MaYeuCau="lap-1")

    first, again = both(act)
    assert (first.code, again.raw) == ("00", first.raw)


def test_an_account_of_the_information_system_is_judged_by_the_directory(both):
    async def act(world):
        consent = await world.agreed()
        world.content.officers = [officer(OFFICER, MEMBER, active=False, of_system=True)]
        await world.publish_and_poll()
        return await world.ask_identity(LOOK_UP, consent), await ask(world, consent)

    without, proved = both(act)
    assert (without.code, proved.code) == ("24", "00")


def test_an_officers_own_account_in_the_directory_is_no_card(both):
    async def act(world):
        consent = await world.agreed()
        world.content.officers = [officer(OFFICER, MEMBER)]
        await world.publish_and_poll()
        unproved = [
            await world.ask_identity(LOOK_UP, consent),
            await world.operate(ConsentOperation.STATE, MaGiaoDichDongY=consent),
        ]
        proved = await ask(world, consent, code=OFFICER)
        return unproved, proved, await world.ask(LOOK_UP)

    unproved, proved, population = both(act)
    assert [answer.code for answer in unproved] == ["27", "27"]
    # With a card it may ask; and the population side knows nothing of cards.
    assert (proved.code, population.code) == ("00", "00")


def test_cards_whose_keys_cannot_be_had_are_refused_and_believed_again_later(both):
    async def act(world):
        consent = await world.agreed()
        port = world.wire.port
        await world.end_wire()
        world.clock.advance(timedelta(seconds=301))
        await world.publish_and_poll()
        away = await ask(world, consent)
        state = await world.operate(ConsentOperation.STATE, MaGiaoDichDongY=consent)
        await world.begin_wire(port)
        await world.until(lambda: ask(world, consent), "00")
        return away, state, await world.logged()

    away, state, rows = both(act, asked={"breaker_pause_seconds": 0.1, "breaker_failures": 1000})
    assert (away.status, away.code, state.code) == (503, "44", "44")
    assert int(away.headers["Retry-After"]) >= 1
    assert [row["result_code"] for row in rows[1:3]] == ["44", "44"]
