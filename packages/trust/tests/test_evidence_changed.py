"""With any byte of a container changed it is refused, or says exactly the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust import asic, evidence, zip_format
from ketnoi_trust.asic import Container
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.evidence import Verdict

from .containers import World

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(kit: Any) -> World:
    return World(kit)


@pytest.fixture(scope="module")
def containers(world: World) -> dict[str, Container]:
    return {"plain": world.plain(), "with_body": world.with_body(), "in_a_batch": world.in_a_batch()}


def outcome(data: bytes, configuration: Configuration, *, strict: bool = False) -> Verdict | None:
    try:
        return evidence.verify(data, configuration, strict=strict)
    except Refused:
        return None


def changes(content: bytes) -> Iterator[bytes]:
    """The content with each byte changed once, by another bit each time."""
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        yield bytes(changed)


@pytest.mark.parametrize("shape", ["plain", "with_body", "in_a_batch"])
def test_any_byte_of_the_file(world: World, containers: dict[str, Container], shape: str) -> None:
    data = world.pack(containers[shape])
    expected, same = evidence.verify(data, world.configuration, strict=True), 0
    for changed in changes(data):
        # Strict is down to the last bit.
        assert outcome(changed, world.configuration, strict=True) is None
        verdict = outcome(changed, world.configuration)
        assert verdict in (None, expected)
        same += verdict is not None
    # What is left are times and versions in the ZIP's own headers.
    assert 0 < same < len(data) // 5


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        (
            "with_body",
            {
                "mimetype",
                "message.xml",
                "sig-hashchainresult.xml",
                "sig-hashchain.xml",
                "ts-hashchainresult.xml",
                "ts-hashchain.xml",
                "META-INF/timestamp.tst",
                "attachment1",
            },
        ),
        ("plain", {"META-INF/signatures.xml"}),
        ("in_a_batch", {"sig-hashchain.xml"}),
    ],
)
def test_any_byte_of_what_is_packed(
    world: World, containers: dict[str, Container], shape: str, names: set[str]
) -> None:
    container = containers[shape]
    files = dict(asic._files(container))
    same = judged = 0
    verdict = evidence.verify(world.pack(container), world.configuration)
    for name in names:
        for content in changes(files[name]):
            data = zip_format.write({**files, name: content}.items(), world.stamped_at, asic.COMMENT)
            found = outcome(data, world.configuration)
            assert found in (None, verdict), name
            judged += 1
            same += found is not None
    # Most of a container is proved; the rest are white space, names of unsigned elements and the like.
    assert same < judged // 5


def test_manifests_prove_nothing_and_strict_does_not_let_them_lie(
    world: World, containers: dict[str, Container]
) -> None:
    container = containers["with_body"]
    files = dict(asic._files(container))
    verdict = evidence.verify(world.pack(container), world.configuration)
    for name in (asic.MANIFEST, asic.TS_MANIFEST):
        for content in changes(files[name]):
            data = zip_format.write({**files, name: content}.items(), world.stamped_at, asic.COMMENT)
            assert outcome(data, world.configuration) == verdict
            assert outcome(data, world.configuration, strict=True) is None


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["plain", "with_body", "in_a_batch"]),
    st.integers(0, 20),
    st.integers(0, 5200),
    st.integers(0, 60),
    st.binary(max_size=60),
)
def test_any_piece_of_what_is_packed(
    world: World, containers: dict[str, Container], shape: str, which: int, position: int, removed: int, noise: bytes
) -> None:
    container = containers[shape]
    files = asic._files(container)
    name, content = files[which % len(files)]
    spliced = content[: position % (len(content) + 1)] + noise + content[position % (len(content) + 1) + removed :]
    data = zip_format.write({**dict(files), name: spliced}.items(), world.stamped_at, asic.COMMENT)
    found = outcome(data, world.configuration)
    assert found in (None, evidence.verify(world.pack(container), world.configuration))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["plain", "with_body", "in_a_batch"]), st.integers(0, 20)), max_size=14))
def test_files_of_several_containers_mixed(
    world: World, containers: dict[str, Container], picked: list[tuple[str, int]]
) -> None:
    files = dict(asic._files(containers["plain"]))
    for shape, which in picked:
        others = asic._files(containers[shape])
        name, content = others[which % len(others)]
        files[name] = content
    data = zip_format.write(files.items(), world.stamped_at, asic.COMMENT)
    found = outcome(data, world.configuration)
    # The shapes say the same thing, signed in three ways; nothing else can come out of a mixture.
    message, (body,) = containers["plain"].message, containers["with_body"].attachments
    said = [] if found is None else [part.content for part in found.messages]
    assert said in ([], [message], [message, body], [message, None])


def test_any_byte_of_x_roads_own_containers(vectors: Path) -> None:
    folder = vectors / "containers"
    configuration = Configuration.from_shared_params((folder / "trust-shared-params.xml").read_bytes())
    for name in ("valid-non-batch-rest", "valid-non-batch-soap-attachments", "valid-signed-hashchain"):
        data = (folder / f"{name}.asice").read_bytes()
        expected = evidence.verify(data, configuration)
        assert all(outcome(changed, configuration) in (None, expected) for changed in changes(data)), name


def test_any_byte_of_a_signature_of_another_library(vectors: Path) -> None:
    folder = vectors / "containers"
    configuration = Configuration.from_shared_params((folder / "trust-shared-params.xml").read_bytes())
    container = asic.read((folder / "valid-non-batch-rest.asice").read_bytes())
    data = asic.write(container, AT)
    expected = evidence.verify(data, configuration)
    # This shape has direct references, exclusive canonical form, and a stamp beside it that covers the whole document.
    single = replace(container, ts_hash_chain_result=None, ts_hash_chain=None)
    assert outcome(asic.write(single, AT), configuration) is None
    for content in changes(container.signature_xml):
        changed = asic.write(replace(container, signature_xml=content), AT)
        assert outcome(changed, configuration) is None
    assert outcome(data, configuration) == expected
