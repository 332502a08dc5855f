"""The authority asked over HTTP, as servers and operators ask it."""

from __future__ import annotations

import asyncio
from hashlib import sha512
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.authority_server import AuthorityServer
from ketnoi_trust import ocsp as questions
from ketnoi_trust import timestamps


def request(common_name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def asked(authority: UnsafeAuthority, *posts: tuple[str, bytes], down: tuple[str, ...] = ()) -> list[tuple[int, bytes]]:
    async def ask() -> list[tuple[int, bytes]]:
        server = AuthorityServer(authority, "127.0.0.1", 0)
        server.down |= set(down)
        await server.start()
        try:
            async with aiohttp.ClientSession() as session:
                return [await post(session, server.address + path, data) for path, data in posts]
        finally:
            await server.stop()

    async def post(session: Any, url: str, data: bytes) -> tuple[int, bytes]:
        async with session.post(url, data=data) as response:
            return response.status, await response.read()

    return asyncio.run(ask())


def test_it_signs_requests_answers_ocsp_and_stamps(authority: UnsafeAuthority) -> None:
    ((status, der),) = asked(authority, ("/sign/authentication", request("ss01.example")))
    assert status == 200
    certificate = x509.load_der_x509_certificate(der)
    assert certificate.issuer == authority.ca.certificate.subject
    query = timestamps.request(sha512(b"x").digest())
    (answered, stamped) = asked(
        authority, ("/ocsp", questions.request(certificate, authority.ca.certificate)), ("/tsa", query)
    )
    assert ocsp.load_der_ocsp_response(answered[1]).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert timestamps.token_of(stamped[1])


def test_what_is_no_question_gets_no_answer(authority: UnsafeAuthority) -> None:
    changed = bytearray(request("ss01.example"))
    changed[-1] ^= 1
    posts = [(path, b"?") for path in ("/ocsp", "/tsa", "/sign/signing")]
    posts += [("/sign/signing", bytes(changed)), ("/sign/authority", request("Unsafe CA"))]
    assert [status for status, _ in asked(authority, *posts)] == [400, 400, 400, 400, 404]


def test_it_can_be_away(authority: UnsafeAuthority) -> None:
    posts = (("/ocsp", b""), ("/tsa", timestamps.request(sha512(b"x").digest())))
    assert [status for status, _ in asked(authority, *posts, down=("ocsp",))] == [503, 200]
