"""Only pinned security servers get through the TLS handshake, each with its own instance."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from ketnoi_registry.callers import CallerError, Callers
from ketnoi_registry.settings import Caller, DirectorySource, Settings

from .certificates import self_signed


def settings(folder, **changes):
    return Settings(
        **{
            "base": str(folder),
            "environment": "test",
            "node_id": "n1",
            "database": "",
            "certificate": "registry.crt",
            "key": "registry.key",
            "callers": [Caller("VDXP-TEST", "ss1.crt"), Caller("NDXP-TEST", "ss2.crt")],
            "directory": DirectorySource(url="http://127.0.0.1:1", certificate="directory.crt"),
            "pseudonym_keys": "keys.json",
        }
        | changes
    )


@pytest.fixture
def folder(tmp_path):
    for name in ("registry", "ss1", "stranger"):
        self_signed(tmp_path, name)
    self_signed(tmp_path, "ss2", expired=True)
    return tmp_path


def shake_hands(folder, caller):
    """The instance the registry gives to `caller`, or None when the connection is refused."""
    callers = Callers(settings(folder))

    async def act():
        seen = []

        async def serve(reader, writer):
            seen.append(callers.instance_of(writer.get_extra_info("ssl_object").getpeercert(True)))
            writer.write(b"hello")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=callers.tls)
        context = ssl.create_default_context(cafile=folder / "registry.crt")
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        if caller is not None:
            context.load_cert_chain(folder / f"{caller}.crt", folder / f"{caller}.key")
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


def test_a_pinned_server_speaks_for_its_instance(folder):
    assert shake_hands(folder, "ss1") == "VDXP-TEST"


def test_a_pinned_certificate_is_good_until_it_is_unpinned(folder):
    assert shake_hands(folder, "ss2") == "NDXP-TEST"


def test_a_certificate_nobody_pinned_is_refused_in_the_handshake(folder):
    assert shake_hands(folder, "stranger") is None


def test_no_certificate_is_refused_in_the_handshake(folder):
    assert shake_hands(folder, None) is None


def test_one_certificate_cannot_speak_for_two_instances(folder):
    with pytest.raises(CallerError, match="two instances"):
        Callers(settings(folder, callers=[Caller("VDXP-TEST", "ss1.crt"), Caller("NDXP-TEST", "ss1.crt")]))


@pytest.mark.parametrize("changes", [{"key": "ss1.key"}, {"callers": [Caller("VDXP-TEST", "ss1.key")]}])
def test_files_that_do_not_fit_are_refused_by_name(folder, changes):
    with pytest.raises(CallerError, match="ss1.key"):
        Callers(settings(folder, **changes))
