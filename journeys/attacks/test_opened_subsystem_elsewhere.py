"""A subsystem that was opened from its own security server asks from another one."""

from journeys.peer import Peer
from journeys.waiting import eventually
from ketnoi_testbed.world import World


def test_the_right_does_not_travel_to_another_server(world: World, reached_the_registry: list[str]) -> None:
    """Even with the platform's consent: the other server is registered for the subsystem, C06 has not opened it."""
    home, elsewhere, provider = world.server("VDXP", "H55"), world.server("VDXP", "G15"), world.provider("VDXP")
    client = home.party.subsystem

    async def register(add: bool) -> None:
        async with world.exchange("VDXP").actions() as actions:
            act = actions.add_server_client if add else actions.remove_server_client
            await act("journey", elsewhere.id, client)

    def knows() -> bool:
        configuration = provider.hosted.running.state.globalconf.current()
        return configuration.server(elsewhere.id).serves(client)

    world.run(register(True))
    try:
        eventually(knows)
        own, other = Peer(world, home, provider), Peer(world, elsewhere, provider)
        message = own.question()
        about_the_sender = world.authority.ocsp_response(other.authentication.certificate)
        reply = own.send(own.with_ocsp(message, about_the_sender), by=other.authentication)
        assert reply.code == "server_not_opened"
        assert reached_the_registry == []
        assert own.send(message).answer is not None
    finally:
        world.run(register(False))
        eventually(lambda: not knows())
