"""Our own keys: made, certified, taken into use and out of it, and never useless by mistake."""

import asyncio
import stat
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_protocol.errors import Refusal

SIGNING = {
    "key_label": "a second one",
    "csr_generate_request": {
        "key_usage_type": "SIGNING",
        "ca_name": "Unsafe Ketnoi CA",
        "csr_format": "DER",
        "member_id": "XX-TEST:GOV:G01.C06",
        "subject_field_values": {"O": "Unsafe"},
    },
}
AUTHENTICATION = {
    "csr_generate_request": {
        "key_usage_type": "AUTHENTICATION",
        "subject_field_values": {"O": "Unsafe", "CN": "ss01.example"},
    },
}


async def keys_of(one):
    (token,) = await one.get("/tokens")
    assert (token["id"], token["type"], token["logged_in"]) == ("0", "SOFTWARE", True)
    return token["keys"]


async def request_of(one, made):
    return await one.get(f"/keys/{made['key']['id']}/csrs/{made['csr_id']}?csr_format=DER")


def certified(one, request, use):
    return one.instance.authority.certify_request(request, use).public_bytes(Encoding.DER)


async def make(one, body=SIGNING, use="signing"):
    """A new key with a certificate: the certificate as it is shown."""
    made = await one.do("POST", "/tokens/0/keys-with-csrs", body)
    return await one.do("POST", "/token-certificates", data=certified(one, await request_of(one, made), use))


def test_a_new_signing_key_is_certified_and_signs(api, kit):
    async def act():
        async with api() as one:
            before = one.state.credentials.signing(kit.c06)
            kit.clock.advance(timedelta(seconds=2))
            made = await one.do("POST", "/tokens/0/keys-with-csrs", SIGNING)
            assert made["key"]["usage"] == "SIGNING"
            assert made["key"]["certificates"] == []
            request = x509.load_der_x509_csr(await request_of(one, made))
            assert request.is_signature_valid
            names = {each.rfc4514_attribute_name: each.value for each in request.subject}
            assert names["CN"] == "G01.C06"
            pem = await one.get(f"/keys/{made['key']['id']}/csrs/{made['csr_id']}")
            assert x509.load_pem_x509_csr(pem) == request
            der = certified(one, request.public_bytes(Encoding.DER), "signing")
            shown = await one.do("POST", "/token-certificates", data=der)
            assert (shown["active"], shown["ocsp_status"], shown["status"]) == (
                True,
                "OCSP_RESPONSE_GOOD",
                "REGISTERED",
            )
            assert shown["owner_id"] == "XX-TEST:GOV:G01.C06"
            # The newest certificate signs from now on, without a restart.
            now = one.state.credentials.signing(kit.c06)
            assert now.certificate.public_bytes(Encoding.DER) == der != before.certificate.public_bytes(Encoding.DER)
            assert await one.get(f"/token-certificates/{shown['certificate_details']['hash']}") == shown

    asyncio.run(act())


def test_a_certificate_taken_out_of_use_signs_no_more_on_any_node(api, kit, eventually):
    async def act():
        async with kit.instance() as instance, api(instance) as one, api(instance, "node1") as other:
            (certificate,) = next(each for each in await keys_of(one) if each["usage"] == "SIGNING")["certificates"]
            digest = certificate["certificate_details"]["hash"]
            await one.do("PUT", f"/token-certificates/{digest}/disable")

            def signs(node):
                try:
                    node.state.credentials.signing(kit.c06)
                except Refusal as refusal:
                    assert refusal.code == "cannot_create_signature"
                    return False
                return True

            assert not signs(one)
            await eventually(lambda: not signs(other), seconds=5)
            assert (await one.get(f"/token-certificates/{digest}"))["active"] is False
            await one.do("PUT", f"/token-certificates/{digest}/activate")
            assert signs(one)
            await eventually(lambda: signs(other), seconds=5)

    asyncio.run(act())


def test_an_authentication_certificate_on_its_way_to_registration(api, kit):
    async def act():
        async with api() as one:
            before = one.state.credentials.authentication.certificate_der
            # Certificates count their age in seconds; of two equally old ones the first stays.
            kit.clock.advance(timedelta(seconds=2))
            shown = await make(one, AUTHENTICATION, "authentication")
            digest = shown["certificate_details"]["hash"]
            assert (shown["status"], shown["owner_id"]) == ("SAVED", None)
            await one.do("PUT", f"/token-certificates/{digest}/register", {"address": "ss01.example"})
            assert (await one.get(f"/token-certificates/{digest}"))["status"] == "REGISTRATION_IN_PROGRESS"
            # Until others accept it, the one before goes on proving this server.
            assert one.state.credentials.authentication.certificate_der == before
            kept = one.state.credentials.keys.held()[1]
            one.instance.register(kept.certificate)
            one.instance.publish()
            await one.state.globalconf.poll()
            await one.state.credentials.refresh()
            assert (await one.get(f"/token-certificates/{digest}"))["status"] == "REGISTERED"
            der = kept.certificate.public_bytes(Encoding.DER)
            assert one.state.credentials.authentication.certificate_der == der

    asyncio.run(act())


