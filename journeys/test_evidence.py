"""Years later: both sides prove who asked what, when, and what was answered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ketnoi_client import evidence
from ketnoi_client.cli import main
from ketnoi_protocol.content_digest import ContentDigest
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World
from ketnoi_trust.errors import Refused


@pytest.fixture
def fetched(world: World, tmp_path: Path) -> tuple[str, Path]:
    """The message id of a look-up, and the folder with its evidence."""
    agency = world.agency("H55")
    message_id = agency.look_up_citizen(person_of(world.people.full)).message_id
    evidence.fetch(agency, message_id, tmp_path)
    return message_id, tmp_path


def test_question_and_answer_are_proved_offline(world: World, fetched: tuple[str, Path]) -> None:
    message_id, folder = fetched
    request, response = (next(folder.glob(f"*-{side}-*.asice")) for side in ("request", "response"))
    trust = folder / "verificationconf"
    asked, answered = (evidence.verify(each, trust, strict=True) for each in (request, response))
    assert (str(asked.signer), str(answered.signer)) == ("VDXP-TEST:GOV:H55", "VDXP-TEST:GOV:G01.C06")
    assert asked.message.message_id == answered.message.message_id == message_id
    assert [str(part) for part in asked.messages] == ["message.xml", "attachment1"]
    assert timedelta() <= asked.stamped_at - asked.signing_time < timedelta(minutes=1)
    for verdict in (asked, answered):
        # So that neither body can be exchanged for another one of the batch, or left out unseen.
        named = ContentDigest.of(verdict.message.headers or ())
        assert named is not None
        assert named.fits(verdict.messages[1].content or b"")
    told = next(part.content for part in asked.messages if part.name == "attachment1")
    assert told is not None
    assert world.people.full.personal_number.encode() in told


def test_the_command_says_so_too(fetched: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    _, folder = fetched
    for container in folder.glob("*.asice"):
        assert main(["evidence", "verify", str(container), "--trust", str(folder / "verificationconf")]) == 0
        assert capsys.readouterr().out.startswith("HỢP LỆ")


def test_a_changed_container_proves_nothing(fetched: tuple[str, Path]) -> None:
    _, folder = fetched
    container = next(folder.glob("*-request-*.asice"))
    data = bytearray(container.read_bytes())
    data[len(data) // 3] ^= 1
    container.write_bytes(data)
    with pytest.raises(Refused):
        evidence.verify(container, folder / "verificationconf", strict=True)


def test_another_platforms_configuration_proves_nothing(
    world: World, fetched: tuple[str, Path], tmp_path: Path
) -> None:
    _, folder = fetched
    agency = world.agency("H55")
    other = agency.verify_citizen(person_of(world.people.full)).message_id
    evidence.fetch(agency, other, tmp_path / "other")
    container = next(folder.glob("*-request-*.asice"))
    with pytest.raises(Refused):
        evidence.verify(container, tmp_path / "other" / "verificationconf")
