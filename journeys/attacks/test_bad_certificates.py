"""Certificates that are revoked, expired, made for something else, or of another authority."""

import warnings
from datetime import timedelta

import pytest
from cryptography.x509.ocsp import OCSPCertStatus

from journeys.peer import Peer
from journeys.waiting import eventually
from ketnoi_protocol.errors import Refusal
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.world import World


def test_a_revoked_signing_certificate_signs_nothing(
    rogue: Peer, world: World, reached_the_registry: list[str]
) -> None:
    message = rogue.question()
    another = world.authority.issue_signing(rogue.own.party.member)
    assert rogue.send(rogue.sign(message.octets, message.body, another)).answer is not None
    world.authority.revoke(another.certificate)
    message = rogue.question()
    assert rogue.send(rogue.sign(message.octets, message.body, another)).code == "signature_verification"
    assert len(reached_the_registry) == 1


def test_an_expired_signing_certificate_signs_nothing(rogue: Peer, world: World) -> None:
    message = rogue.question()
    long_ago = world.clock.now() - timedelta(days=400)
    expired = world.authority.issue_signing(rogue.own.party.member, begins=long_ago, lasts=timedelta(days=365))
    assert rogue.send(rogue.sign(message.octets, message.body, expired)).code == "signature_verification"


def test_an_authentication_certificate_signs_no_message(rogue: Peer) -> None:
    message = rogue.question()
    reply = rogue.send(rogue.sign(message.octets, message.body, rogue.authentication))
    assert reply.code == "signature_verification"


def test_a_signing_certificate_proves_no_server(rogue: Peer, reached_the_registry: list[str]) -> None:
    # Its usage does not fit: the handshake itself fails, before a message could be sent.
    with pytest.raises(Refusal, match="network_error"):
        rogue.send(rogue.question(), by=rogue.signing)
    assert reached_the_registry == []


def test_a_registered_certificate_proves_no_server_once_it_has_expired(
    rogue: Peer, world: World, reached_the_registry: list[str]
) -> None:
    """The platform still registers it: its own end alone stops it."""
    short = world.authority.issue_authentication(rogue.own.host, lasts=timedelta(seconds=8))
    ends = short.certificate.not_valid_after_utc

    async def register() -> None:
        async with world.exchange("VDXP").actions() as actions:
            await actions.add_authentication_certificate("journey", rogue.own.id, short.der)

    def known() -> bool:
        configuration = rogue.other.hosted.running.state.globalconf.current()
        return configuration.server_by_authentication_certificate(short.der) == rogue.own.id

    world.run(register())
    eventually(known)
    message = rogue.with_ocsp(rogue.question(), world.authority.ocsp_response(short.certificate))
    assert rogue.send(message, by=short).answer is not None
    eventually(lambda: world.clock.now() > ends)
    message = rogue.with_ocsp(rogue.question(), world.authority.ocsp_response(short.certificate))
    assert rogue.send(message, by=short).code == "ssl_authentication_failed"
    assert known()
    assert len(reached_the_registry) == 1


def test_a_certificate_that_nobody_registered_proves_no_server(rogue: Peer, world: World) -> None:
    unregistered = world.authority.issue_authentication(rogue.own.host)
    assert rogue.send(rogue.question(), by=unregistered).code == "ssl_authentication_failed"


def test_a_revoked_authentication_certificate_proves_no_server(rogue: Peer, world: World) -> None:
    revoked = world.authority.ocsp_response(
        rogue.authentication.certificate, status=OCSPCertStatus.REVOKED, this_update=world.clock.now()
    )
    assert rogue.send(rogue.with_ocsp(rogue.question(), revoked)).code == "ssl_authentication_failed"


def test_another_authority_with_the_same_name_counts_for_nothing(rogue: Peer, world: World) -> None:
    with warnings.catch_warnings(action="ignore"):
        impostor = UnsafeAuthority(world.clock)
    signer = impostor.issue_signing(rogue.own.party.member)
    message = rogue.question()
    forged = rogue.sign(message.octets, message.body, signer, ocsp=impostor.ocsp_response(signer.certificate))
    assert rogue.send(forged).code == "signature_verification"
