"""Credentials of VDXP-TEST are tried on NDXP-TEST, where the same authority counts."""

from journeys.peer import Peer
from ketnoi_testbed.world import World


def test_a_server_of_one_platform_is_nobody_on_the_other(world: World, reached_the_registry: list[str]) -> None:
    vdxp = Peer(world, world.server("VDXP", "H55"), world.provider("VDXP"))
    ndxp = Peer(world, world.server("NDXP", "H55"), world.provider("NDXP"))
    message = ndxp.question()
    about_the_sender = world.authority.ocsp_response(vdxp.authentication.certificate)
    reply = ndxp.send(ndxp.with_ocsp(message, about_the_sender), by=vdxp.authentication)
    assert reply.code == "ssl_authentication_failed"
    assert reached_the_registry == []


def test_a_signature_of_one_platform_is_none_on_the_other(world: World, reached_the_registry: list[str]) -> None:
    vdxp = Peer(world, world.server("VDXP", "H55"), world.provider("VDXP"))
    ndxp = Peer(world, world.server("NDXP", "H55"), world.provider("NDXP"))
    message = ndxp.question()
    assert ndxp.send(ndxp.sign(message.octets, message.body, vdxp.signing)).code == "signature_verification"
    assert reached_the_registry == []


def test_a_message_for_one_platform_is_not_served_by_the_other(world: World) -> None:
    """The whole message of VDXP, well signed, delivered to C06's server on NDXP."""
    vdxp = Peer(world, world.server("VDXP", "H55"), world.provider("VDXP"))
    misled = Peer(world, world.server("NDXP", "H55"), world.provider("NDXP"))
    message = vdxp.question()
    about_the_sender = world.authority.ocsp_response(misled.authentication.certificate)
    assert misled.send(misled.with_ocsp(message, about_the_sender)).fault is not None
