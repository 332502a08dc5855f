"""Keys and certificates in use: proved freshly, no longer used when the proof is stale, never lost by an accident."""

import asyncio
import stat
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.errors import Refusal
from ketnoi_runtime.web import Listener
from ketnoi_securityserver import multipart
from ketnoi_securityserver.credentials.keys import KeyStore, KeyStoreError, authentication_request
from ketnoi_trust import certificates, ocsp
from ketnoi_trust.certificates import ParsedCertificate


def der(certificate):
    return certificate.public_bytes(Encoding.DER)


def usable(kit, state):
    try:
        state.credentials.signing(kit.c06)
    except Refusal as refusal:
        assert refusal.code == "cannot_create_signature"
        return False
    return True


def test_what_signs_is_accepted_by_others_and_names_its_member(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            own = state.credentials.signing(kit.c06)
            configuration = state.globalconf.current()
            judged = certificates.judge_signing_certificate(
                der(own.certificate), [own.ocsp_response], [], configuration, kit.clock.now()
            )
            assert judged.member == kit.c06
            tls = state.credentials.authentication
            judged = certificates.judge_authentication_certificate(
                tls.certificate_der, tls.ocsp_responses, [], configuration, kit.clock.now()
            )
            assert judged.server == kit.server
            assert state.credentials.problems == {}
            with pytest.raises(Refusal) as refused:
                state.credentials.signing(kit.ministry)
            assert refused.value.code == "cannot_create_signature"

    asyncio.run(act())


def test_a_certificate_is_used_no_longer_than_its_proof_is_fresh(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            instance.answers["ocsp"] = False
            kit.clock.advance(timedelta(minutes=50))
            instance.publish()
            await state.globalconf.poll()
            await state.credentials.refresh(ask_again=True)
            assert usable(kit, state)
            assert "no OCSP response" in str(state.credentials.problems)
            # An hour is the freshness; nobody has to look for the certificate to fall out of use.
            kit.clock.advance(timedelta(minutes=11))
            assert not usable(kit, state)
            instance.answers["ocsp"] = True
            instance.publish()
            await state.globalconf.poll()
            await state.credentials.refresh(ask_again=True)
            assert usable(kit, state)
            assert state.credentials.problems == {}

    asyncio.run(act())


def test_a_revoked_certificate_signs_no_more_from_the_next_look_on(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            instance.authority.revoke(state.credentials.signing(kit.c06).certificate)
            kit.clock.advance(timedelta(seconds=2))
            await state.credentials.refresh(ask_again=True)
            assert not usable(kit, state)
            # The authority being away afterwards does not bring it back.
            instance.answers["ocsp"] = False
            await state.credentials.refresh(ask_again=True)
            assert not usable(kit, state)

    asyncio.run(act())


def test_an_answer_that_others_would_not_believe_replaces_nothing(kit, database):
    async def act():
        async with kit.instance() as instance, kit.instance() as stranger, kit.state(instance, database) as state:
            before = state.credentials.signing(kit.c06).ocsp_response
            instance.authority.ocsp_answer = stranger.authority.ocsp_answer
            await state.credentials.refresh(ask_again=True)
            assert state.credentials.signing(kit.c06).ocsp_response == before
            instance.authority.ocsp_answer = lambda question: b"nonsense"
            await state.credentials.refresh(ask_again=True)
            assert state.credentials.signing(kit.c06).ocsp_response == before

    asyncio.run(act())


def test_a_restart_without_the_authority_goes_on_with_the_proofs_kept(kit, database):
    async def act():
        async with kit.instance() as instance:
            async with kit.state(instance, database) as state:
                assert usable(kit, state)
            instance.answers["ocsp"] = False
            async with kit.state(instance, database) as state:
                assert usable(kit, state)
                assert state.credentials.authentication.ocsp_responses

    asyncio.run(act())


def test_proofs_are_renewed_by_themselves(kit, database, eventually):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database, ocsp_refresh=0.2) as state:
            before = state.credentials.signing(kit.c06).ocsp_response
            await eventually(lambda: state.credentials.signing(kit.c06).ocsp_response != before)

    asyncio.run(act())


def next_certificate(kit, instance, store):
    """Another authentication certificate of the server, a minute younger, registered and published."""
    kit.clock.advance(timedelta(minutes=1))
    made = store.make_authentication_key()
    certificate = instance.authority.certify_request(
        authentication_request(made, kit.server, "Unsafe", "ss01.example"), "authentication"
    )
    store.import_certificate(der(certificate))
    instance.register(certificate)
    instance.publish()
    return der(certificate)


def test_a_newer_certificate_waits_until_every_peer_knows_it(kit, database, eventually):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database, new_certificate_after=2.5) as state:
            old = state.credentials.authentication.certificate_der
            coming = next_certificate(kit, instance, state.credentials.keys)
            await state.globalconf.poll()
            await state.credentials.refresh(ask_again=True)
            assert state.credentials.standing(coming)[1] == "", "it could be used"
            assert state.credentials.authentication.certificate_der == old
            await eventually(lambda: state.credentials.authentication.certificate_der == coming)

    asyncio.run(act())


def test_a_newer_certificate_takes_the_place_of_one_that_counts_no_more(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database, new_certificate_after=3600) as state:
            coming = next_certificate(kit, instance, state.credentials.keys)
            instance.authority.revoke(x509.load_der_x509_certificate(state.credentials.authentication.certificate_der))
            kit.clock.advance(timedelta(seconds=2))
            await state.globalconf.poll()
            await state.credentials.refresh(ask_again=True)
            assert state.credentials.authentication.certificate_der == coming

    asyncio.run(act())


def test_a_key_that_cannot_be_read_stops_neither_the_others_nor_the_looking(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            folder = state.credentials.keys.folder / "signing" / "broken"
            folder.mkdir()
            (folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n")
            (folder / "key.pem").chmod(0o600)
            before = state.credentials.signing(kit.c06).ocsp_response
            kit.clock.advance(timedelta(seconds=2))
            await state.credentials.refresh(ask_again=True)
            assert state.credentials.signing(kit.c06).ocsp_response != before
            problem = state.credentials.problems["keys"]
            assert "broken" in problem
            assert "c2VjcmV0" not in problem
            (folder / "key.pem").unlink()
            folder.rmdir()
            await state.credentials.refresh(ask_again=True)
            assert state.credentials.problems == {}

    asyncio.run(act())


def test_a_key_that_others_may_read_is_not_used(kit, database):
    async def act():
        async with kit.instance() as instance:
            store = kit.keys(instance)
            (key,) = [each for each in store.held() if each.kind == "signing"]
            (key.folder / "key.pem").chmod(0o640)
            with pytest.raises(KeyStoreError, match="0600"):
                async with kit.state(instance, database):
                    pass

    asyncio.run(act())


def test_keys_may_be_encrypted_with_a_pin(kit, tmp_path):
    store = KeyStore(tmp_path / "pinned")
    store.folder.mkdir()
    (store.folder / "pin").write_text("a long pass phrase\n")
    with pytest.raises(KeyStoreError, match="0600"):
        store.make_signing_key(kit.c06)
    (store.folder / "pin").chmod(0o600)
    made = store.make_signing_key(kit.c06)
    assert (made.folder / "key.pem").read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    (held,) = store.held()
    assert (held.id, held.member) == (made.id, kit.c06)
    (store.folder / "pin").write_text("another\n")
    with pytest.raises(KeyStoreError) as error:
        store.held()
    assert "another" not in str(error.value)


def test_a_key_that_is_being_made_is_not_seen_until_it_is_whole(kit, tmp_path):
    store = KeyStore(tmp_path)
    store.make_signing_key(kit.c06)
    (tmp_path / "signing" / ".GOV-G01.C06-2.77").mkdir()
    assert len(store.held()) == 1
    folders = [path for path in (tmp_path / "signing").iterdir() if path.name[0] != "."]
    assert [stat.S_IMODE(path.stat().st_mode) for path in folders] == [0o700]


# The server of OCSP responses


@asynccontextmanager
async def ocsp_door(state):
    """`ask(query, method="GET")` gives status, content type and body."""
    listener = Listener(state.ocsp.server(), "127.0.0.1", 0, drain=0.1)
    await listener.start()

    async with aiohttp.ClientSession() as session:

        async def ask(query="", method="GET"):
            async with session.request(method, f"http://127.0.0.1:{listener.port}/{query}") as answer:
                return answer.status, answer.headers.get("Content-Type", ""), await answer.read()

        yield ask
    await listener.stop()


def test_peers_get_the_responses_they_ask_for_in_their_order(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, ocsp_door(state) as ask:
            tls, signing = (each.certificate for each in state.credentials.keys.held())
            for names in (
                [f"cert={tls.fingerprint(hashes.SHA1()).hex()}", f"cert={signing.fingerprint(hashes.SHA1()).hex()}"],
                [f"cert_hash={tls.fingerprint(hashes.SHA256()).hex().upper()}",
                 f"cert_hash={signing.fingerprint(hashes.SHA256()).hex()}"],
            ):  # fmt: skip
                for order in (names, names[::-1]):
                    status, content_type, body = await ask("?" + "&".join(order))
                    assert status == 200
                    assert multipart.media_type(content_type) == "multipart/related"
                    parts = multipart.read(body, multipart.boundary_of(content_type), most=2)
                    assert {part.media_type for part in parts} == {"application/ocsp-response"}
                    asked = (tls, signing) if order is names else (signing, tls)
                    for part, certificate in zip(parts, asked, strict=True):
                        about = ocsp.Response.parse(part.content)
                        issuer = ParsedCertificate.of(instance.authority.ca.certificate)
                        assert about.is_about(ParsedCertificate.of(certificate), issuer)

    asyncio.run(act())


def test_questions_about_others_are_answered_with_500_as_x_road_does(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, ocsp_door(state) as ask:
            tls = state.credentials.keys.held()[0].certificate
            mine = f"cert={tls.fingerprint(hashes.SHA1()).hex()}"
            for query in ("", "?cert=", f"?cert={'ab' * 20}", f"?{mine}&cert={'ab' * 20}", "?" + "&".join([mine] * 17)):
                status, content_type, _ = await ask(query)
                assert (status, content_type.startswith("text/plain")) == (500, True), query
            assert (await ask("?" + mine, "POST"))[0] == 500
            assert (await ask(method="HEAD"))[0] == 200

    asyncio.run(act())
