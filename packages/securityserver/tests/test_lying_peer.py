"""A provider's server that is registered, and answers wrongly: the consumer's server believes nothing of it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from aiohttp import web
from peers_in_hand import LyingPeer, sign
from refusals import ended, refusal
from small_world import C06, CALLER, PROVINCE, SECOND, World

from ketnoi_protocol import rest
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_protocol.rest import RestResponse
from ketnoi_securityserver import faults, multipart, transport
from ketnoi_securityserver.faults import Fault
from ketnoi_securityserver.http_response import Response
from ketnoi_securityserver.transport import Transport
from ketnoi_trust.configuration import CertificateHash, SecurityServer

C = "server.clientproxy."


@pytest.fixture(scope="module")
def _peer(world: World) -> Iterator[LyingPeer]:
    made = LyingPeer(world, SECOND, C06)
    world.run(made.start())
    with world.registered(*world.params.servers, made.registered()):
        yield made
    world.run(made.stop())


@pytest.fixture
def peer(_peer: LyingPeer) -> LyingPeer:
    _peer.lie = lambda peer, received: peer.response(received)
    _peer.received.clear()
    return _peer


def call(world: World, message_id: str | None = None) -> Response:
    headers = {"X-Road-Security-Server": SECOND.slash}
    return world.call(headers=headers | ({"X-Road-Id": message_id} if message_id else {}))


def refused(world: World, step: int = 8) -> str:
    """How the call ends; it must end in this step, and leave only the question in the log."""
    status, told = refusal(call(world, "lied to"))
    assert status == 500
    assert [(side, number) for side, number, _ in ended(world)] == [("consumer", step)]
    pool = world.asking.running.state.pool
    assert not world.run(pool.fetchval("SELECT count(*) FROM record WHERE message_id = 'lied to' AND is_response"))
    return told


def test_an_honest_answer_of_the_peer_in_hand_passes(world: World, peer: LyingPeer) -> None:
    answer = call(world)
    assert (answer.status, answer.body) == (200, b"yes")
    assert dict(answer.headers)["x-road-client"] == CALLER.slash
    assert peer.received[0].ocsp_responses


@pytest.mark.parametrize(
    "changed",
    [
        {"x_road_id": "another"},
        {"x_road_id": None},
        {"x_road_client": PROVINCE.subsystem("MOTCUA").slash},
        {"x_road_client": None},
        {"x_road_service": "VDXP-TEST/GOV/G01.C06/DANCU/XacNhan"},
        {"x_road_service": None},
        {"x_road_request_id": "another"},
        {"x_road_request_id": None},
        {"x_road_request_hash": rest.request_hash(b"another", None)},
        {"x_road_request_hash": None},
        {"X_Road_Request_Hash": "another"},
    ],
)
def test_an_answer_to_another_question_is_refused(
    world: World, peer: LyingPeer, changed: dict[str, str | None]
) -> None:
    peer.lie = lambda peer, received: peer.response(received, peer.part(received, **changed))
    assert refused(world) == f"{C}inconsistent_response"


def test_an_answer_kept_from_an_earlier_question_is_refused(world: World, peer: LyingPeer) -> None:
    kept: list[web.Response] = []

    def keep(peer: LyingPeer, received: Transport) -> web.Response:
        kept.append(peer.response(received))
        return peer.said(kept[0].headers["Content-Type"], bytes(kept[0].body))  # type: ignore[arg-type]

    peer.lie = keep
    assert call(world).status == 200
    world.forget()
    assert refused(world) == f"{C}inconsistent_response"


def test_an_answer_that_another_member_signed_is_refused(world: World, peer: LyingPeer) -> None:
    other = world.authority.issue_signing(PROVINCE)

    def lie(peer: LyingPeer, received: Transport) -> web.Response:
        message = peer.part(received)
        return peer.response(received, message, signature=sign(world, other, message, b"yes"))

    peer.lie = lie
    assert refused(world) == f"{C}signature_verification.incorrect_certificate"


def test_an_answer_changed_after_it_was_signed_is_refused(world: World, peer: LyingPeer) -> None:
    def body(peer: LyingPeer, received: Transport) -> web.Response:
        message = peer.part(received)
        return peer.response(received, message, b"yea", sign(world, peer.signing, message, b"yes"))

    def head(peer: LyingPeer, received: Transport) -> web.Response:
        message = peer.part(received)
        made = sign(world, peer.signing, message, b"yes")
        return peer.response(received, message.replace(b"200\r\n", b"201\r\n"), b"yes", made)

    def no_body(peer: LyingPeer, received: Transport) -> web.Response:
        message = peer.part(received)
        return peer.response(received, message, None, sign(world, peer.signing, message, b"yes"))

    for lie, code in ((body, "invalid_signature_value"), (head, "invalid_signature_value"), (no_body, "")):
        peer.lie = lie
        world.forget()
        assert refused(world).startswith(f"{C}signature_verification.{code}")


def test_an_answer_whose_signer_has_only_a_stale_ocsp_response_is_refused(world: World, peer: LyingPeer) -> None:
    def lie(peer: LyingPeer, received: Transport) -> web.Response:
        world.authority.ocsp_age = timedelta(hours=2)
        try:
            return peer.response(received)
        finally:
            world.authority.ocsp_age = timedelta()

    peer.lie = lie
    assert refused(world) == f"{C}signature_verification.incorrect_validation_info"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "missing_rest"),
        ([(transport.REST_RESPONSE, b"200\r\nOK\r\n")], "missing_signature"),
        ([(transport.REST_REQUEST, b"GET\r\n/\r\n"), (transport.SIGNATURE, b"<a/>")], "invalid_message"),
        ([("text/xml", b"<a/>"), (transport.SIGNATURE, b"<a/>")], "missing_rest"),
        (
            [(transport.REST_RESPONSE, b"200\r\nOK\r\n"), (transport.SIGNATURE, b"<a/>"), (transport.REST_BODY, b"")],
            "invalid_message",
        ),
        (
            [(transport.REST_RESPONSE, b"200\r\nOK\r\n"), (transport.SIGNATURE, b"<a/>")],
            "signature_verification.malformed_signature",
        ),
    ],
)
def test_an_answer_with_missing_extra_or_wrong_parts_is_refused(
    world: World, peer: LyingPeer, parts: list[tuple[str, bytes]], code: str
) -> None:
    data = multipart.write("xtop", parts)
    peer.lie = lambda peer, _received: peer.said("multipart/mixed; boundary=xtop", data)
    assert refused(world) == C + code


def test_an_answer_that_is_no_transport_message_is_refused(world: World, peer: LyingPeer) -> None:
    peer.lie = lambda peer, _received: peer.said("text/html", b"<html>")
    assert refused(world) == f"{C}invalid_content_type"
    world.forget()
    peer.lie = lambda _peer, _received: web.Response(status=502, body=b"bad gateway")
    assert refused(world) == f"{C}http_error"
    world.forget()
    peer.lie = lambda peer, _received: peer.said("text/xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    assert refused(world) == f"{C}invalid_soap.invalid_xml"


def test_a_fault_of_the_peer_is_passed_on_as_it_came(world: World, peer: LyingPeer) -> None:
    for kind, status in (
        ("server.serverproxy.access_denied", 500),
        ("Server.ServerProxy.AccessDenied", 500),
        ("client.something_new", 400),
    ):
        fault = Fault(kind, "Request is not allowed: <&>", "0d9e46ae-3dd8-4b1e-a5c9-6a9f34a3f6d1")
        peer.lie = lambda peer, _received, fault=fault: peer.said("text/xml", faults.write_soap(fault))
        answer = call(world)
        assert refusal(answer) == (status, kind)
        assert answer.body == faults.as_json(fault)


def test_a_late_fault_is_read_though_we_never_send_one(world: World, peer: LyingPeer) -> None:
    fault = Fault("server.serverproxy.cannot_create_signature", "late", "0d9e46ae-3dd8-4b1e-a5c9-6a9f34a3f6d1")

    def lie(peer: LyingPeer, received: Transport) -> web.Response:
        parts = [(transport.REST_RESPONSE, peer.part(received)), (transport.FAULT, faults.write_soap(fault))]
        return peer.said("multipart/mixed; boundary=xtop", multipart.write("xtop", parts))

    peer.lie = lie
    assert refused(world) == fault.type


def test_an_answer_with_a_header_of_the_connection_is_refused(world: World, peer: LyingPeer) -> None:
    def lie(peer: LyingPeer, received: Transport) -> web.Response:
        return peer.response(received, peer.part(received) + b"Transfer-Encoding:chunked\r\n")

    peer.lie = lie
    assert refused(world) == f"{C}invalid_message"


def test_a_status_that_http_does_not_have_is_refused(world: World, peer: LyingPeer) -> None:
    for status in (b"600", b"099", b"2000", b"20x", b""):
        peer.lie = lambda peer, received, status=status: peer.response(
            received, peer.part(received).replace(b"200\r\n", status + b"\r\n", 1)
        )
        world.forget()
        assert refused(world) == f"{C}invalid_message"
    assert RestResponse(200, "", ()).encode()


def test_an_answer_that_is_too_long_is_refused(world: World, peer: LyingPeer) -> None:
    peer.lie = lambda peer, received: peer.response(received, body=b"x" * 3 * 1024 * 1024)
    assert refused(world, 7) == f"{C}http_error"


def test_a_peer_that_answers_too_late_is_told_within_the_deadline(world: World, peer: LyingPeer) -> None:
    async def late(peer: LyingPeer, received: Transport) -> web.Response:
        await asyncio.sleep(10)
        return peer.response(received)

    peer.lie = late  # type: ignore[assignment]
    begun = world.loop.time()
    assert refused(world, 7) in {f"{C}network_error", f"{C}deadline_passed"}
    assert world.loop.time() - begun < 5


def test_a_peer_that_goes_away_in_the_middle_is_asked_once(world: World, peer: LyingPeer) -> None:
    async def half(peer: LyingPeer, received: Transport) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "multipart/mixed; boundary=a", "Content-Length": "99"})
        await response.prepare(peer.request)
        await response.write(b"--a")
        assert peer.request.transport is not None
        peer.request.transport.close()
        return response

    peer.lie = half  # type: ignore[assignment]
    assert refused(world, 7) == f"{C}network_error"
    assert len(peer.received) == 1


def test_a_peer_with_another_certificate_than_the_registered_gets_no_byte(world: World, peer: LyingPeer) -> None:
    stranger = world.authority.issue_authentication("stranger")
    *others, _ = world.params.servers
    wrong = SecurityServer(SECOND, peer.host, (CertificateHash.of(stranger.der),), peer.registered().clients)
    before = peer.octets
    with world.registered(*others, wrong):
        assert refused(world, 7) == f"{C}ssl_authentication_failed"
    assert peer.octets == before


def test_a_peer_that_does_not_serve_the_provider_gets_no_byte(world: World, peer: LyingPeer) -> None:
    """Its certificate is another registered server's: it stands at the address, but is not who is meant."""
    *others, lying = world.params.servers
    moved = SecurityServer(SECOND, peer.host, (CertificateHash.of(world.answering.signing.der),), lying.clients)
    third = SecurityServerId(SECOND.instance, SECOND.member_class, SECOND.member_code, "SS09")
    elsewhere = SecurityServer(third, "127.0.0.9", lying.authentication_certificate_hashes, frozenset())
    before = peer.octets
    with world.registered(*others, moved, elsewhere):
        assert refused(world, 7) == f"{C}ssl_authentication_failed"
    assert peer.octets == before
