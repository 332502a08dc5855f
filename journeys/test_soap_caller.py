"""The how-to for systems that speak SOAP is run as it stands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.test_first_call import ROOT, blocks, run
from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.world import World

TABLES, START, DESCRIPTION, CALL = blocks(ROOT / "docs" / "how-to" / "soap-caller.md")
Desk = tuple[Path, dict[str, str]]


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    """A copy of the agency's folder, whose gateway takes any free port, and a question beside it."""
    own = tmp_path / "H55"
    shutil.copytree(world.agency_file("H55").parent, own)
    settings = own / "agency.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n[soap_gateway]\nport = 0\n", encoding="utf-8")
    someone = world.people.full
    asked = {"SoDinhDanh": someone.personal_number, "HoVaTen": someone.full_name, "NgayThangNamSinh": birth_of(someone)}
    (tmp_path / "question.json").write_text(json.dumps(asked), encoding="utf-8")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return tmp_path, {**os.environ, "AGENCY": str(settings), "PATH": path}


@pytest.fixture
def gateway(desk: Desk) -> Iterator[Desk]:
    """The desk with the page's tables written and its gateway running."""
    folder, environment = desk
    run(*TABLES, desk)
    command = ["bash", "-c", f"exec {START[1].strip()}"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        try:
            yield folder, {**environment, "GATEWAY": address}
        finally:
            process.terminate()


def test_the_service_is_described(gateway: Desk) -> None:
    kind, text = DESCRIPTION
    run(kind, "\n".join(line for line in text.splitlines() if not line.startswith("export GATEWAY=")), gateway)
    assert "TraCuuThongTinCongDan" in (gateway[0] / "look-up.wsdl").read_text(encoding="utf-8")


def test_a_call_as_it_is_made_today_finds_the_person(gateway: Desk) -> None:
    message_id, found = run(*CALL, gateway).strip().split(" ", 1)
    assert message_id.startswith("VDXP-TEST-")
    assert found == "found"
