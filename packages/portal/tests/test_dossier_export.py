"""A whole dossier as a ZIP that a stranger can check, and every way in which it would not hold."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ketnoi_portal.audit.models import Event
from ketnoi_portal.cli import main
from ketnoi_portal.onboarding import actions as onboarding
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.papers import verification
from ketnoi_portal.papers.actions import export
from ketnoi_portal.papers.verification import BROKEN, HOLDS, UNREADABLE

from .dossiers import a_dossier
from .test_papers_acts import handed_in, rehearsal

__all__ = ["rehearsal"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def dossier(rehearsal: bytes, tmp_path: Path) -> Path:
    """An exported dossier at PC06."""
    given = a_dossier()
    handed_in(given, rehearsal)
    onboarding.take(given.pc06, given.again(), "reject_paper", "3", Given(reason="chữ ký của người khác"))
    # Other acts lie between: the dossier's own chain does not need them.
    a_second = onboarding.begin(given.representative, given.application.organisation, given.again().system)  # type: ignore[arg-type]
    assert Event.objects.filter(subject=str(a_second.pk)).exists()
    (tmp_path / "dossier.zip").write_bytes(export(given.pc06, given.again()))
    return tmp_path / "dossier.zip"


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def test_an_exported_dossier_holds_and_tells_everything(dossier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify_dossier", str(dossier)]) == HOLDS
    assert "ĐÚNG · HOLDS: KN-" in capsys.readouterr().out
    files = contents(dossier)
    papers = json.loads(files["papers.json"])
    assert [each["paper"] for each in papers] == ["1", "2", "3", "4/TK1"]
    assert papers[2]["removed_for"] == "chữ ký của người khác"
    assert papers[0]["verdict"]["state"] == "valid"
    assert files[papers[0]["file"]].startswith(b"%PDF-")
    assert len(json.loads(files["test-calls.json"])) == 2
    assert {each["assessor"] for each in json.loads(files["assessments.json"])} == {"a05", "a06"}
    assert json.loads(files["audit.json"])[-1]["act"] == "export_dossier"
    assert "representative-H55" in json.loads(files["people.json"]).values()


def test_a_stranger_needs_python_alone(dossier: Path, tmp_path: Path) -> None:
    source = Path(verification.__file__).read_text(encoding="utf-8")
    alone = tmp_path / "check.py"
    alone.write_text(source, encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", "-S", alone, dossier], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == HOLDS, done.stderr
    roots = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert roots <= set(sys.stdlib_module_names)


def edited(files: dict[str, bytes], name: str, change: Callable[[Any], Any], *, manifest: bool = True) -> None:
    """Change a JSON file; the forger also writes the digests of the manifest anew."""
    from hashlib import sha256

    value = json.loads(files[name])
    files[name] = json.dumps(change(value) or value, ensure_ascii=False).encode()
    if manifest and name != "manifest.json":
        told = json.loads(files["manifest.json"])
        for each in told["files"]:
            if each["path"] == name:
                each.update(sha256=sha256(files[name]).hexdigest(), size=len(files[name]))
        if name == "audit.json":
            events = json.loads(files[name])
            told["audit"] = {"events": len(events), "first": events[0]["hash"], "last": events[-1]["hash"]}
        files["manifest.json"] = json.dumps(told).encode()


FORGERIES: dict[str, Callable[[dict[str, bytes]], object]] = {
    "is not what the manifest says": lambda f: f.update({"papers.json": f["papers.json"] + b" "}),
    "is missing": lambda f: f.pop(next(name for name in f if name.startswith("papers/"))),
    "is not in the manifest": lambda f: f.update({"papers/extra.pdf": b"x"}),
    "is not what its hash says": lambda f: edited(f, "audit.json", lambda v: v[3].update(person="99")),
    "does not follow the one before it": lambda f: edited(f, "audit.json", lambda v: v.pop(4) and None),
    "has another number of events": lambda f: (
        edited(f, "audit.json", lambda v: v.pop() and None, manifest=False)
        or edited(f, "manifest.json", lambda v: _redigest(v, f))
    ),
    "is referred to, but not there": lambda f: edited(f, "papers.json", lambda v: v[0].update(file="papers/none.pdf")),
    "file_paper, the dossier": lambda f: edited(f, "papers.json", lambda v: v.pop() and None),
    "decide, the dossier": lambda f: edited(
        f, "decisions.json", lambda v: [{"level": 1, "agreed": True, "standing": True}]
    ),
    "are not in order": lambda f: edited(
        f, "decisions.json", lambda v: [{"level": 2, "agreed": True, "standing": True}]
    ),
    "names a file twice": lambda f: edited(f, "manifest.json", lambda v: v["files"].append(v["files"][0])),
}


def _redigest(manifest: Any, files: dict[str, bytes]) -> None:
    from hashlib import sha256

    for each in manifest["files"]:
        if each["path"] == "audit.json":
            each.update(sha256=sha256(files["audit.json"]).hexdigest(), size=len(files["audit.json"]))


def test_no_forgery_holds(dossier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for finding, forge in FORGERIES.items():
        files = contents(dossier)
        forge(files)
        assert main(["verify_dossier", str(packed(tmp_path / "forged.zip", files))]) == BROKEN, finding
        assert finding in capsys.readouterr().out


def test_what_is_no_dossier_cannot_be_read(dossier: Path, tmp_path: Path) -> None:
    whole, files = dossier.read_bytes(), contents(dossier)
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    for path in (
        tmp_path / "none.zip",
        tmp_path / "half.zip",
        packed(tmp_path / "a.zip", {}),
        packed(tmp_path / "b.zip", {**files, "../x": b""}),
        packed(tmp_path / "c.zip", {**files, "manifest.json": b"[1]"}),
        packed(tmp_path / "d.zip", {**files, "manifest.json": b"{"}),
        packed(tmp_path / "e.zip", {"manifest.json": json.dumps({"format": verification.FORMAT}).encode()}),
        packed(
            tmp_path / "f.zip", {**files, "manifest.json": files["manifest.json"].replace(b"dossier/2", b"dossier/9")}
        ),
    ):
        assert main(["verify_dossier", str(path)]) == UNREADABLE, path.name


def test_a_bomb_is_not_unfolded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "LARGEST", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("manifest.json", b"0" * 2_000_000)
    assert main(["verify_dossier", str(tmp_path / "bomb.zip")]) == UNREADABLE


def test_what_a_file_says_cannot_steer_a_terminal(
    dossier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = contents(dossier)
    files["papers/\x1b[2Jx.pdf"] = b""
    assert main(["verify_dossier", str(packed(tmp_path / "x.zip", files))]) == BROKEN
    assert "\x1b" not in capsys.readouterr().out


def test_an_agency_reads_no_officers_name(rehearsal: bytes, tmp_path: Path) -> None:
    given = a_dossier()
    handed_in(given, rehearsal)
    (tmp_path / "own.zip").write_bytes(export(given.representative, given.again()))
    named = json.loads(contents(tmp_path / "own.zip")["people.json"]).values()
    assert list(named) == ["representative-H55"]
    assert main(["verify_dossier", str(tmp_path / "own.zip")]) == HOLDS
