"""The agency's security server in a world: what it shows, another key on it, and what the platform has of it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_portal.connection import rotation
from ketnoi_portal.connection.models import RotationCheck
from ketnoi_portal.onboarding import rotating
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.publication.exchange import ExchangeAdmin
from ketnoi_portal.publication.registrar import exchange_of
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_protocol.services import Environment
from ketnoi_securityserver.credentials.keys import authentication_request
from ketnoi_testbed.world import World

from .connected import connected

UNIT = "VDXP/test"


def live_in(world: World) -> Application:
    """An application that runs, registered with what the agency's server shows now."""
    made = connected(world, stage=Stage.LIVE)
    made.platform_registrations.filter(environment=Environment.TEST).update(
        certificate=der(shown(world)), address=world.server("VDXP", "H55").host
    )
    made.refresh_from_db()
    return made


def der(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.DER)


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def shown(world: World) -> x509.Certificate:
    """What the agency's server proves itself with now."""
    credentials = world.server("VDXP", "H55").hosted.running.state.credentials
    return x509.load_der_x509_certificate(credentials.authentication.certificate_der)


def certificate_of_a_new_key(world: World) -> x509.Certificate:
    """Made on the agency's server, certified and imported there: the server waits for its registration."""
    server = world.server("VDXP", "H55")
    asked = authentication_request(server.keys.make_authentication_key(), server.id, "Thái Nguyên", server.host)
    issued = world.authority.certify_request(asked, "authentication")
    server.keys.import_certificate(der(issued))
    settle(world)
    return issued


def settle(world: World) -> None:
    world.run(world.settle("VDXP-TEST"))


def on_the_platform(live: Application) -> set[str]:
    """SHA-256 of the certificates that are registered for the server."""
    server = SecurityServerId.from_colon(rotating.registration_of(live, UNIT).server)
    with ExchangeAdmin.of(exchange_of(UNIT)) as exchange:
        return set(exchange.certificates(server))


def check(actor: Actor, live: Application) -> list[str]:
    """The connection is checked under the other certificate; the items that failed."""
    rotation.ask(actor, live, UNIT)
    rotation.run_waiting()
    live.refresh_from_db()
    return [each["item"] for each in RotationCheck.objects.latest("pk").items if not each["passed"]]
