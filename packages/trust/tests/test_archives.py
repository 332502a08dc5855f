"""Archives of a message log: the chain through and between them."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from hashlib import new as new_hash
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import archives, zip_format
from ketnoi_trust.archives import Link
from ketnoi_trust.errors import Refused

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
FILES = {"a-request-1.asice": b"one", "a-response-2.asice": b"two", "b-request-3.asice": b"three"}
BEFORE = Link("mlog-20260228080000-20260228090000-0123456789abcdef.zip", "ab" * 64)


def chain_of(files: dict[str, bytes], follows: Link | None = None, name: str = "SHA-512") -> bytes:
    def hashed(data: bytes) -> str:
        return new_hash(name.replace("-", ""), data).hexdigest()

    lines = [f"- - {name}" if follows is None else f"{follows.digest} {follows.file_name} {name}"]
    digest = "" if follows is None else follows.digest
    for file_name, content in files.items():
        digest = hashed((digest + hashed(content)).encode())
        lines.append(f"{digest} {file_name}")
    return "\n".join([*lines, ""]).encode()


def packed(files: dict[str, bytes], chain: bytes) -> bytes:
    return zip_format.write([*files.items(), ("linkinginfo", chain)], AT, b"")


def refusal(data: bytes, previous: Link | None = None) -> tuple[str, int | None]:
    with pytest.raises(Refused) as refused:
        archives.verify(data, previous=previous)
    return refused.value.code, refused.value.step


@pytest.mark.parametrize("name", ["SHA-256", "SHA-384", "SHA-512"])
@pytest.mark.parametrize("follows", [None, BEFORE])
def test_a_chain_that_holds(follows: Link | None, name: str) -> None:
    chain = chain_of(FILES, follows, name)
    archive = archives.verify(packed(FILES, chain), previous=follows)
    assert archive.containers == FILES
    assert list(archive.containers) == list(FILES)
    assert archive.follows == follows
    assert archive.last_digest == chain.decode().split("\n")[-2].split(" ")[0]


def test_the_order_is_that_of_the_chain() -> None:
    shuffled = dict(reversed(FILES.items()))
    assert list(archives.verify(packed(FILES, chain_of(shuffled))).containers) == list(shuffled)


def test_archives_follow_one_another() -> None:
    first = archives.verify(packed(FILES, chain_of(FILES)))
    link = Link("mlog-1.zip", first.last_digest)
    second = packed({"c.asice": b"four"}, chain_of({"c.asice": b"four"}, link))
    assert archives.verify(second, previous=link).follows == link
    for wrong in (BEFORE, Link("mlog-1.zip", BEFORE.digest), Link("mlog-2.zip", first.last_digest)):
        assert refusal(second, wrong) == ("invalid_evidence", 4)
    assert refusal(packed(FILES, chain_of(FILES)), link) == ("invalid_evidence", 4)


def test_an_empty_archive_ends_where_it_begins() -> None:
    assert archives.verify(packed({}, chain_of({}, BEFORE))).last_digest == BEFORE.digest


@pytest.mark.parametrize("change", ["out", "in", "renamed"])
def test_the_chain_is_about_exactly_the_files_that_are_there(change: str) -> None:
    files = dict(FILES)
    if change != "in":
        content = files.pop("a-response-2.asice")
    if change != "out":
        files["c-request-4.asice"] = content if change == "renamed" else b"four"
    assert refusal(packed(files, chain_of(FILES))) == ("invalid_evidence", 2)


def test_a_file_named_twice_is_no_substitute_for_another() -> None:
    first, second, third = chain_of(FILES).decode().rstrip("\n").split("\n")[1:]
    twice = "\n".join(["- - SHA-512", first, second, third, third])
    assert refusal(packed({**FILES, "d": b""}, twice.encode())) == ("invalid_evidence", 2)


def test_a_changed_file_breaks_the_chain() -> None:
    assert refusal(packed({**FILES, "b-request-3.asice": b"THREE"}, chain_of(FILES))) == ("invalid_evidence", 3)
    swapped = {**FILES, "a-request-1.asice": b"two", "a-response-2.asice": b"one"}
    assert refusal(packed(swapped, chain_of(FILES))) == ("invalid_evidence", 3)


@pytest.mark.parametrize(
    "chain",
    [
        b"",
        b"\xff\xfe",
        b"- - MD5\n",
        b"- -\n",
        b"- name SHA-512\n",
        BEFORE.digest.encode() + b" - SHA-512\n",
        b"- - SHA-512\nword\n",
        b"- - SHA-512\n\n",
        b"- - SHA-512\n" + b"AB" * 64 + b" a\n",
        b"- - SHA-512\r\n",
    ],
)
def test_what_is_no_chain(chain: bytes) -> None:
    assert refusal(packed({}, chain)) == ("asic_malformed", 1)


def test_what_is_no_archive() -> None:
    assert refusal(b"") == ("asic_malformed", 1)
    assert refusal(zip_format.write(FILES.items(), AT, b"")) == ("asic_malformed", 1)


@given(st.integers(0, 600), st.binary(min_size=1, max_size=4))
def test_a_changed_chain_is_refused(position: int, noise: bytes) -> None:
    chain = chain_of(FILES, BEFORE)
    changed = chain[:position] + noise + chain[position + len(noise) :]
    try:
        archive = archives.verify(packed(FILES, changed))
    except Refused:
        return
    # The name of the archive before is said, not proved.
    assert (archive.containers, archive.last_digest) == (FILES, chain.decode().split("\n")[-2].split(" ")[0])


def test_the_vectors_archive_holds(vectors: Path) -> None:
    data = (vectors / "archives" / "message-archive-0.zip").read_bytes()
    archive = archives.verify(data)
    assert list(archive.containers) == ["3a2a743f-56da-4085-b643-79e335341eb3-request-1.asice"]
    assert archive.follows is None
    assert archive.last_digest.startswith("9011ab557706b505")
    with zipfile.ZipFile(io.BytesIO(data)) as packed_files:
        name, chain = packed_files.namelist()[0], packed_files.read("linkinginfo")
        changed = packed_files.read(name) + b"\0"
    assert refusal(packed({name: changed}, chain)) == ("invalid_evidence", 3)
