"""Papers through their acts: handed in, judged, accepted on a valid signature or on a named officer's word."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ketnoi_pages import clock
from ketnoi_portal import settings as own
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.audit.models import Event
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import PDF, PNG, Upload, UploadRefused
from ketnoi_portal.onboarding import actions as onboarding
from ketnoi_portal.onboarding.actions import Changed
from ketnoi_portal.onboarding.models import Paper
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.papers import actions
from ketnoi_portal.papers.signing import NoRehearsal, certificate_of, new_authority, sign
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import System

from .dossiers import Dossier, a_dossier, an_account
from .forms import HEAD
from .test_papers_uploads import png, with_catalog

pytestmark = pytest.mark.django_db


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A rehearsal with a test authority; its PEM."""
    authority = new_authority(clock.now())
    (tmp_path / "ca.pem").write_bytes(authority)
    (tmp_path / "ca.crt").write_bytes(certificate_of(authority))
    signing = own.Signing(issuers={"CA diễn tập": str(tmp_path / "ca.crt")}, rehearsal_signer=str(tmp_path / "ca.pem"))
    changed = msgspec.structs.replace(own.current(), rehearsal=True, signing=signing)
    monkeypatch.setattr(actions, "current", lambda: changed)
    return authority


def signed(dossier: Dossier, unit: str, authority: bytes, who: str = HEAD) -> Upload:
    pdf = actions.made(dossier.again(), unit)
    return Upload("a.pdf", PDF, sign(pdf, authority, who, "UBND", clock.now()))


def handed_in(dossier: Dossier, authority: bytes) -> None:
    """All papers filed, the dossier at PC06."""
    for unit in ("1", "2", "3"):
        actions.hand_in(dossier.representative, dossier.again(), unit, signed(dossier, unit, authority))
    actions.sign_here(dossier.representative, dossier.again(), "4/TK1")
    onboarding.take(dossier.representative, dossier.again(), "hand_in_to_pc06")


def codes(refused: pytest.ExceptionInfo[StepRefused]) -> list[str]:
    return [each.code for each in refused.value.reasons]


def test_a_dossier_with_signed_papers_is_accepted(rehearsal: bytes) -> None:
    dossier = a_dossier()
    handed_in(dossier, rehearsal)
    for unit in ("1", "2", "3", "4/TK1"):
        actions.accept(dossier.pc06, dossier.again(), unit)
    case = dossier.again().case()
    assert {state for _, state in case.papers} == {PaperState.ACCEPTED}
    fourth = Paper.objects.get(number=4, current=True)
    assert fourth.verdict["signatures"][0]["signer"] == "Nguyễn Thị Thủy"
    assert (fourth.verdict["state"], fourth.verdict["warnings"], fourth.scan) == ("valid", [], False)
    assert first_broken() is None


def test_somebody_elses_signature_on_a_commitment_is_warned_of(rehearsal: bytes) -> None:
    dossier = a_dossier()
    other = signed(dossier, "4/TK1", rehearsal, "Người khác")
    actions.hand_in(dossier.representative, dossier.again(), "4/TK1", other)
    assert Paper.objects.get(number=4).verdict["warnings"] == ["other_signer"]


def test_an_unsigned_scan_needs_an_officers_word_and_a_reason(rehearsal: bytes) -> None:
    dossier = a_dossier()
    handed_in(dossier, rehearsal)
    actions.reject(dossier.pc06, dossier.again(), "3", "mờ quá")
    onboarding.take(dossier.pc06, dossier.again(), "return_dossier", given=Given(reason="thiếu giấy tờ 3"))
    actions.hand_in(dossier.representative, dossier.again(), "3", Upload("a.png", PNG, png()))
    onboarding.take(dossier.representative, dossier.again(), "hand_in_to_pc06")
    with pytest.raises(StepRefused) as refused:
        actions.accept(dossier.pc06, dossier.again(), "3")
    assert codes(refused) == ["paper_unsigned"]
    with pytest.raises(StepRefused) as refused:
        actions.accept_scan(dossier.pc06, dossier.again(), "3", "  ")
    assert codes(refused) == ["reason_missing"]
    assert Paper.objects.get(number=3, current=True).state == PaperState.FILED
    actions.accept_scan(dossier.pc06, dossier.again(), "3", "đã đối chiếu bản giấy ngày 12/11")
    paper = Paper.objects.get(number=3, current=True)
    assert (paper.scan, paper.state, paper.accepted_by) == (True, PaperState.ACCEPTED, dossier.pc06.person)
    assert Event.objects.filter(act="accept_paper").latest("id").note == "đã đối chiếu bản giấy ngày 12/11"
    with pytest.raises(StepRefused) as refused:
        actions.accept_scan(dossier.pc06, dossier.again(), "1", "ký rồi")
    assert codes(refused) == ["not_a_scan"]


