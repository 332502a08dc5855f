"""The baseline of measurements: two servers that neither sign nor verify nor log. Only code can ask for it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from small_world import World

import ketnoi_securityserver
from ketnoi_securityserver.app import UnsafeParts
from ketnoi_securityserver.credentials import SigningCredential
from ketnoi_securityserver.messagelog import Record, ReplayKey
from ketnoi_securityserver.settings import Settings
from ketnoi_trust.signatures import Signature


class Nothing:
    """Signs with nothing, believes everything, keeps nothing."""

    async def sign(self, inputs: Mapping[str, bytes], credential: SigningCredential, at: datetime) -> Signature:
        return Signature(b"-")

    def verify(self, signature: object, parts: object, sender: object, configuration: object, at: datetime) -> datetime:
        return at

    async def record(self, *records: Record, replay: ReplayKey | None = None) -> None:
        return None


def test_the_path_of_a_message_can_be_measured_without_signatures_and_log(world: World) -> None:
    nothing = Nothing()
    for node in world.nodes.values():
        world.run(world.stop_node(node))
        world.run(world.start_node(node, UnsafeParts(nothing, nothing, nothing)))
    assert world.call().body == b'{"TonTai": true}'
    for node in world.nodes.values():
        assert not world.run(node.running.state.pool.fetchval("SELECT count(*) FROM record"))
        world.run(world.stop_node(node))
        world.run(world.start_node(node))
    assert world.call().status == 200
    assert world.run(world.asking.running.state.pool.fetchval("SELECT count(*) FROM record")) == 2


def test_no_code_of_the_server_and_no_setting_asks_for_it() -> None:
    assert ketnoi_securityserver.__file__ is not None
    for file in Path(ketnoi_securityserver.__file__).parent.rglob("*.py"):
        assert "UnsafeParts(" not in file.read_text().replace("class UnsafeParts(", ""), file
    assert not [field.name for field in msgspec.structs.fields(Settings) if "unsafe" in field.name.lower()]
