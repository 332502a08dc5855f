"""`ketnoi evidence verify`: the right verdict on every container of X-Road's own test data, and its exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ketnoi_client import evidence
from ketnoi_client.cli import main

VERDICTS = {
    "valid-signed-message": None,
    "valid-non-batch-rest": None,
    "valid-non-batch-soap-attachments": None,
    "valid-signed-hashchain": None,
    "invalid-not-signed-hashchain": None,
    "invalid-digest": "invalid_signature_value",
    "invalid-signed-hashchain": "malformed_signature.invalid_hash_chain_ref",
    "invalid-incorrect-references": "malformed_signature",
    "attachments": "asic_message_not_found",
}


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main(["evidence", "verify", *map(str, arguments)])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_every_container_is_known_here(vectors: Path) -> None:
    assert {each.stem for each in (vectors / "containers").glob("*.asice")} == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_is_the_expected_one(name: str, vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    containers = vectors / "containers"
    trust = containers / "trust-shared-params.xml"
    status, out, err = run(capsys, containers / f"{name}.asice", "--trust", trust, "--json")
    told = json.loads(out)
    assert (status, told["valid"], told.get("code")) == (
        (0, True, None) if VERDICTS[name] is None else (1, False, VERDICTS[name])
    )
    assert err == ""


def test_strict_refuses_what_x_road_lets_pass(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    containers = vectors / "containers"
    trust = containers / "trust-shared-params.xml"
    status, out, _ = run(capsys, containers / "invalid-not-signed-hashchain.asice", "--trust", trust, "--strict")
    assert status == 1
    assert out.startswith("KHÔNG HỢP LỆ · NOT VALID")


def test_a_configuration_directory_is_taken_too(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    containers = vectors / "containers"
    (tmp_path / "DEV").mkdir()
    (tmp_path / "instance-identifier").write_text("DEV")
    (tmp_path / "DEV" / "shared-params.xml").write_bytes((containers / "trust-shared-params.xml").read_bytes())
    status, out, _ = run(capsys, containers / "valid-signed-message.asice", "--trust", tmp_path)
    assert (status, out.splitlines()[0]) == (0, "HỢP LỆ · VALID")


def test_what_is_no_input_is_told_apart_from_what_is_not_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shared-params.xml").write_text("<nothing/>")
    assert run(capsys, tmp_path / "absent.asice", "--trust", tmp_path / "shared-params.xml")[0] == 2
    (tmp_path / "some.asice").write_bytes(b"no container")
    status, _, err = run(capsys, tmp_path / "some.asice", "--trust", tmp_path / "shared-params.xml")
    assert status == 2
    assert "X-Road" in err


@pytest.mark.parametrize("octets", [b"", b"no container", b"\x00PK\x03\x04", b"%PDF-1.7", b"PK"])
def test_a_file_that_is_no_zip_is_no_input(
    octets: bytes, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = vectors / "containers" / "trust-shared-params.xml"
    (tmp_path / "some.asice").write_bytes(octets)
    status, out, err = run(capsys, tmp_path / "some.asice", "--trust", trust, "--json")
    assert (status, json.loads(out)["error"]) == (2, "UnusableInput")
    assert "some.asice" in err
    for cut in (b"PK\x05\x06", b"PK\x03\x04" + bytes(100)):
        (tmp_path / "cut.asice").write_bytes(cut)
        status, out, _ = run(capsys, tmp_path / "cut.asice", "--trust", trust, "--json")
        assert (status, json.loads(out)["code"]) == (1, "asic_malformed")


def test_a_configuration_is_bounded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some.asice").write_bytes(b"no container")
    (tmp_path / "trust").mkdir()
    for name in ("a", "b", "shared-params.xml"):
        (tmp_path / "trust" / name).write_bytes(b"x" * 10)
    for bound, most in (("MOST_FILES", 2), ("LARGEST_TRUST", 29)):
        with monkeypatch.context() as bounded:
            bounded.setattr(evidence, bound, most)
            status, _, err = run(capsys, tmp_path / "some.asice", "--trust", tmp_path / "trust")
        assert status == 2
        assert "quá" in err


def test_without_ketnoi_trust_the_other_commands_work_and_this_one_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only_here = "import sys, ketnoi_client.cli; assert not [each for each in sys.modules if 'ketnoi_trust' in each]"
    assert subprocess.run([sys.executable, "-c", only_here], timeout=30).returncode == 0
    monkeypatch.setitem(sys.modules, "ketnoi_trust.errors", None)
    status, _, err = run(capsys, tmp_path / "x.asice", "--trust", tmp_path)
    assert status == 2
    assert "ketnoi-client[evidence]" in err


@pytest.mark.parametrize(("encoding", "status"), [("ascii", 0), ("cp1252", 0), ("utf-8", 0)])
def test_the_terminals_letters_do_not_change_the_verdict(vectors: Path, encoding: str, status: int) -> None:
    done = as_process(vectors, stdout=subprocess.PIPE, encoding=encoding)
    assert done.returncode == status
    assert b"VALID" in done.stdout


def test_a_verdict_that_cannot_be_written_was_not_given(vectors: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        assert as_process(vectors, stdout=full).returncode == 2


def as_process(vectors: Path, *, stdout: Any, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    containers = vectors / "containers"
    code = "import sys; from ketnoi_client.cli import main; sys.exit(main())"
    arguments = ["evidence", "verify", containers / "valid-signed-message.asice"]
    trust = ["--trust", containers / "trust-shared-params.xml"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments, *trust], stdout=stdout, stderr=subprocess.PIPE, env=environment
    )
