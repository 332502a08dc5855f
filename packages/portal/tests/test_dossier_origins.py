"""Where an exported dossier came from: its letter, every certificate; and no file that the manifest does not cover."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ketnoi_pages import clock
from ketnoi_portal.audit.models import Event
from ketnoi_portal.cli import main
from ketnoi_portal.connection.models import RotationCheck
from ketnoi_portal.mailroom.models import Mail, MailDraft
from ketnoi_portal.mailroom.retention import drop
from ketnoi_portal.onboarding import removing, rotating
from ketnoi_portal.onboarding.certificate_models import NextCertificate
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.papers import verification
from ketnoi_portal.papers.actions import export
from ketnoi_portal.papers.verification import BROKEN, HOLDS, UNREADABLE
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import SYSTEM_ACTOR

from .letters import arrives, with_form
from .pages import Cast, Walk
from .test_dossier_export import contents, edited, packed
from .test_next_certificate import NEXT, OLD, certificate, der, pem, with_old

pytestmark = pytest.mark.django_db
UNIT = "VDXP/production"
LAST = certificate(600)


@pytest.fixture
def raw() -> bytes:
    return with_form().as_bytes()


@pytest.fixture
def walk(raw: bytes) -> Walk:
    """Came by e-mail, went live, had its certificate changed in good order, and then another for a stolen key."""
    made = Walk(Cast())
    arrives(raw)
    made.application = MailDraft.objects.get().application
    made.take("rep", "claim")
    made.to(Stage.APPROVED)
    with_old(made.application)
    made.to(Stage.LIVE)
    made.application = rotating.offer(made.cast["rep"], made.application, UNIT, pem(NEXT))
    made.take("vdxp", "register_beside", UNIT)
    checked(made)
    made.take(SYSTEM_ACTOR, "pass_rotation_check", UNIT)
    made.application = rotating.retire(made.cast["vdxp"], made.application, UNIT)
    made.take("vdxp", "remove_from_platform", UNIT, Given(reason="khóa bị đánh cắp"))
    made.application = removing.name_certificate(made.cast["rep"], made.application, UNIT, pem(LAST))
    made.take("vdxp", "register_on_platform", UNIT)
    checked(made)
    made.take(SYSTEM_ACTOR, "pass_check_after_removal", UNIT)
    return made


def checked(walk: Walk) -> None:
    coming = NextCertificate.objects.latest("pk")
    items = [{"item": "shows_next", "passed": True}]
    RotationCheck.objects.create(coming=coming, began_at=clock.now(), ended_at=clock.now(), passed=True, items=items)


@pytest.fixture
def dossier(walk: Walk, tmp_path: Path) -> Path:
    (tmp_path / "dossier.zip").write_bytes(export(walk.cast["c06"], walk.application))
    return tmp_path / "dossier.zip"


def test_the_letter_stands_in_it_with_what_was_recorded_of_it(dossier: Path, raw: bytes) -> None:
    assert main(["verify_dossier", str(dossier)]) == HOLDS
    files = contents(dossier)
    letter = json.loads(files["letter.json"])
    assert files[letter["original"]] == raw
    assert letter["original"].endswith(".eml")
    (enclosed,) = letter["enclosures"]
    assert enclosed["name"] == "phieu.docx"
    assert files[enclosed["file"]].startswith(b"PK")
    assert letter["withheld"] is False
    assert [each["act"] for each in json.loads(files["letter-audit.json"])] == ["register_mail"]
    assert letter["claimed_by"]


def test_every_certificate_stands_in_it_with_its_checks_and_dates(dossier: Path) -> None:
    files = contents(dossier)
    told = json.loads(files["certificates.json"])
    first, second = told["next"]
    assert [files[each["file"]] for each in (first, second)] == [der(NEXT), der(LAST)]
    assert [files[each["replaces"]] for each in (first, second)] == [der(OLD), der(NEXT)]
    assert [each["checks"][0]["passed"] for each in (first, second)] == [True, True]
    assert [each["compromised"] for each in (first, second)] == [False, True]
    (now,) = (each for each in told["registered"] if each["environment"] == "production")
    assert files[now["file"]] == der(LAST)
    production = [each for each in told["history"] if each["environment"] == "production"]
    assert [each["removed"] for each in production] == [False, True, False]
    assert [each["ended_at"] is None for each in production] == [False, False, True]


def alone(tmp_path: Path) -> Path:
    """The checker as a stranger has it: one file."""
    path = tmp_path / "check.py"
    path.write_text(Path(verification.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    return path


def test_a_strangers_check_of_the_manifest_covers_every_file(dossier: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", alone(tmp_path), dossier], capture_output=True, check=False, cwd=tmp_path
    )
    assert done.returncode == HOLDS, done.stderr
    files = contents(dossier)
    listed = {each["path"] for each in json.loads(files["manifest.json"])["files"]}
    assert listed == files.keys() - {"manifest.json"}
    assert {"letter.json", "letter-audit.json", "certificates.json"} <= listed
    for folder, least in (("letter/", 2), ("certificates/", 3), ("papers/", 1)):
        assert sum(each.startswith(folder) for each in listed) >= least, folder
    for name in sorted(listed):
        gone = {each: data for each, data in files.items() if each != name}
        other = files | {name: files[name][:-1] + bytes([files[name][-1] ^ 1])}
        for forged in (gone, other):
            _, findings = verification.verify(str(packed(tmp_path / "forged.zip", forged)))
            assert any(name in each for each in findings), name


def without_letter(files: dict[str, bytes]) -> None:
    edited(files, "letter.json", lambda letter: letter.update(original=None, enclosures=[]))
    for name in [each for each in files if each.startswith("letter/")]:
        del files[name]


FORGERIES: dict[str, Callable[[dict[str, bytes]], Any]] = {
    "letter-audit.json (register_mail) is not what its hash says": lambda f: edited(
        f, "letter-audit.json", lambda v: v[0].update(person="99")
    ),
    "letter-audit.json has another number of events": lambda f: edited(f, "letter-audit.json", lambda v: v.append({})),
    "tell different things of a letter": lambda f: edited(
        f, "manifest.json", lambda v: v.update(letter=None), manifest=False
    ),
    "is another letter than the manifest's": lambda f: edited(f, "letter.json", lambda v: v.update(id=99)),
    "letter/none.eml is referred to, but not there": lambda f: edited(
        f, "letter.json", lambda v: v.update(original="letter/none.eml")
    ),
    "certificates/none.cer is referred to, but not there": lambda f: edited(
        f, "certificates.json", lambda v: v["next"][0].update(replaces="certificates/none.cer")
    ),
    "the log has 2 × offer_certificate or name_certificate, the dossier 1": lambda f: edited(
        f, "certificates.json", lambda v: v["next"].pop() and None
    ),
    "is missing": without_letter,
}


def test_no_forgery_of_letter_or_certificates_holds(
    dossier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for finding, forge in FORGERIES.items():
        files = contents(dossier)
        forge(files)
        assert main(["verify_dossier", str(packed(tmp_path / "forged.zip", files))]) == BROKEN, finding
        assert finding in capsys.readouterr().out


def test_what_lacks_its_letters_part_is_no_dossier(dossier: Path, tmp_path: Path) -> None:
    files = contents(dossier)
    edited(files, "manifest.json", lambda v: v.pop("letter") and None, manifest=False)
    assert main(["verify_dossier", str(packed(tmp_path / "x.zip", files))]) == UNREADABLE


@pytest.mark.parametrize(("who", "reads"), [("rep", True), ("c06", True), ("auditor", True), ("pc06", False)])
def test_only_who_reads_letters_takes_its_words_out(walk: Walk, tmp_path: Path, who: str, reads: bool) -> None:
    path = tmp_path / "own.zip"
    path.write_bytes(export(walk.cast[who], walk.application))
    assert main(["verify_dossier", str(path)]) == HOLDS
    files = contents(path)
    letter = json.loads(files["letter.json"])
    assert (letter["withheld"], letter["original"] is not None, "sender" in letter) == (not reads, reads, reads)
    assert any(each.startswith("letter/") for each in files) is reads
    assert json.loads(files["letter-audit.json"]), "that it came is told to everybody"


def test_a_letter_that_was_kept_long_enough_is_told_without_its_original(walk: Walk, tmp_path: Path) -> None:
    drop(Mail.objects.get())
    path = tmp_path / "later.zip"
    path.write_bytes(export(walk.cast["c06"], walk.application))
    assert main(["verify_dossier", str(path)]) == HOLDS
    letter = json.loads(contents(path)["letter.json"])
    assert letter["original"] is None
    assert letter["dropped_at"]


def test_what_came_by_no_letter_says_so(tmp_path: Path) -> None:
    walk = Walk(Cast())
    walk.to(Stage.SUBMITTED)
    path = tmp_path / "none.zip"
    path.write_bytes(export(walk.cast["c06"], walk.application))
    assert main(["verify_dossier", str(path)]) == HOLDS
    files = contents(path)
    assert json.loads(files["letter.json"]) == {}
    assert json.loads(files["letter-audit.json"]) == []
    assert json.loads(files["manifest.json"])["letter"] is None
    assert not Event.objects.filter(kind="mail").exists()
