"""`ketnoi doctor` tells at which station of the way a call stops, and what to do there."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from agency_folder import AgencyFolder, write_certificate
from stand_in import Asked, Reply, StandIn, x_road_error

from ketnoi_client.agency import Agency
from ketnoi_client.cli import main
from ketnoi_client.doctor import CLOCK_LIMIT, Finding, examine
from ketnoi_protocol.services import Platform

STATIONS = [
    "our certificate",
    "the server's name (DNS)",
    "TCP connection",
    "TLS, the server's certificate",
    "TLS, our certificate is taken",
    "clock",
    "global configuration (listClients)",
    "access rights (allowedMethods)",
]
VDXP_SERVICES = ["XacNhanSoDinhDanhVaCMND", "XacThucThongTinHoGiaDinh", "TraCuuThongTinCongDan"]


def client(instance: str, member: str, subsystem: str | None = None) -> dict[str, object]:
    parts = {"object_type": "MEMBER", "xroad_instance": instance, "member_class": "GOV", "member_code": member}
    if subsystem:
        parts |= {"object_type": "SUBSYSTEM", "subsystem_code": subsystem}
    return {"id": parts, "name": "a name"}


def metaservices(clients: tuple[tuple[str, str], ...], services: list[str]) -> Callable[[Asked], Reply]:
    """listClients and allowedMethods as PR-MREST has them."""

    def reply(asked: Asked) -> Reply:
        path, _, query = asked.target.partition("?")
        if path == "/listClients":
            instance = query.removeprefix("xRoadInstance=")
            known = [client(instance, "H55"), *(client(instance, *each) for each in clients)]
            return Reply(body=json.dumps({"member": known}).encode())
        assert path.endswith("/GOV/G01.C06/DANCU/allowedMethods")
        assert asked.headers["x-road-client"].endswith("/GOV/H55/MOTCUA")
        told = [{"object_type": "SERVICE", "service_code": code} for code in services]
        return Reply(body=json.dumps({"service": told}).encode())

    return reply


BOTH = (("H55", "MOTCUA"), ("G01.C06", "DANCU"))
WELL = metaservices(BOTH, [*VDXP_SERVICES, "XacThucThongTinCongDan"])


def found(folder: AgencyFolder) -> list[Finding]:
    with Agency.open(folder.settings(timeout=2.0)) as agency:
        return [each for each in examine(agency) if each.platform is Platform.VDXP]


def stopped_at(folder: AgencyFolder) -> tuple[str, Finding]:
    findings = found(folder)
    assert [each.passed for each in findings] == [True] * (len(findings) - 1) + [False]
    assert [each.name_en for each in findings] == STATIONS[: len(findings)]
    assert " · " in findings[-1].mend
    return findings[-1].name_en, findings[-1]


def test_a_way_that_is_open_passes_every_station(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = WELL
    findings = found(folder)
    assert [each.name_en for each in findings] == STATIONS
    assert all(each.passed for each in findings)
    assert all(asked.method == "GET" and asked.body == b"" for asked in server.asked)


def test_an_expired_certificate_of_ours(folder: AgencyFolder, server: StandIn) -> None:
    write_certificate(folder.path, "system", days=-1)
    assert stopped_at(folder)[0] == "our certificate"


def test_a_name_that_nobody_knows(folder: AgencyFolder) -> None:
    folder.address = "https://ss.invalid:8443"
    station, finding = stopped_at(folder)
    assert (station, "ss.invalid" in finding.found) == ("the server's name (DNS)", True)


def test_a_closed_port(folder: AgencyFolder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        folder.address = f"https://127.0.0.1:{taken.getsockname()[1]}"
        assert stopped_at(folder)[0] == "TCP connection"


def test_another_certificate_of_the_server(folder: AgencyFolder, server: StandIn) -> None:
    write_certificate(folder.path, "other")
    shutil.copy(folder.path / "other.crt", folder.path / "server.crt")
    station, finding = stopped_at(folder)
    assert (station, "`trusted`" in finding.found) == ("TLS, the server's certificate", True)


def test_our_certificate_is_not_registered(
    folder: AgencyFolder, server: StandIn, another_certificate: Callable[[], tuple[Path, Path]]
) -> None:
    certificate, key = another_certificate()
    shutil.copy(certificate, folder.path / "system.crt")
    shutil.copy(key, folder.path / "system.key")
    assert stopped_at(folder)[0] == "TLS, our certificate is taken"


@pytest.mark.parametrize(("seconds", "passes"), [(-CLOCK_LIMIT - 5, False), (CLOCK_LIMIT + 5, False), (20, True)])
def test_a_clock_that_goes_wrong(seconds: float, passes: bool, folder: AgencyFolder, server: StandIn) -> None:
    server.reply = WELL
    with Agency.open(folder.settings(), lambda: datetime.now(UTC) + timedelta(seconds=seconds)) as agency:
        findings = [each for each in examine(agency) if each.platform is Platform.VDXP]
    clock = next(each for each in findings if each.name_en == "clock")
    assert clock.passed is passes
    assert (findings[-1] is clock) is not passes


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 02 Mar 2026 08:00:00 -0000"])
def test_a_server_that_tells_no_usable_time_is_not_blamed(date: str, folder: AgencyFolder, server: StandIn) -> None:
    def reply(asked: Asked) -> Reply:
        told = WELL(asked)
        return Reply(body=told.body, headers={**told.headers, "Date": date})

    server.reply = reply
    assert [each.found for each in found(folder) if each.name_en == "clock"] == [
        "máy chủ không cho biết giờ · the server tells no time"
    ]


@pytest.mark.parametrize("missing", ["MOTCUA", "DANCU"])
def test_a_system_that_the_platform_does_not_know(missing: str, folder: AgencyFolder, server: StandIn) -> None:
    server.reply = metaservices(tuple(each for each in BOTH if each[1] != missing), VDXP_SERVICES)
    station, finding = stopped_at(folder)
    assert station == "global configuration (listClients)"
    assert missing in finding.found


@pytest.mark.parametrize(
    "told",
    [
        Reply(404, b"Not found", {"Content-Type": "text/plain"}),
        Reply(200, b"<html>"),
        Reply(200, b"[]"),
        Reply(200, b'{"member":{}}'),
        Reply(200, b'{"member":[7,{"id":7}]}'),
        Reply(200, b"{}"),
        Reply(200, b"[" * 200_000),
        Reply(200, b'{"member":' * 200_000),
        Reply(200, b"\xff"),
    ],
)
def test_something_that_is_no_security_server(told: Reply, folder: AgencyFolder, server: StandIn) -> None:
    server.reply = lambda asked: told
    assert stopped_at(folder)[0] == "global configuration (listClients)"


@pytest.mark.parametrize("code", ["[]", "{}", "7", "null"])
def test_services_under_codes_that_are_none_are_not_open(code: str, folder: AgencyFolder, server: StandIn) -> None:
    body = f'{{"service":[{{"service_code":{code}}}]}}'.encode()
    server.reply = lambda asked: WELL(asked) if "listClients" in asked.target else Reply(200, body)
    assert stopped_at(folder)[0] == "access rights (allowedMethods)"


def test_a_service_that_is_not_open_is_named(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = metaservices(BOTH, VDXP_SERVICES[:2])
    last = found(folder)[-1]
    assert last.passed
    assert f"not open: {VDXP_SERVICES[2]}" in last.found


def test_no_open_service_is_c06s_to_mend(folder: AgencyFolder, server: StandIn) -> None:
    server.reply = metaservices(BOTH, [])
    station, finding = stopped_at(folder)
    assert (station, "C06" in finding.mend) == ("access rights (allowedMethods)", True)


def test_a_refusal_on_the_way_is_explained_by_the_table(folder: AgencyFolder, server: StandIn) -> None:
    def reply(asked: Asked) -> Reply:
        return WELL(asked) if "listClients" in asked.target else x_road_error("server.clientproxy.unknown_member")

    server.reply = reply
    station, finding = stopped_at(folder)
    assert station == "access rights (allowedMethods)"
    assert "[unknown_member]" in finding.mend


def test_a_platform_without_an_account_of_ours_is_examined_as_far_as_it_goes(
    folder: AgencyFolder, server: StandIn
) -> None:
    server.reply = WELL
    file = folder.settings()
    file.write_text(file.read_text().replace("[accounts.population]", "[accounts.identity]"))
    with Agency.open(file) as agency:
        findings = [each.name_en for each in examine(agency) if each.platform is Platform.VDXP]
    assert findings == STATIONS[:6]


def test_the_command_prints_the_stations_and_its_status(
    folder: AgencyFolder, server: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply = WELL
    assert main(["doctor", "--settings", str(folder.settings())]) == 0
    told = capsys.readouterr().out
    assert told.count("✓") == 2 * len(STATIONS)
    server.reply = metaservices(BOTH, [])
    assert main(["doctor", "--settings", str(folder.settings())]) == 1
    assert capsys.readouterr().out.count("✗") == 2