def test_a_signature_that_does_not_hold_is_never_accepted_whoever_asks(rehearsal: bytes) -> None:
    dossier = a_dossier()
    handed_in(dossier, rehearsal)
    for verdict, code in (({"state": "invalid"}, "signature_invalid"), ({}, "paper_unsigned")):
        Paper.objects.filter(number=1, current=True).update(verdict=verdict)
        for given in (Given(), Given(scan=verdict != {}, reason="x")):
            with pytest.raises(StepRefused) as refused:
                onboarding.take(dossier.pc06, dossier.again(), "accept_paper", "1", given)
            assert codes(refused) == [code]
    assert dossier.again().case().paper(1) is PaperState.FILED


def test_another_paper_or_an_outdated_one_is_refused(rehearsal: bytes) -> None:
    dossier = a_dossier()
    first, second = signed(dossier, "1", rehearsal), signed(dossier, "2", rehearsal)
    with pytest.raises(UploadRefused) as refused:
        actions.hand_in(dossier.representative, dossier.again(), "3", first)
    assert refused.value.reason.code == "another_paper"
    actions.list_account(dossier.representative, dossier.again(), an_account(email="b@example.vn"))
    with pytest.raises(UploadRefused) as refused:
        actions.hand_in(dossier.representative, dossier.again(), "2", second)
    assert refused.value.reason.code == "outdated_paper"
    assert not Paper.objects.exists()
    assert not Blob.objects.filter(media_type=PDF).exists()


def test_a_dangerous_paper_is_not_kept(rehearsal: bytes) -> None:
    dossier = a_dossier()
    from pyhanko.pdf_utils import generic

    evil = with_catalog(Names=generic.DictionaryObject({generic.pdf_name("/JavaScript"): generic.ArrayObject()}))
    with pytest.raises(UploadRefused) as refused:
        actions.hand_in(dossier.representative, dossier.again(), "1", Upload("a.pdf", PDF, evil))
    assert refused.value.reason.code == "pdf_javascript"
    assert not Blob.objects.filter(media_type=PDF).exists()


def test_outside_a_rehearsal_nothing_is_signed_here() -> None:
    dossier = a_dossier()
    with pytest.raises(NoRehearsal):
        actions.sign_here(dossier.representative, dossier.again(), "1")
    assert not Paper.objects.exists()


def test_only_the_agency_hands_in_and_nothing_is_examined_for_others(rehearsal: bytes) -> None:
    dossier = a_dossier()
    upload = Upload("a.pdf", PDF, b"never looked at")
    for actor in (dossier.c06, dossier.pc06):
        with pytest.raises(StepRefused) as refused:
            actions.hand_in(actor, dossier.again(), "1", upload)
        assert codes(refused) == ["not_your_role"]


def test_two_at_once_one_wins(rehearsal: bytes) -> None:
    dossier = a_dossier()
    seen = dossier.again()
    actions.sign_here(dossier.representative, seen, "1", revision=seen.revision)
    with pytest.raises(Changed):
        actions.sign_here(dossier.representative, seen, "1", revision=seen.revision)
    assert Paper.objects.count() == 1


def test_accounts_are_listed_and_taken_off_one_by_one(rehearsal: bytes) -> None:
    dossier = a_dossier()
    rep = dossier.representative
    actions.sign_here(rep, dossier.again(), "2")
    actions.sign_here(rep, dossier.again(), "4/TK1")
    actions.list_account(rep, dossier.again(), an_account(full_name=" Lê  Văn Ái ", email="Ai@Example.vn"))
    case = dossier.again().case()
    assert case.listed == {"TK1", "TK2"}
    assert case.paper(2) is None
    second = dossier.again().listed_accounts.get(key="TK2")
    assert (second.full_name, second.email) == ("Lê Văn Ái", "ai@example.vn")
    actions.unlist_account(rep, dossier.again(), "TK1")
    case = dossier.again().case()
    assert case.listed == {"TK2"}
    assert case.papers == ()
    actions.list_account(rep, dossier.again(), an_account())
    assert dossier.again().case().listed == {"TK2", "TK3"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"full_name": " "}, "account_incomplete"),
        ({"email": "none"}, "account_incomplete"),
        ({"email": "thuy@example.vn"}, "listed_twice"),
        ({"position": "CV 9" + "0" * 11}, "personal_number"),
        ({"services": ("verify_citizen",)}, "services_beyond"),
        ({"services": ()}, "services_beyond"),
        ({"organisation": None}, "other_organisation"),
    ],
)
def test_an_account_that_cannot_be_is_refused(change: dict[str, object], code: str) -> None:
    dossier = a_dossier()
    with pytest.raises(StepRefused) as refused:
        actions.list_account(dossier.representative, dossier.again(), an_account(**({"email": "b@x.vn"} | change)))
    assert codes(refused) == [code]
    assert dossier.again().case().listed == {"TK1"}


def test_identity_has_paper_1_alone(rehearsal: bytes) -> None:
    dossier = a_dossier(System.IDENTITY)
    actions.sign_here(dossier.representative, dossier.again(), "1")
    with pytest.raises(StepRefused):
        actions.sign_here(dossier.representative, dossier.again(), "3")
