"""What the provider's server refuses, whoever sends it: judged on the wire, by a caller in the test's own hand."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from peers_in_hand import BODY, Caller, part, sign
from refusals import ended, steps
from small_world import CALLER, JUSTICE, OTHER, PROVIDER, PROVINCE, REGISTERS, SERVICE, World

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.rest import RestResponse
from ketnoi_securityserver import multipart, transport
from ketnoi_securityserver.serverconf.rights import Grant, Rights
from ketnoi_securityserver.serverconf.services import Services
from ketnoi_testbed.authority import UnsafeAuthority, UnsafeAuthorityWarning
from ketnoi_trust.configuration import CertificateHash
from ketnoi_trust.configuration import SecurityServer as RegisteredServer

P = "server.serverproxy."


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world)


def refused_in(world: World, number: int, code: str) -> bool:
    """The one exchange ended there, and the information system was not asked."""
    return ended(world) == [("provider", number, code)] and not world.system.asked


def test_a_caller_in_hand_is_answered_as_a_server_is(world: World, caller: Caller) -> None:
    read = caller.answered()
    assert (RestResponse.decode(read.message).status, read.body) == (200, b'{"TonTai": true}')
    assert steps(world) == [("provider", n, "ok") for n in range(1, 10)]


# 1 peer


def test_a_certificate_that_is_registered_nowhere_is_refused(world: World) -> None:
    stranger = Caller(world, authentication=world.authority.issue_authentication("stranger"))
    assert stranger.refused() == f"{P}ssl_authentication_failed"
    assert refused_in(world, 1, "ssl_authentication_failed")


def test_nobody_is_heard_without_a_current_configuration(world: World, caller: Caller) -> None:
    message = caller.message()
    world.clock.advance(timedelta(hours=2))
    try:
        # Not even let in: whom to trust is not known.
        with pytest.raises((OSError, Refusal)):
            caller.refused(message)
    finally:
        world.clock.advance(timedelta(hours=-2))
    assert not world.answering.events


def test_nobody_without_a_certificate_of_an_approved_authority_gets_in(world: World) -> None:
    with pytest.warns(UnsafeAuthorityWarning):
        elsewhere = UnsafeAuthority(world.clock, name="Unsafe Elsewhere")
    stranger = Caller(world, authentication=elsewhere.issue_authentication("stranger"))
    with pytest.raises((OSError, Refusal)):
        stranger.refused()
    assert not world.answering.events


# 2 read


def test_only_posts_are_messages(world: World, caller: Caller) -> None:
    assert caller.refused(method="GET") == f"{P}invalid_http_method"
    assert not world.answering.events


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-proxy-version": ""}, "client_proxy_version_not_supported"),
        ({"x-proxy-version": "new"}, "client_proxy_version_not_supported"),
        ({"x-hash-algorithm": "SHA-1"}, "invalid_message"),
        ({"Content-Type": "text/plain"}, "invalid_content_type"),
        ({"Content-Type": "multipart/mixed; boundary=other"}, "mime_parsing_failed"),
    ],
)
def test_what_is_said_around_the_message_must_be_right(
    world: World, caller: Caller, headers: dict[str, str], code: str
) -> None:
    assert caller.refused(headers=headers) == P + code
    assert refused_in(world, 2, code)


OCSP, REQUEST, REST_BODY, SIGNATURE = "ocsp", "request", "body", "signature"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ([OCSP, REQUEST, REST_BODY], "missing_signature"),
        ([OCSP, REST_BODY, SIGNATURE], "missing_rest"),
        ([OCSP, REQUEST, REST_BODY, REST_BODY, SIGNATURE], "invalid_content_type"),
        ([OCSP, REQUEST, REST_BODY, SIGNATURE, SIGNATURE], "invalid_message"),
        ([OCSP, REQUEST, REST_BODY, SIGNATURE, REST_BODY], "invalid_message"),
        ([OCSP, REQUEST, SIGNATURE, REST_BODY], "invalid_message"),
        ([REQUEST, OCSP, REST_BODY, SIGNATURE], "invalid_content_type"),
        ([OCSP] * 9 + [REQUEST, REST_BODY, SIGNATURE], "invalid_message"),
        ([], "missing_rest"),
    ],
)
def test_missing_extra_and_misplaced_parts_are_refused(
    world: World, caller: Caller, order: list[str], code: str
) -> None:
    octets = part()
    made = sign(world, caller.signing, octets, BODY)
    pieces = {
        OCSP: (transport.OCSP, caller.ocsp()),
        REQUEST: (transport.REST_REQUEST, octets),
        REST_BODY: (transport.REST_BODY, BODY),
        SIGNATURE: (transport.SIGNATURE, made.xml),
    }
    data = multipart.write("xtop", [pieces[name] for name in order])
    assert caller.refused(("multipart/mixed; boundary=xtop", data)) == P + code
    assert refused_in(world, 2, code)


def test_a_soap_message_is_refused(world: World, caller: Caller) -> None:
    parts = [(transport.OCSP, caller.ocsp()), ("text/xml", b"<a/>"), (transport.SIGNATURE, b"<b/>")]
    assert caller.refused(("multipart/mixed; boundary=xtop", multipart.write("xtop", parts))) == f"{P}missing_rest"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (part(path="/.."), "bad_request"),
        (part(path="/a%2F..%2Fb"), "bad_request"),
        (part(path="/%252e%252e/"), "bad_request"),
        (part(service=PROVINCE.subsystem("MOTCUA").service("TraCuu")), "unknown_member"),
        (part(service=PROVIDER.service("KhongCo")), "unknown_service"),
        (part(method="CONNECT"), "invalid_http_method"),
        (part(headers=(("X-Road-Security-Server", OTHER.slash),)), "invalid_security_server"),
        (part(headers=(("X-Road-Client", PROVINCE.subsystem("MOTCUA").slash),)), "duplicate_header_field"),
        (part().replace(b"X-Road-Client:", b"X-Client:"), "invalid_client_identifier"),
        (part().replace(b"x-road-id:", b"x-id:"), "missing_header"),
        (part().replace(b"x-road-request-id:", b"x-request:"), "missing_header"),
        (part() + b"Host:elsewhere\r\n", "invalid_message"),
        (part() + b"no header\r\n", "invalid_message"),
        (part()[:-2], "invalid_message"),
        (b"POST\r\n", "invalid_message"),
        (b"", "invalid_message"),
        (part().replace(b"/r1/", b"/r2/"), "bad_request"),
        (part() + b"X-Long:" + b"x" * 64 * 1024 + b"\r\n", "invalid_message"),
    ],
)
def test_a_message_that_says_something_wrong_is_refused(
    world: World, caller: Caller, message: bytes, code: str
) -> None:
    assert caller.refused(caller.message(message)) == P + code
    assert [step[2] for step in ended(world)] == [code]
    assert not world.system.asked


def test_a_message_that_is_too_long_is_refused(world: World, caller: Caller) -> None:
    assert caller.refused(caller.message(body=b"x" * 2 * 1024 * 1024)) == f"{P}message_too_large"
    assert not world.system.asked


# 3 verify


def test_a_signature_by_another_member_is_refused(world: World) -> None:
    other = Caller(world, signing=world.authority.issue_signing(PROVINCE))
    assert other.refused() == f"{P}signature_verification.incorrect_certificate"
    assert refused_in(world, 3, "signature_verification")


def test_a_subsystem_of_another_server_cannot_be_spoken_for(world: World, caller: Caller) -> None:
    message = part(client=PROVINCE.subsystem("MOTCUA"))
    assert caller.refused(caller.message(message)) == f"{P}server_not_opened"
    assert refused_in(world, 3, "server_not_opened")


def test_a_certificate_for_authentication_cannot_sign(world: World) -> None:
    wrong = Caller(world, signing=world.authority.issue_signing(JUSTICE, usage=("digital_signature",)))
    assert wrong.refused() == f"{P}signature_verification.incorrect_certificate"


def test_an_expired_signing_certificate_is_refused(world: World) -> None:
    begins = world.clock.now() - timedelta(days=10)
    expired = world.authority.issue_signing(JUSTICE, begins=begins, lasts=timedelta(days=5))
    assert Caller(world, signing=expired).refused() == f"{P}signature_verification.cert_validation"


def test_a_revoked_signing_certificate_is_refused(world: World) -> None:
    revoked = world.authority.issue_signing(JUSTICE)
    caller = Caller(world, signing=revoked)
    caller.answered()
    world.authority.revoke(revoked.certificate)
    assert caller.refused() == f"{P}signature_verification.cert_validation"


def altered(octets: bytes, old: bytes, new: bytes) -> bytes:
    assert octets.count(old) == 1
    assert len(old) == len(new)
    return octets.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'"HoVaTen": "A"', b'"HoVaTen": "B"', "invalid_signature_value"),
        (b"/v1/persons\r\n", b"/v1/persona\r\n", "invalid_signature_value"),
        (b"X-Road-UserId:cb.1", b"X-Road-UserId:cb.2", "invalid_signature_value"),
        (b"<xades:SigningTime>2", b"<xades:SigningTime>1", "invalid_signature_value"),
        (b'URI="/attachment1"', b'URI="/attachment2"', "malformed_signature"),
    ],
)
def test_a_byte_changed_on_the_way_is_refused(world: World, caller: Caller, old: bytes, new: bytes, code: str) -> None:
    content_type, data = caller.message(part(headers=(("X-Road-UserId", "cb.1"),)))
    assert caller.refused((content_type, altered(data, old, new))) == f"{P}signature_verification.{code}"
    assert refused_in(world, 3, "signature_verification")


def test_a_byte_changed_in_the_signatures_value_is_refused(world: World, caller: Caller) -> None:
    content_type, data = caller.message()
    at = data.index(b'Id="signature-value">') + 30
    changed = data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :]
    assert caller.refused((content_type, changed)) == f"{P}signature_verification.invalid_signature_value"


def test_a_body_added_or_taken_away_is_refused(world: World, caller: Caller) -> None:
    octets = part()
    made = sign(world, caller.signing, octets, None)
    added = transport.write_request(octets, BODY, made, (caller.ocsp(),))
    assert caller.refused(added).startswith(f"{P}signature_verification")
    made = sign(world, caller.signing, octets, BODY)
    taken = transport.write_request(octets, None, made, (caller.ocsp(),))
    assert caller.refused(taken).startswith(f"{P}signature_verification")


@contextlib.contextmanager
def ocsp_of(world: World, age: timedelta) -> Iterator[None]:
    world.authority.ocsp_age = age
    try:
        yield
    finally:
        world.authority.ocsp_age = timedelta()


def test_stale_ocsp_responses_are_refused(world: World, caller: Caller) -> None:
    with ocsp_of(world, timedelta(hours=1, minutes=1)):
        stale_signer = caller.message()
    octets = part()
    made = sign(world, caller.signing, octets, BODY)
    with ocsp_of(world, timedelta(hours=1, minutes=1)):
        stale_server = transport.write_request(octets, BODY, made, (caller.ocsp(),))
    assert caller.refused(stale_server).startswith(f"{P}ssl_authentication_failed")
    assert caller.refused(stale_signer).startswith(f"{P}ssl_authentication_failed")
    missing = transport.write_request(octets, BODY, made, ())
    assert caller.refused(missing).startswith(f"{P}ssl_authentication_failed")
    assert [step[1:] for step in ended(world)] == [(3, "ssl_authentication_failed")] * 3
    content_type, data = stale_signer
    read = transport.read_request(content_type, data)
    assert read.signature is not None
    only_signer = transport.write_request(read.message, read.body, read.signature, (caller.ocsp(),))
    assert caller.refused(only_signer) == f"{P}signature_verification.incorrect_validation_info"


# 4 fresh


def test_a_message_that_comes_again_is_refused(world: World, caller: Caller) -> None:
    message = caller.message()
    caller.answered(message)
    assert caller.refused(message) == f"{P}replayed_message"
    # Signed anew it is the same message.
    read = transport.read_request(*message)
    again = transport.write_request(
        read.message, read.body, sign(world, caller.signing, read.message, read.body), (caller.ocsp(),)
    )
    assert caller.refused(again) == f"{P}replayed_message"
    assert ended(world) == [("provider", 6, "replayed_message")] * 2
    assert len(world.system.asked) == 1


def test_the_same_message_id_for_another_question_is_no_replay(world: World, caller: Caller) -> None:
    caller.answered(caller.message(part(message_id="same")))
    caller.answered(caller.message(part(message_id="same")))
    assert len(world.system.asked) == 2


@pytest.mark.parametrize("minutes", [-66, 6])
def test_a_message_signed_too_long_ago_or_in_the_future_is_refused(world: World, caller: Caller, minutes: int) -> None:
    octets = part()
    at = world.clock.now() + timedelta(minutes=minutes)
    message = transport.write_request(octets, BODY, sign(world, caller.signing, octets, BODY, at), (caller.ocsp(),))
    assert caller.refused(message) == f"{P}message_too_old"
    assert refused_in(world, 4, "message_too_old")


# 5 allow


def test_who_has_no_right_is_refused_and_an_opened_subsystem_elsewhere_with_a_code_of_its_own(world: World) -> None:
    other = world.authority.issue_authentication("other")
    place = RegisteredServer(OTHER, "127.0.0.9", (CertificateHash.of(other.der),), frozenset({CALLER, REGISTERS}))
    with world.registered(*world.params.servers, place):
        elsewhere = Caller(world, authentication=other)
        assert elsewhere.refused() == f"{P}server_not_opened"
        without = elsewhere.message(part(client=REGISTERS))
        assert elsewhere.refused(without) == f"{P}access_denied"
        assert ended(world) == [("provider", 5, "server_not_opened"), ("provider", 5, "access_denied")]
        Caller(world).answered()


def test_a_right_to_an_endpoint_opens_that_endpoint_only(world: World, caller: Caller) -> None:
    narrow = PROVIDER.service("XacNhan")
    ledger, state = world.answering.ledger, world.answering.running.state
    services, rights = Services(ledger), Rights(ledger, state.globalconf.current)
    description = world.run(services.add_rest("test", PROVIDER, f"{world.system.url}/narrow", "XacNhan"))
    world.run(services.set_enabled("test", description, True))
    endpoint = world.run(services.add_endpoint("test", narrow, "GET", "/persons/*"))
    world.run(rights.give("test", [Grant(endpoint, CALLER, (world.asking.id,))]))

    def code(method: str, path: str) -> str | None:
        return caller.outcome(caller.message(part(service=narrow, method=method, path=path), None))

    assert code("GET", "/persons/1") is None
    assert code("GET", "/persons/a%20b") is None
    assert code("POST", "/persons/1") == f"{P}access_denied"
    assert code("GET", "/persons/1/2") == f"{P}access_denied"
    assert code("GET", "/persons/1%2F2") == f"{P}bad_request"
    assert code("GET", "/persons") == f"{P}access_denied"
    assert code("GET", "") == f"{P}access_denied"
    world.run(services.set_enabled("test", description, False, "đang bảo trì"))
    assert code("GET", "/persons/1") == f"{P}service_disabled"


# 6 log


def test_nothing_is_asked_that_is_not_in_the_log(world: World, caller: Caller) -> None:
    pool = world.answering.running.state.pool
    world.run(pool.execute("ALTER TABLE record RENAME TO record_away"))
    try:
        assert caller.refused() == f"{P}logging_failed"
    finally:
        world.run(pool.execute("ALTER TABLE record_away RENAME TO record"))
    assert refused_in(world, 6, "logging_failed")
    caller.answered()


def test_an_answer_that_cannot_be_logged_does_not_leave(world: World, caller: Caller) -> None:
    pool = world.answering.running.state.pool

    async def breaks_the_log(_request: web.BaseRequest) -> web.StreamResponse:
        await pool.execute("ALTER TABLE record RENAME TO record_away")
        return web.Response(body=b"the answer")

    world.system.answers = breaks_the_log
    try:
        response = caller.send(*caller.message())
    finally:
        world.run(pool.execute("ALTER TABLE record_away RENAME TO record"))
    assert b"logging_failed" in response.body
    assert b"the answer" not in response.body
    assert ended(world) == [("provider", 8, "logging_failed")]


# 8 sign


def test_an_answer_that_cannot_be_signed_does_not_leave(world: World, caller: Caller) -> None:
    credentials = world.answering.running.state.credentials
    certificate = world.answering.signing.certificate
    world.authority.revoke(certificate)
    world.run(credentials.refresh(ask_again=True))
    try:
        assert caller.refused() == f"{P}cannot_create_signature"
        assert ended(world) == [("provider", 8, "cannot_create_signature")]
    finally:
        del world.authority.revoked[certificate.serial_number]
        world.run(credentials.refresh(ask_again=True))
    caller.answered()


def test_a_server_that_serves_the_provider_no_more_refuses(world: World, caller: Caller) -> None:
    asking, answering = world.params.servers
    with world.registered(asking, replace(answering, clients=frozenset())):
        assert caller.refused() == f"{P}unknown_member"
    assert refused_in(world, 2, "unknown_member")
    assert SERVICE.provider == PROVIDER
