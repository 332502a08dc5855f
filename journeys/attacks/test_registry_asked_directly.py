"""The registry is called by somebody else than its pinned security servers, or by one of them for another platform."""

import asyncio
import json
import ssl

import pytest

from journeys.peer import Peer
from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver import outbound
from ketnoi_testbed.authority import Holder
from ketnoi_testbed.world import World

LOOK_UP, VERIFY = "TraCuuThongTinCongDan", "XacThucThongTinCongDan"


def ask(
    world: World, certificate: str, key: str, headers: dict[str, str], body: bytes, service: str = LOOK_UP
) -> tuple[int, bytes]:
    """Status and body of a direct call. Raises OSError or Refusal when it is not even let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate, key)

    async def call() -> tuple[int, bytes]:
        reached = await outbound.reach(world.registry.host, world.registry.port, 5)
        connection = await outbound.connect("registry", reached, context, 5)
        message = outbound.head("POST", f"/v1/{service}", "registry", list(headers.items()), body) + body
        deadline = asyncio.get_running_loop().time() + 5
        try:
            answer = await connection.exchange("POST", message, longest_body=1 << 20, deadline=deadline)
        finally:
            connection.close()
        return answer.status, answer.body

    return world.run(call())


@pytest.fixture
def question(rogue: Peer) -> tuple[dict[str, str], bytes]:
    """Headers and body of a question that would be answered, as C06's server hands it on."""
    message = rogue.question()
    assert message.body is not None
    return dict(message.request.headers), message.body


def test_its_own_security_server_is_answered(world: World, question: tuple[dict[str, str], bytes]) -> None:
    certificate, key = world.provider("VDXP").keys.internal_files
    assert ask(world, str(certificate), str(key), *question)[0] == 200


def test_an_agency_is_not_let_in(world: World, question: tuple[dict[str, str], bytes]) -> None:
    folder = world.agencies["H55"].folder
    with pytest.raises((OSError, Refusal)):
        ask(world, str(folder / "tls.pem"), str(folder / "tls-key.pem"), *question)


def test_whoever_shows_no_certificate_is_not_let_in(world: World, question: tuple[dict[str, str], bytes]) -> None:
    with pytest.raises((OSError, Refusal)):
        ask(world, "", "", *question)


def test_a_certificate_of_the_same_name_is_not_the_pinned_one(
    world: World, question: tuple[dict[str, str], bytes], tmp_path: object
) -> None:
    impostor: Holder = world.authority.issue_authentication(world.provider("VDXP").host)
    folder = world.folder / "impostor"
    folder.mkdir()
    (folder / "tls.pem").write_bytes(impostor.pem)
    (folder / "key.pem").write_bytes(impostor.key_pem)
    try:
        with pytest.raises((OSError, Refusal)):
            ask(world, str(folder / "tls.pem"), str(folder / "key.pem"), *question)
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def test_one_platforms_server_cannot_ask_in_the_name_of_the_others_systems(world: World) -> None:
    """All else is right: the service is NDXP's, the account and its signature are good."""
    provider = world.provider("NDXP")
    certificate, key = map(str, provider.keys.internal_files)
    ndxp = Peer(world, world.server("NDXP", "H55"), provider)
    own, another = ndxp.own.party.subsystem.slash, world.server("VDXP", "H55").party.subsystem.slash
    answers = []
    for client in (own, another):
        message = ndxp.question(**{"X-Road-Client": client})
        assert message.body is not None
        status, body = ask(world, certificate, key, dict(message.request.headers), message.body, VERIFY)
        answers.append((status, json.loads(body).get("code")))
    assert answers == [(200, None), (403, "21")]


def test_one_platforms_server_cannot_ask_for_the_services_of_the_other(
    world: World, question: tuple[dict[str, str], bytes]
) -> None:
    certificate, key = map(str, world.provider("NDXP").keys.internal_files)
    status, body = ask(world, certificate, key, *question, LOOK_UP)
    assert (status, json.loads(body)["code"]) == (404, "unknown_service")
