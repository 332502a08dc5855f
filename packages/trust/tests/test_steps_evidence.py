"""Each numbered step of judging evidence, stamps and archives is needed: without it, a lie is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ketnoi_protocol.http_signature import content_digest
from ketnoi_trust import archives, asic, evidence, timestamps, zip_format
from ketnoi_trust.archives import Link
from ketnoi_trust.configuration import TimestampAuthority

from . import stamps
from .containers import BODY, World, digests
from .steps import check
from .test_archives import AT, BEFORE, FILES, chain_of, packed


@pytest.fixture(scope="module")
def world(kit: Any) -> World:
    return World(kit)


def test_evidence(world: World, kit: Any) -> None:
    message = world.request()
    plain = world.plain()
    other_packing = bytearray(world.pack(plain))
    other_packing[10] ^= 0x20
    other_packing[other_packing.index(b"PK\x01\x02") + 12] ^= 0x20
    nobody = b"POST\r\n/\r\n"
    of_nobody = world.stamped(world.container(nobody, world.sign([digests(nobody)])[0]))
    borrowed = world.with_body()
    late = replace(
        world.stamped(world.container(message, world.sign([digests(message)])[0])),
        ts_hash_chain_result=borrowed.ts_hash_chain_result,
        ts_hash_chain=borrowed.ts_hash_chain,
        timestamp=borrowed.timestamp,
    )
    stranger = kit.authority("Other CA").issue(kit.name_of(common_name="Other TSA"))
    bare = world.container(message, world.sign([digests(message)])[0])
    lie = replace(plain, message=world.request("XX-TEST-2"))
    named = world.request(digest=content_digest(BODY))
    other_body = world.stamped(world.container(named, world.sign([digests(named, b"{}")], direct=True)[0], b"{}"))
    known = world.configuration

    def judged(container: asic.Container) -> Callable[[Callable[..., Any]], Any]:
        return lambda verify: verify(world.pack(container), known)

    check(
        evidence.verify,
        {
            1: ("container = asic.read(data)", lambda verify: verify(bytes(other_packing), known, strict=True)),
            2: (f"message = SignedMessage.read({message!r})", judged(of_nobody)),
            3: ("token, stamped = container.timestamp, container.ts_hash_chain_result", judged(late)),
            4: (
                f"stamp = timestamps.Stamp(datetime.fromisoformat({world.stamped_at.isoformat()!r}), 1, b'')",
                judged(world.stamped(bare, tsa=stranger)),
            ),
            5: (
                "parts = {'/message.xml': container.message}\n"
                "verified = Verified(message.signer, stamp.gen_time, b'', stamp.gen_time, stamp.gen_time, ())",
                judged(lie),
            ),
            6: ("absent = ()", judged(other_body)),
        },
    )


def test_stamps(world: World, kit: Any) -> None:
    data, at, tsa = b"the value of a signature", world.stamped_at, world.tsa
    token = stamps.token(tsa, data, at)
    stranger = world.ca.issue(kit.name_of(common_name="Other TSA"))
    other = world.ca.issue(kit.name_of(common_name="Sample TSA"), key=tsa.key)
    unfit = world.ca.issue(kit.name_of(common_name="Sample TSA"))
    listed = TimestampAuthority("Sample TSA", "http://tsa.example", unfit.der)
    lax = kit.configuration(kit.approve(world.ca), timestamps=(listed,))
    known = world.configuration
    check(
        timestamps.verify,
        {
            1: (f"read = Token.parse({token!r})", lambda verify: verify(b"", data, known)),
            2: ("", lambda verify: verify(token, data + b"!", known)),
            3: (
                f"authority = ParsedCertificate.parse({stranger.der!r})",
                lambda verify: verify(stamps.token(stranger, data, at), data, known),
            ),
            4: ("", lambda verify: verify(stamps.token(tsa, data, at, committed=other), data, known)),
            5: ("", lambda verify: verify(stamps.token(tsa, data, at, key=unfit.key), data, known)),
            6: ("", lambda verify: verify(stamps.token(unfit, data, at), data, lax, strict=True)),
        },
    )


def test_archives() -> None:
    chain = chain_of(FILES)
    changed = packed({**FILES, "a-request-1.asice": b"ONE"}, chain)
    follows = packed(FILES, chain_of(FILES, BEFORE))
    check(
        archives.verify,
        {
            1: (
                f"files, follows, name, links = {FILES!r}, None, 'SHA-512', _read({chain!r})[2]",
                lambda verify: verify(zip_format.write(FILES.items(), AT, b"")),
            ),
            2: ("", lambda verify: verify(packed({**FILES, "more.asice": b""}, chain))),
            3: ("digest = ''", lambda verify: verify(changed)),
            4: ("", lambda verify: verify(follows, previous=Link("another.zip", BEFORE.digest))),
        },
    )