def test_a_certificate_that_others_would_not_accept_is_not_taken(api, kit):
    async def act():
        async with kit.instance() as instance, kit.instance() as stranger, api(instance) as one:
            made = await one.do("POST", "/tokens/0/keys-with-csrs", SIGNING)
            request = await request_of(one, made)
            subject = x509.load_der_x509_csr(request).subject
            public = x509.load_der_x509_csr(request).public_key()
            issue = instance.authority.certify
            foreign = stranger.authority.certify_request(request, "signing").public_bytes(Encoding.DER)
            for name, der in {
                "another authority": foreign,
                "another use": certified(one, request, "authentication"),
                "another member": instance.authority.certify(
                    instance.authority.issue_signing(kit.ministry).certificate.subject,
                    public,
                    usage=("content_commitment",),
                ).public_bytes(Encoding.DER),
                "another time": issue(
                    subject, public, usage=("content_commitment",), begins=kit.clock.now().replace(year=2020)
                ).public_bytes(Encoding.DER),
                "no certificate": b"-----BEGIN nothing",
            }.items():
                assert await one.refused("POST", "/token-certificates", data=der) == (400, "invalid_cert"), name
            strangers = instance.authority.issue_signing(kit.c06).der
            assert await one.refused("POST", "/token-certificates", data=strangers) == (404, "key_not_found")
            good = certified(one, request, "signing")
            await one.do("POST", "/token-certificates", data=good)
            assert await one.refused("POST", "/token-certificates", data=good) == (409, "certificate_already_exists")

    asyncio.run(act())


def test_a_key_in_use_cannot_be_deleted(api, kit):
    async def act():
        async with api() as one:
            shown = await make(one)
            digest = shown["certificate_details"]["hash"]
            id_ = one.state.credentials.keys.held()[-1].id
            assert await one.refused("DELETE", f"/keys/{id_}") == (409, "certificate_in_use")
            assert await one.refused("DELETE", f"/token-certificates/{digest}") == (409, "certificate_in_use")
            await one.do("PUT", f"/token-certificates/{digest}/disable")
            await one.do("DELETE", f"/token-certificates/{digest}")
            assert (await one.get(f"/keys/{id_}"))["certificates"] == []
            await one.do("DELETE", f"/keys/{id_}")
            assert await one.refused("GET", f"/keys/{id_}") == (404, "key_not_found")
            one.state.credentials.signing(kit.c06)
            assert [row[1] for row in await one.audit()][1:] == [
                "make key", "import certificate", "disable certificate", "remove certificate of a key", "remove key"
            ]  # fmt: skip

    asyncio.run(act())


def test_requests_that_make_no_sense_are_refused_and_leave_no_key(api):
    def with_(**changes):
        return {"csr_generate_request": SIGNING["csr_generate_request"] | changes}

    async def act():
        async with api() as one:
            before = len(await keys_of(one))
            for body, code in [
                (with_(member_id="GOV"), "invalid_member_id"),
                (with_(member_id="YY-TEST:GOV:G01.C06"), "invalid_member_id"),
                (with_(subject_field_values={}), "invalid_distinguished_name"),
                (with_(subject_field_values={"O": "x" * 65}), "invalid_distinguished_name"),
                (with_(key_usage_type="AUTHENTICATION"), "invalid_distinguished_name"),
                (with_(key_usage_type="OTHER"), "validation_failure"),
            ]:
                assert await one.refused("POST", "/tokens/0/keys-with-csrs", body) == (400, code)
            assert await one.refused("POST", "/tokens/1/keys-with-csrs", SIGNING) == (404, "token_not_found")
            assert await one.refused("GET", "/tokens/1") == (404, "token_not_found")
            assert await one.refused("GET", "/keys/ab") == (404, "key_not_found")
            for act in ("activate", "disable"):
                missing = await one.refused("PUT", f"/token-certificates/ab/{act}")
                assert missing == (404, "certificate_not_found")
            first, second = await keys_of(one)
            wrong = SIGNING["csr_generate_request"]
            assert await one.refused("POST", f"/keys/{first['id']}/csrs", wrong) == (400, "wrong_key_usage")
            again = await one.do("POST", f"/keys/{second['id']}/csrs", wrong)
            assert x509.load_der_x509_csr(again).is_signature_valid
            assert await one.refused("GET", f"/keys/{second['id']}/csrs/ab") == (404, "csr_not_found")
            digest = second["certificates"][0]["certificate_details"]["hash"]
            body = {"address": "ss01.example"}
            refused = await one.refused("PUT", f"/token-certificates/{digest}/register", body)
            assert refused == (409, "sign_cert_not_supported")
            assert len(await keys_of(one)) == before

    asyncio.run(act())


@pytest.mark.parametrize("algorithm", ["EC", "RSA"])
def test_keys_are_their_owners_alone_and_of_the_kind_there_is(api, algorithm):
    async def act():
        async with api() as one:
            await one.do("POST", "/tokens/0/keys-with-csrs", SIGNING | {"key_algorithm": algorithm})
            await one.do("POST", "/tokens/0/keys-with-csrs", SIGNING)
            held = one.state.credentials.keys.held()
            assert [type(each.key).__name__[:3] for each in held[-2:]] == ["RSA" if algorithm == "RSA" else "ECP"] * 2
            assert len(held) == 4
            for each in held:
                assert stat.S_IMODE((each.folder / "key.pem").stat().st_mode) == 0o600
                assert stat.S_IMODE(each.folder.stat().st_mode) == 0o700
                assert (each.folder / "key.pem").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
            assert "PRIVATE" not in str(await keys_of(one))

    asyncio.run(act())
