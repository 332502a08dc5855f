"""Evidence: what containers prove, and that each fault is refused with its code and step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import ocsp

from ketnoi_protocol.identifiers import MemberId
from ketnoi_trust import asic, evidence, timestamps
from ketnoi_trust.asic import Container
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.evidence import Verdict

from .containers import BODY, World, digests

EXPECTED = {
    "valid-signed-message": ("DEV:COM:4321", "2024-12-05T13:16:35", ["message.xml"]),
    "valid-signed-hashchain": ("DEV:COM:4321", "2024-12-05T12:37:50", ["message.xml", "attachment1 not present"]),
    "valid-non-batch-rest": ("DEV:COM:1234", "2024-07-11T12:51:12", ["message.xml", "attachment1"]),
    "valid-non-batch-soap-attachments": (
        "DEV:COM:4321",
        "2024-12-03T13:45:33",
        ["message.xml", "attachment1", "attachment2"],
    ),
    # X-Road lets a hash chain lie beside a signature that does not need it.
    "invalid-not-signed-hashchain": ("DEV:COM:4321", "2024-12-05T13:16:35", ["message.xml"]),
    "invalid-digest": ("invalid_signature_value", 5),
    "invalid-signed-hashchain": ("malformed_signature.invalid_hash_chain_ref", 5),
    "invalid-incorrect-references": ("malformed_signature", 4),
    "attachments": ("asic_message_not_found", 1),
}


@pytest.fixture(scope="module")
def world(kit: Any) -> World:
    return World(kit)


def refusal(act: Callable[[], Any]) -> tuple[str, int | None]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code, refused.value.step


def judge(world: World, container: Container, *, strict: bool = False) -> Verdict:
    return evidence.verify(world.pack(container), world.configuration, strict=strict)


def test_every_container_of_the_vectors_has_its_verdict(vectors: Path) -> None:
    folder = vectors / "containers"
    configuration = Configuration.from_shared_params((folder / "trust-shared-params.xml").read_bytes())
    assert {each.stem for each in folder.glob("*.asice")} == EXPECTED.keys()
    for name, expected in EXPECTED.items():
        data = (folder / f"{name}.asice").read_bytes()
        if len(expected) == 2:
            assert refusal(lambda data=data: evidence.verify(data, configuration)) == expected, name
            continue
        verdict = evidence.verify(data, configuration)
        said = str(verdict.signer), verdict.stamped_at.isoformat()[:19], [str(part) for part in verdict.messages]
        assert said == expected, name


def test_strict_takes_x_roads_own_containers_only(vectors: Path) -> None:
    folder = vectors / "containers"
    configuration = Configuration.from_shared_params((folder / "trust-shared-params.xml").read_bytes())
    taken = set()
    for path in folder.glob("*.asice"):
        try:
            evidence.verify(path.read_bytes(), configuration, strict=True)
            taken.add(path.stem)
        except Refused:
            pass
    # The REST one was signed by another library, and the rest were packed again by hand.
    assert taken == {"valid-non-batch-soap-attachments"}


@pytest.mark.parametrize("shape", ["plain", "with_body", "in_a_batch"])
@pytest.mark.parametrize("strict", [False, True])
def test_a_verdict_says_who_what_and_when(world: World, kit: Any, shape: str, strict: bool) -> None:
    verdict = judge(world, getattr(world, shape)(), strict=strict)
    assert verdict.signer == kit.ministry
    assert (verdict.signing_time, verdict.stamped_at) == (world.signed_at, world.stamped_at)
    assert (verdict.certificate, verdict.timestamp_certificate) == (world.signer.der, world.tsa.der)
    bodies = [] if shape == "plain" else [BODY]
    assert [part.content for part in verdict.messages] == [world.request(), *bodies]
    assert [str(part) for part in verdict.messages] == ["message.xml", "attachment1"][: 1 + len(bodies)]
    assert (verdict.message.client, verdict.message.message_id) == (kit.ministry.subsystem("MOTCUA"), "XX-TEST-1")


@pytest.mark.parametrize("direct", [False, True])
def test_a_deleted_body_is_told(world: World, direct: bool) -> None:
    message, bodies = world.soap_request(), (b"1", b"2", b"3")
    signature = world.sign([digests(message, *bodies)], direct=direct)[0]
    container = world.stamped(world.container(message, signature, None, b"2"))
    for strict in (False, True):
        said = [str(part) for part in judge(world, container, strict=strict).messages]
        assert said == ["message.xml", "attachment1 not present", "attachment2", "attachment3 not present"]


def test_attachments_come_in_the_order_of_their_numbers(world: World) -> None:
    message, bodies = world.soap_request(), [str(number).encode() for number in range(1, 13)]
    signature = world.sign([digests(message, *bodies)])[0]
    verdict = judge(world, world.stamped(world.container(message, signature, *bodies[:9])))
    assert [part.content for part in verdict.messages] == [message, *bodies[:9], None, None, None]
    assert str(verdict.messages[-1]) == "attachment12 not present"


def test_step_1_no_container(world: World) -> None:
    assert refusal(lambda: evidence.verify(b"", world.configuration)) == ("asic_malformed", 1)
    data = world.pack(world.plain())
    assert refusal(lambda: evidence.verify(data + b"\0", world.configuration)) == ("asic_malformed", 1)


def test_step_1_strict_wants_the_canonical_form(world: World) -> None:
    data = bytearray(world.pack(world.plain()))
    # The minute of the first entry's time, which X-Road's writer makes the same everywhere.
    position = data.index(b"PK\x01\x02") + 12
    for where in (10, position):
        data[where] ^= 0x20
    assert evidence.verify(bytes(data), world.configuration).signing_time == world.signed_at
    assert refusal(lambda: evidence.verify(bytes(data), world.configuration, strict=True)) == ("asic_malformed", 1)


def test_step_2_a_message_of_nobody(world: World) -> None:
    container = replace(world.plain(), message=b"POST\r\n/\r\n")
    assert refusal(lambda: judge(world, container)) == ("invalid_message", 2)


def test_step_3_no_stamp_at_all(world: World) -> None:
    message = world.request()
    container = world.container(message, world.sign([digests(message)])[0])
    assert refusal(lambda: judge(world, container)) == ("asic_timestamp_not_found", 3)
    broken = replace(container, signature_xml=b"<a/>")
    assert refusal(lambda: judge(world, broken)) == ("asic_timestamp_not_found", 3)


def test_step_3_a_batchs_chain_that_leads_elsewhere(world: World) -> None:
    container = world.with_body()
    other = timestamps.batch([bytes(64), bytes(64)])
    # The same signature with one octet more: the chain was over the other document.
    changed = replace(container, signature_xml=container.signature_xml + b"\n")
    for wrong in (
        changed,
        replace(container, ts_hash_chain=other.chain_of(0)),
        replace(container, ts_hash_chain=b"<a/>"),
        replace(container, ts_hash_chain_result=container.hash_chain_result),
    ):
        assert refusal(lambda wrong=wrong: judge(world, wrong)) == ("malformed_signature", 3)


def test_step_3_a_batchs_chain_refers_to_nothing_else(world: World) -> None:
    container = world.with_body()
    assert container.ts_hash_chain is not None
    # What stood as a digest is passed off as another file; the chain's root does not change by it.
    head, _, rest = container.ts_hash_chain.partition(b"<ns2:HashValue>")
    renamed = head + b'<ns2:DataRef URI="/other.xml">' + rest.replace(b"</ns2:HashValue>", b"</ns2:DataRef>", 1)
    wrong = replace(container, ts_hash_chain=renamed)
    assert refusal(lambda: judge(world, wrong)) == ("malformed_signature", 3)


def test_step_4_a_stamp_that_does_not_count(world: World, kit: Any) -> None:
    message = world.request()
    container = world.container(message, world.sign([digests(message)])[0])
    stranger = kit.authority("Other CA").issue(kit.name_of(common_name="Other TSA"))
    for faults, code in (
        ({"tsa": stranger}, "timestamp_validation"),
        ({"data": b"something else"}, "malformed_signature"),
        ({"key": stranger.key}, "timestamp_validation"),
        ({"at": world.stamped_at + 3 * kit.year}, "timestamp_validation"),
    ):
        wrong = world.stamped(container, **faults)
        assert refusal(lambda wrong=wrong: judge(world, wrong)) == (code, 4)


def test_step_4_a_batchs_stamp_over_another_result(world: World) -> None:
    container = world.with_body()
    other = world.stamped_with_others(container, others=3)
    assert refusal(lambda: judge(world, replace(container, timestamp=other.timestamp))) == ("malformed_signature", 4)


def test_step_4_strict_wants_a_certificate_for_stamps(world: World, kit: Any) -> None:
    lax = World(kit)
    lax.tsa = lax.ca.issue(kit.name_of(common_name="Sample TSA"))
    container = lax.plain()
    assert judge(lax, container).stamped_at == lax.stamped_at
    assert refusal(lambda: judge(lax, container, strict=True)) == ("timestamp_validation", 4)


def test_step_5_another_message_than_the_signed_one(world: World) -> None:
    for shape, code in (
        (world.plain(), "invalid_signature_value"),
        (world.with_body(), "malformed_signature.invalid_hash_chain_ref"),
    ):
        wrong = replace(shape, message=world.request("XX-TEST-2"))
        assert refusal(lambda wrong=wrong: judge(world, wrong)) == (code, 5)


def test_step_5_another_body_or_one_more(world: World) -> None:
    for container, code in (
        (replace(world.with_body(), attachments=(b"{}",)), "malformed_signature.invalid_hash_chain_ref"),
        (replace(world.with_body(), attachments=(BODY, BODY)), "malformed_signature.hashchain_unused_inputs"),
        (replace(world.plain(), attachments=(BODY,)), "invalid_reference"),
    ):
        assert refusal(lambda container=container: judge(world, container)) == (code, 5)


def test_step_5_the_signature_of_another_member(world: World, kit: Any) -> None:
    other = world.ca.issue_signing(kit.province)
    assert refusal(lambda: judge(world, world.plain(signer=other))) == ("incorrect_certificate", 5)


def test_step_5_everything_is_judged_at_the_stamped_moment(world: World, kit: Any) -> None:
    expired = world.ca.issue_signing(not_after=world.stamped_at - timedelta(seconds=1))
    assert refusal(lambda: judge(world, world.plain(signer=expired))) == ("cert_validation", 5)
    lasting = world.ca.issue_signing(not_after=world.stamped_at)
    assert judge(world, world.plain(signer=lasting)).signer == kit.ministry
    stale = [world.ca.answer(world.signer, this_update=world.stamped_at - timedelta(hours=1, seconds=1))]
    assert refusal(lambda: judge(world, world.plain(ocsp=stale))) == ("incorrect_validation_info", 5)
    fresh = [world.ca.answer(world.signer, this_update=world.stamped_at - timedelta(hours=1))]
    assert judge(world, world.plain(ocsp=fresh)).signer == kit.ministry
    revoked = [world.ca.answer(world.signer, status=ocsp.OCSPCertStatus.REVOKED)]
    assert refusal(lambda: judge(world, world.plain(ocsp=revoked))) == ("cert_validation", 5)


def test_step_5_strict_wants_a_signature_not_younger_than_its_stamp(world: World) -> None:
    container = world.plain(at=world.stamped_at + timedelta(minutes=6))
    assert judge(world, container).stamped_at == world.stamped_at
    assert refusal(lambda: judge(world, container, strict=True)) == ("message_too_old", 5)


def test_a_hash_chain_that_nobody_signed_proves_nothing(world: World) -> None:
    chained = world.with_body()
    plain = world.plain()
    beside = replace(plain, hash_chain=chained.hash_chain, hash_chain_result=chained.hash_chain_result)
    assert [str(part) for part in judge(world, beside).messages] == ["message.xml"]
    assert refusal(lambda: judge(world, beside, strict=True)) == ("malformed_signature", 5)


def test_a_stamp_of_the_container_goes_before_one_of_the_signature(world: World) -> None:
    # X-Road's verifier takes META-INF/timestamp.tst where it is there.
    later = world.stamped_at + timedelta(minutes=1)
    plain = world.plain()
    token = timestamps.embedded(world.stamped(replace(plain, signature_xml=unstamped(plain)), at=later).signature_xml)
    assert judge(world, replace(plain, timestamp=token)).stamped_at == later


def unstamped(container: Container) -> bytes:
    before, _, rest = container.signature_xml.partition(b"<xades:SignatureTimeStamp>")
    return before + rest.partition(b"</xades:SignatureTimeStamp>")[2]


def test_a_member_that_is_no_more_still_said_what_it_said(world: World, kit: Any) -> None:
    gone = MemberId(kit.instance, "GOV", "G99")
    message = world.request().replace(b"GOV/G15/MOTCUA", b"GOV/G99/MOTCUA")
    signature = world.sign([digests(message)], signer=world.ca.issue_signing(gone))[0]
    verdict = judge(world, world.stamped(world.container(message, signature)))
    assert verdict.signer == gone
    assert gone not in world.configuration.members


def test_the_vectors_archived_container_is_judged_as_far_as_its_trust_goes(vectors: Path) -> None:
    from ketnoi_trust import archives

    archive = archives.verify((vectors / "archives" / "message-archive-0.zip").read_bytes())
    (container,) = archive.containers.values()
    configuration = Configuration.from_shared_params((vectors / "containers" / "trust-shared-params.xml").read_bytes())
    assert refusal(lambda: evidence.verify(container, configuration)) == ("timestamp_validation", 4)
    assert asic.read(container, strict=True).hash_chain is not None
