"""A server that admits the holders of pinned certificates alone."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ketnoi_runtime.pinning import PinningError, Pins, digest_of


def certificate(folder, name, *, issuer=None, authority=False, days=900):
    """`name`.crt and `name`.key below `folder`, signed by itself or by `issuer` (name, key); its own (name, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing = issuer or (subject, key)
    begin = datetime.now(UTC) - timedelta(days=600)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(signing, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return subject, key


@pytest.fixture
def folder(tmp_path):
    for name in ("server", "known", "stranger"):
        certificate(tmp_path, name)
    certificate(tmp_path, "expired", days=500)
    authority = certificate(tmp_path, "authority", authority=True)
    certificate(tmp_path, "pinned-leaf", issuer=authority)
    certificate(tmp_path, "other-leaf", issuer=authority)
    return tmp_path


def known_as(folder, caller, *pinned):
    """By which digest `caller` is let in; None when it is not."""
    pins = Pins(folder / "server.crt", folder / "server.key")
    for name in pinned:
        pins.pin(folder / f"{name}.crt")

    async def act():
        seen = []

        async def serve(reader, writer):
            seen.append(digest_of(writer.get_extra_info("ssl_object").getpeercert(True)))
            writer.write(b"hello")
            await writer.drain()
            writer.close()

        context = ssl.create_default_context(cafile=folder / "server.crt")
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        if caller is not None:
            context.load_cert_chain(folder / f"{caller}.crt", folder / f"{caller}.key")
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=pins.tls)
        async with server:
            port = server.sockets[0].getsockname()[1]
            try:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=context, server_hostname="localhost"
                )
                answer = await reader.read()
                writer.close()
            except (ssl.SSLError, ConnectionError):
                answer = b""
        return seen[0] if answer else None

    return asyncio.run(act())


@pytest.mark.parametrize("caller", ["known", "expired", "pinned-leaf"])
def test_the_holder_of_a_pinned_certificate_is_known_by_it(folder, caller):
    pins = Pins(folder / "server.crt", folder / "server.key")
    assert known_as(folder, caller, "known", "expired", "pinned-leaf") == pins.pin(folder / f"{caller}.crt")


@pytest.mark.parametrize("caller", ["stranger", "other-leaf", "authority", None])
def test_nobody_else_gets_through_the_handshake(folder, caller):
    assert known_as(folder, caller, "known", "pinned-leaf") is None


def test_what_cannot_be_used_is_named(folder):
    with pytest.raises(PinningError, match=r"server\.crt, stranger\.key"):
        Pins(folder / "server.crt", folder / "stranger.key")
    pins = Pins(folder / "server.crt", folder / "server.key")
    for name in ("known.key", "missing.crt"):
        with pytest.raises(PinningError, match=name):
            pins.pin(folder / name)
