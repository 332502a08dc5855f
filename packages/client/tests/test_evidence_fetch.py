"""`ketnoi evidence fetch`: X-Road's /asic and /verificationconf, unpacked into a folder and nowhere else."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from agency_folder import AgencyFolder
from stand_in import Asked, Reply, StandIn

from ketnoi_client import evidence
from ketnoi_client.agency import Agency
from ketnoi_client.cli import main
from ketnoi_client.problems import UnusableAnswer
from ketnoi_protocol.services import Platform

CONFIGURATION = {
    "verificationconf/instance-identifier": b"VDXP-TEST",
    "verificationconf/VDXP-TEST/shared-params.xml": b"<x/>",
}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def archive(server: StandIn, containers: dict[str, bytes]) -> None:
    def reply(asked: Asked) -> Reply:
        return Reply(body=packed(CONFIGURATION if asked.target == "/verificationconf" else containers))

    server.reply = reply


def test_containers_and_configuration_are_written(agency: Agency, server: StandIn, tmp_path: Path) -> None:
    archive(server, {"M-1-request.asice": b"q", "M-1-response.asice": b"a"})
    written = evidence.fetch(agency, "VDXP-TEST-1", tmp_path / "out")
    assert [each.relative_to(tmp_path / "out").as_posix() for each in written] == [
        "M-1-request.asice",
        "M-1-response.asice",
        *CONFIGURATION,
    ]
    assert (tmp_path / "out" / "M-1-request.asice").read_bytes() == b"q"
    assert (tmp_path / "out" / "M-1-request.asice").stat().st_mode & 0o077 == 0


def test_the_question_is_x_roads(agency: Agency, server: StandIn, tmp_path: Path) -> None:
    archive(server, {})
    evidence.fetch(agency, "NDXP-TEST-a b&c", tmp_path)
    target = urlsplit(server.asked[0].target)
    assert target.path == "/asic"
    assert parse_qs(target.query, keep_blank_values=True) == {
        "queryId": ["NDXP-TEST-a b&c"],
        "xRoadInstance": ["NDXP-TEST"],
        "memberClass": ["GOV"],
        "memberCode": ["H55"],
        "subsystemCode": ["MOTCUA"],
        "force": [""],
    }


@pytest.mark.parametrize(
    ("message_id", "named", "instance"),
    [
        ("NDXP-TEST-1", None, "NDXP-TEST"),
        ("VDXP-TEST-1", None, "VDXP-TEST"),
        ("our-own-id", None, "VDXP-TEST"),
        ("our-own-id", Platform.NDXP, "NDXP-TEST"),
        ("VDXP-TEST-1", Platform.NDXP, "NDXP-TEST"),
    ],
)
def test_the_platform_is_that_of_the_message(
    message_id: str, named: Platform | None, instance: str, agency: Agency, server: StandIn, tmp_path: Path
) -> None:
    archive(server, {})
    evidence.fetch(agency, message_id, tmp_path, named)
    assert f"xRoadInstance={instance}" in server.asked[0].target


@pytest.mark.parametrize("name", ["../out.asice", "/out.asice", "a/../../out.asice", "a\\..\\out.asice", "\x1b.asice"])
def test_nothing_is_written_outside_the_folder(name: str, agency: Agency, server: StandIn, tmp_path: Path) -> None:
    archive(server, {name: b"x"})
    with pytest.raises(UnusableAnswer):
        evidence.fetch(agency, "VDXP-TEST-1", tmp_path / "deep" / "folder")
    assert [each for each in tmp_path.rglob("*") if each.suffix == ".asice"] == []


@pytest.mark.parametrize("body", [b"", b"no archive", packed({"a": b"x" * 100})[:-30]])
def test_what_is_no_archive_is_refused(body: bytes, agency: Agency, server: StandIn, tmp_path: Path) -> None:
    server.reply = lambda asked: Reply(body=body)
    with pytest.raises(UnusableAnswer):
        evidence.fetch(agency, "VDXP-TEST-1", tmp_path)


def damaged(method: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("a.asice", b"hello world" * 1_000)
    octets = bytearray(content.getvalue())
    octets[40:50] = b"\xff" * 10
    return bytes(octets)


def renamed(name: bytes) -> bytes:
    return packed({"\u00e9.asice": b"x"}).replace("\u00e9".encode(), name)


HOSTILE = {
    "damaged in place": damaged(zipfile.ZIP_STORED),
    "damaged when deflated": damaged(zipfile.ZIP_DEFLATED),
    "bzip2": packed({"a.asice": b"x" * 9}, zipfile.ZIP_BZIP2),
    "LZMA": packed({"a.asice": b"x" * 9}, zipfile.ZIP_LZMA),
    "damaged bzip2": damaged(zipfile.ZIP_BZIP2),
    "damaged LZMA": damaged(zipfile.ZIP_LZMA),
    "a name that is not UTF-8": renamed(b"\xff\xff"),
    "a method that nobody knows": packed({"a.asice": b"x"}).replace(
        b"\x14\x00\x00\x00\x00\x00", b"\x14\x00\x00\x00\x63\x00"
    ),
    "an encrypted file": packed({"a.asice": b"x"}).replace(b"\x14\x00\x00\x00\x00\x00", b"\x14\x00\x01\x00\x00\x00"),
    "a name that no file may have": packed({"x" * 256: b"x"}),
    "no name": packed({".": b"x"}),
    "a folder of no name": packed({"./.": b"x"}),
    "an end alone, of many files": b"PK\x05\x06" + b"\xff" * 18,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_an_unusable_answer(
    name: str, folder: AgencyFolder, server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply = lambda asked: Reply(body=HOSTILE[name])
    status = main(["evidence", "fetch", "--settings", str(folder.settings()), "x", "--out", str(tmp_path / "out")])
    assert (status, "the bundle" in capsys.readouterr().err) == (1, True)
    assert not (tmp_path / "out").exists()


def test_any_octet_changed_raises_nothing_else() -> None:
    bundle = packed({"a.asice": b"hello " * 9, "d/b": b""}, zipfile.ZIP_DEFLATED)
    for position in range(len(bundle)):
        for octet in (0x00, 0xFF, bundle[position] ^ 0x01):
            with contextlib.suppress(UnusableAnswer):
                evidence._unpacked(bundle[:position] + bytes([octet]) + bundle[position + 1 :])


def test_a_bundle_is_bounded(agency: Agency, server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "LARGEST_CONTAINER", 99)
    monkeypatch.setattr(evidence, "MOST_FILES", 2)
    for files in ({"a": b"x" * 100}, {"a": b"", "b": b"", "c": b""}):
        archive(server, files)
        with pytest.raises(UnusableAnswer):
            evidence.fetch(agency, "VDXP-TEST-1", tmp_path)


def test_the_command_prints_what_it_wrote(
    folder: AgencyFolder, server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive(server, {"M-1-request.asice": b"q"})
    settings = str(folder.settings())
    out = tmp_path / "evidence"
    assert main(["evidence", "fetch", "--settings", settings, "VDXP-TEST-1", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(out / "M-1-request.asice")


def test_the_command_tells_the_servers_reason(
    folder: AgencyFolder, server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply = lambda asked: Reply(404, b"No signed message is found.\x1b[2J", {"Content-Type": "text/plain"})
    status = main(["evidence", "fetch", "--settings", str(folder.settings()), "x", "--out", str(tmp_path / "out")])
    told = capsys.readouterr()
    assert status == 1
    assert "404" in told.err
    assert "No signed message is found." in told.err
    assert "\x1b" not in told.err


def test_a_folder_that_cannot_be_written_is_named(
    folder: AgencyFolder, server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive(server, {"M-1-request.asice": b"q"})
    (tmp_path / "taken").write_bytes(b"")
    status = main(["evidence", "fetch", "--settings", str(folder.settings()), "x", "--out", str(tmp_path / "taken")])
    assert status == 2
    assert str(tmp_path / "taken") in capsys.readouterr().err
