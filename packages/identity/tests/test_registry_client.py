"""A registry that takes connections and says nothing: nobody waits for it one after the other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ketnoi_identity.registry_client import RegistryClient, RegistryUnavailable
from ketnoi_identity.settings import Register, Settings, Wire
from ketnoi_protocol.citizens import Person
from packages.registry.tests.certificates import self_signed

AN = Person(personal_number="990089000001", name="Nguyễn Văn An", birth="1989-03-02")


@pytest.fixture
def silent() -> Iterator[tuple[str, list[socket.socket]]]:
    """Its address, and the connections that it has taken."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        ended = threading.Event()

        def take() -> None:
            while not ended.is_set():
                try:
                    taken.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}", taken
        ended.set()
        thread.join()
    for each in taken:
        each.close()


def test_a_failure_is_remembered_for_a_moment(tmp_path: Path, silent: tuple[str, list[socket.socket]]) -> None:
    url, taken = silent
    for name in ("registry", "identity"):
        self_signed(tmp_path, name)
    register = Register(
        url=url, certificate="registry.crt", client_certificate="identity.crt", client_key="identity.key"
    )
    wire = Wire(certificate="wire.crt", key="wire.key", registry="registry.crt")
    settings = Settings(
        base=str(tmp_path), environment="test", database="", secret_key_file="", wire=wire, register=register
    )
    client = RegistryClient(settings)
    with pytest.raises(RegistryUnavailable, match="Timeout"):
        client.names(("H55",))
    for _ in range(5):
        with pytest.raises(RegistryUnavailable, match="a moment ago"):
            client.matches(AN)
    assert len(taken) == 1
