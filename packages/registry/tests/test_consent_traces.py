"""What consents leave behind: no personal number, no name and no card in the registry's database and logs."""

from __future__ import annotations

import logging
import uuid

import pytest

from .identity_worlds import LOOK_UP, run_both

PAIRWISE = "ABCDEFGHIJKLMNOPQRST"


@pytest.fixture
def both(tmp_path, cluster):
    """`both(act, **changes)` runs `await act(world)` with a registry and an identity system."""
    return lambda act, **changes: run_both(tmp_path, cluster, act, **changes)


def test_nothing_personal_and_no_card_stays(both, caplog):
    async def act(world):
        consent = await world.agreed()
        message_id = str(uuid.uuid4())
        card = await world.card(message_id, sub=PAIRWISE)
        sign = {"message_id": message_id, "user": PAIRWISE}
        answered = await world.ask_identity(LOOK_UP, consent, sign=sign, MaCanBo=PAIRWISE, TheCanBo=card)
        await world.ask_identity(LOOK_UP, consent, sign=sign, MaCanBo=PAIRWISE, TheCanBo=card[:-4] + "AAAA")
        await world.end_wire()
        away = await world.ask_identity(LOOK_UP, consent)
        kept = []
        for table in ("access_log", "used_request", "quota_use"):
            kept += await world.pool.fetch(f"SELECT t::text FROM {table} AS t")
        purposes = await world.pool.fetch("SELECT t::text FROM access_log AS t WHERE t::text LIKE '%giấy phép%'")
        return answered, away, "\n".join(row[0] for row in kept), card, purposes

    with caplog.at_level(logging.DEBUG):
        answered, away, kept, card, purposes = both(act)
    assert (answered.code, away.code) == ("00", "44")
    assert PAIRWISE in kept
    for text in (kept, caplog.text):
        assert "990089000001" not in text
        assert "Nguyễn Văn An" not in text
        assert card.split(".")[2] not in text
    # Nor what the agency wants it for: the citizen is told that, by the identity system.
    assert purposes == []
