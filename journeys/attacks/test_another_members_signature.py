"""A member signs in the name of another, or with a certificate of nobody's."""

from journeys.peer import Peer
from ketnoi_protocol.identifiers import MemberId
from ketnoi_testbed.world import World


def test_a_message_of_one_member_signed_by_another_is_refused(
    rogue: Peer, world: World, reached_the_registry: list[str]
) -> None:
    message = rogue.question()
    justice = Peer(world, world.server("VDXP", "G15"), world.provider("VDXP"))
    assert rogue.send(rogue.sign(message.octets, message.body, justice.signing)).code == "signature_verification"
    assert reached_the_registry == []


def test_a_certificate_for_a_stranger_does_not_speak_for_a_member(rogue: Peer, world: World) -> None:
    message = rogue.question()
    stranger = world.authority.issue_signing(MemberId("VDXP-TEST", "GOV", "H99"))
    assert rogue.send(rogue.sign(message.octets, message.body, stranger)).code == "signature_verification"


def test_a_message_that_names_another_client_needs_that_clients_signature(rogue: Peer, world: World) -> None:
    """Signed by the one whose server sends it, it is of a server that the other is not registered for."""
    justice = Peer(world, world.server("VDXP", "G15"), world.provider("VDXP"))
    client = {"X-Road-Client": justice.own.party.subsystem.slash}
    assert rogue.send(rogue.question(**client)).code == "server_not_opened"
    message = rogue.question(**client)
    about_the_sender = world.authority.ocsp_response(justice.authentication.certificate)
    sent = rogue.send(rogue.with_ocsp(message, about_the_sender), by=justice.authentication)
    assert sent.code == "signature_verification"
