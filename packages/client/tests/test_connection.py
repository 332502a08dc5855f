"""HTTPS to the one security server that the settings name; nothing is sent twice."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from agency_folder import AgencyFolder, write_certificate
from stand_in import Reply, StandIn, answered

from ketnoi_client import connection
from ketnoi_client.agency import Agency, Person
from ketnoi_client.problems import SettingsError, Unreachable, UnusableAnswer
from ketnoi_protocol.services import Platform

AN = Person("990089000123", name="Nguyễn Văn An", birth="1989-04-17")


def unreachable(agency: Agency) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        agency.look_up_citizen(AN)
    assert "990089000123" not in str(caught.value)
    assert caught.value.request_code
    return caught.value


def test_another_certificate_than_the_named_one_is_not_talked_to(
    folder: AgencyFolder, server: StandIn, another_certificate: Callable[[], tuple[Path, Path]]
) -> None:
    shutil.copy(another_certificate()[0], folder.path / "server.crt")
    with Agency.open(folder.settings()) as agency:
        assert unreachable(agency).sent is False
    assert server.asked == []


def test_who_issued_a_certificate_is_no_reason_to_believe_it(
    folder: AgencyFolder, server: StandIn, agency: Agency
) -> None:
    # The stand-in presents server.crt; our own certificate, which may also issue, is trusted instead.
    shutil.copy(folder.path / "system.crt", folder.path / "server.crt")
    with Agency.open(folder.settings()) as other:
        assert unreachable(other).sent is False
    assert agency.look_up_citizen(AN).answer.citizen is None


def test_two_certificates_may_be_named_while_one_is_changed(folder: AgencyFolder, server: StandIn) -> None:
    write_certificate(folder.path, "next")
    named = folder.path / "server.crt"
    named.write_bytes((folder.path / "next.crt").read_bytes() + named.read_bytes())
    with Agency.open(folder.settings()) as agency:
        assert agency.look_up_citizen(AN).answer.citizen is None


def test_without_our_registered_certificate_nothing_is_answered(
    folder: AgencyFolder, server: StandIn, another_certificate: Callable[[], tuple[Path, Path]]
) -> None:
    certificate, key = another_certificate()
    shutil.copy(certificate, folder.path / "system.crt")
    shutil.copy(key, folder.path / "system.key")
    with Agency.open(folder.settings()) as agency:
        unreachable(agency)
    assert server.asked == []


def test_a_server_that_is_not_there_was_sent_nothing(folder: AgencyFolder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        folder.address = f"https://127.0.0.1:{taken.getsockname()[1]}"
        with Agency.open(folder.settings()) as agency:
            error = unreachable(agency)
    assert error.sent is False
    assert "ketnoi doctor" in str(error)


def test_a_port_that_speaks_no_tls_was_sent_no_question(folder: AgencyFolder) -> None:
    received = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with listening.accept()[0] as accepted:
                received.append(accepted.recv(65536))
                accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        folder.address = f"https://127.0.0.1:{listening.getsockname()[1]}"
        with Agency.open(folder.settings()) as agency:
            assert unreachable(agency).sent is False
        thread.join()
    assert b"990089000123" not in received[0]


def test_a_question_whose_answer_is_lost_is_not_sent_again(agency: Agency, server: StandIn) -> None:
    server.reply = lambda asked: Reply(close=True)
    error = unreachable(agency)
    assert error.sent is True
    assert "MaYeuCau" in str(error)
    assert len(server.asked) == 1
    server.reply = answered()
    assert agency.look_up_citizen(AN, request_code=error.request_code).answer.citizen is None
    assert server.asked[0].body == server.asked[1].body
    assert server.asked[0].headers["x-road-id"] != server.asked[1].headers["x-road-id"]


def test_waiting_ends(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = lambda asked: Reply(wait=3.0)
    with Agency.open(folder.settings(timeout=0.3)) as agency:
        assert unreachable(agency).sent is True
    assert len(server.asked) == 1


def test_a_redirection_is_not_followed(agency: Agency, server: StandIn) -> None:
    server.reply = lambda asked: Reply(307, b"", {"Location": server.address + "/elsewhere"})
    with pytest.raises(UnusableAnswer):
        agency.look_up_citizen(AN)
    assert len(server.asked) == 1


def test_an_answer_has_a_greatest_length(agency: Agency, server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LONGEST_ANSWER", 100)
    server.reply = lambda asked: Reply(200, b" " * 101)
    with pytest.raises(UnusableAnswer, match="100"):
        agency.look_up_citizen(AN)


def test_connections_are_kept(agency: Agency, server: StandIn) -> None:
    for _ in range(3):
        agency.look_up_citizen(AN)
    assert len({asked.peer for asked in server.asked}) == 1


def test_the_environments_proxy_is_not_used(
    folder: AgencyFolder, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with Agency.open(folder.settings()) as agency:
        assert agency.look_up_citizen(AN).answer.citizen is None


def test_a_path_arrives_as_it_was_written(agency: Agency, server: StandIn) -> None:
    target = "/r1/VDXP-TEST/GOV/G01.C06/DANCU/a'()+,-.=%3Fb?x=%2e%2e%2F"
    agency.connection(Platform.VDXP).request("GET", target)
    assert server.asked[0].target == target


@pytest.mark.parametrize("name", ["server.crt", "system.crt", "system.key"])
def test_an_unusable_file_is_named(name: str, folder: AgencyFolder, server: StandIn) -> None:
    for content in (None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        (folder.path / name).unlink(missing_ok=True)
        if content is not None:
            (folder.path / name).write_bytes(content)
        with pytest.raises(SettingsError) as caught:
            Agency.open(folder.settings())
        assert name in str(caught.value)


def test_a_connection_closes_with_its_block(folder: AgencyFolder, server: StandIn) -> None:
    with Agency.open(folder.settings()) as agency, agency.connection(Platform.VDXP) as kept:
        assert kept.request("GET", "/listClients").status == 200
    with pytest.raises(RuntimeError):
        kept.request("GET", "/listClients")
