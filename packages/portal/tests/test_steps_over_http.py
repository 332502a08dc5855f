"""Every act × every role × own and other organisation, through a browser's requests: allowed, or refused unchanged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.acts import ELSEWHERE
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.sections import own_page
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.process.workflow import STEPS

from .forms import a_form
from .pages import Cast, Walk
from .test_registration_pages import certificate

pytestmark = pytest.mark.django_db

REASON = {"reason": "vì hồ sơ cần như vậy"}
NEXT = Given(certificate=certificate().public_bytes(Encoding.DER))
LETTER = {"number": "12/QĐ", "dated": "2026-01-02"}

# Where each step is tried, for which unit, with what, and who alone may take it.
CASES: list[tuple[str, Stage, str, dict[str, str], set[str]]] = [
    ("claim", Stage.DRAFT, "", {}, {"rep"}),
    ("discard", Stage.DRAFT, "", REASON, {"c06"}),
    ("submit", Stage.DRAFT, "", {}, {"rep"}),
    ("register_on_platform", Stage.SUBMITTED, "VDXP/test", {}, {"vdxp"}),
    ("remove_from_platform", Stage.OPENING, "VDXP/test", REASON, {"vdxp"}),
    ("return_registration", Stage.SUBMITTED, "", REASON, {"c06"}),
    ("refuse", Stage.SUBMITTED, "", REASON, {"c06"}),
    ("accept", Stage.SUBMITTED, "", {}, {"c06"}),
    ("confirm_test", Stage.TESTING, "", {}, {"rep"}),
    ("complete_test", Stage.TESTING, "", {}, {"c06"}),
    ("reopen_test", Stage.TESTED, "", REASON, {"c06"}),
    ("ask_agency", Stage.TESTED, "a05", REASON, {"a05"}),
    ("ask_agency", Stage.TESTED, "a06", REASON, {"a06"}),
    ("answer_assessor", Stage.TESTED, "a05", REASON, {"rep"}),
    (
        "confirm_security",
        Stage.TESTED,
        "a05",
        LETTER | {"scope": "toàn hệ thống", "valid_until": "2099-01-01"},
        {"a05"},
    ),
    ("deny_security", Stage.TESTED, "a06", LETTER | REASON, {"a06"}),
    ("declare_change", Stage.TESTED, "", REASON, {"rep"}),
    ("replace_certificate", Stage.TESTING, "VDXP/test", REASON, {"rep"}),
    ("unlist_account", Stage.TESTED, "TK1", {}, {"rep", "clerk"}),
    ("accept_paper", Stage.WITH_PC06, "1", {}, {"pc06"}),
    ("accept_paper", Stage.WITH_C06, "1", {}, {"c06"}),
    ("reject_paper", Stage.WITH_PC06, "4/TK1", REASON, {"pc06"}),
    ("withdraw_commitment", Stage.WITH_PC06, "4/TK1", REASON, {"rep"}),
    ("hand_in_to_pc06", Stage.TESTED, "", {}, {"rep"}),
    ("hand_in_to_c06", Stage.TESTED, "", {}, {"ministry"}),
    ("forward", Stage.WITH_PC06, "", {}, {"pc06"}),
    ("return_dossier", Stage.WITH_PC06, "", REASON, {"pc06"}),
    ("return_dossier", Stage.WITH_C06, "", REASON, {"c06"}),
    ("submit_to_leadership", Stage.WITH_C06, "", {}, {"c06"}),
    ("decide", Stage.WITH_LEADERSHIP, "1", LETTER, {"leader_1"}),
    ("decline", Stage.WITH_LEADERSHIP, "1", REASON, {"leader_1"}),
    ("go_live", Stage.APPROVED, "", {}, {"c06"}),
    ("suspend", Stage.LIVE, "", REASON, {"c06"}),
    ("resume", Stage.SUSPENDED, "", REASON, {"c06"}),
    ("revoke", Stage.LIVE, "", REASON, {"c06"}),
    ("withdraw", Stage.SUBMITTED, "", REASON, {"rep"}),
    ("offer_certificate", Stage.LIVE, "VDXP/production", {}, {"rep"}),
    ("register_beside", Stage.LIVE, "VDXP/production", {}, {"vdxp"}),
    ("drop_certificate", Stage.LIVE, "VDXP/production", REASON, {"vdxp"}),
    ("retire_certificate", Stage.LIVE, "VDXP/production", {}, {"vdxp"}),
    ("give_up_certificate", Stage.LIVE, "VDXP/production", REASON, {"rep"}),
    ("remove_from_platform", Stage.LIVE, "VDXP/production", REASON, {"vdxp"}),
    ("name_certificate", Stage.LIVE, "VDXP/production", {}, {"rep"}),
    ("register_on_platform", Stage.LIVE, "VDXP/production", {}, {"vdxp"}),
]
BY_SYSTEM = {
    "pass_connection_check",
    "fail_connection_check",
    "record_test_call",
    "lapse_confirmation",
    "reach_end_date",
    "supersede",
    "pass_rotation_check",
    "fail_rotation_check",
    "follow_certificate",
    "pass_check_after_removal",
}
ORDER = list(Stage)


class RolledBack(Exception):  # noqa: N818
    """What a trial wrote is taken back."""


def ready(walk: Walk, step: str, stage: Stage) -> None:
    """Everything that the step needs beside its stage."""
    match step:
        case "claim" | "discard":
            # As the mailroom leaves it.
            Application.objects.filter(pk=walk.application.pk).update(claimed=False)
        case "submit":
            actions_form(walk)
        case "accept":
            walk.take("vdxp", "register_on_platform", "VDXP/test")
        case "complete_test" | "confirm_test":
            walk.tested()
            walk.take("c06", "reopen_test", given=Given(reason="lại"))
            if step == "complete_test":
                walk.take("rep", "confirm_test")
        case "answer_assessor":
            walk.take("a05", "ask_agency", "a05", Given(reason="?"))
        case "unlist_account":
            walk.handed_in()
            walk.take("pc06", "return_dossier", given=Given(reason="sửa"))
        case "hand_in_to_pc06":
            walk.handed_in()
            walk.take("pc06", "return_dossier", given=Given(reason="sửa"))
        case "submit_to_leadership":
            assert stage is Stage.WITH_C06
        case "forward":
            for unit in walk.papers():
                walk.take("pc06", "accept_paper", unit)
        case "accept_paper" if stage is Stage.WITH_C06:
            walk.take("c06", "reject_paper", "1", Given(reason="mờ"))
            walk.take("c06", "return_dossier", given=Given(reason="nộp lại"))
            walk.handed_in()
            walk.take("pc06", "forward")
        case "name_certificate" | "register_on_platform" if stage is Stage.LIVE:
            walk.take("vdxp", "remove_from_platform", "VDXP/production", Given(reason="khóa bị lộ"))
            if step == "register_on_platform":
                walk.take("rep", "name_certificate", "VDXP/production", NEXT)
        case "register_beside" | "drop_certificate" | "retire_certificate" | "give_up_certificate":
            walk.take("rep", "offer_certificate", "VDXP/production", NEXT)
            if step in ("retire_certificate", "give_up_certificate"):
                walk.take("vdxp", "register_beside", "VDXP/production")
                walk.take(SYSTEM_ACTOR, "pass_rotation_check", "VDXP/production")
        case "go_live":
            walk.take("vdxp", "register_on_platform", "VDXP/production")


def actions_form(walk: Walk) -> None:
    """A complete form, not sent."""
    actions.save_form(walk.cast["rep"], walk.application, a_form())


def directly(cast: Cast, application: Application, name: str, step: str, unit: str, allowed: bool) -> None:
    """A step that has a page of its own, in another room: judged by the action that every page calls."""
    given = Given(reason="vì hồ sơ cần như vậy", certificate=NEXT.certificate)
    try:
        with transaction.atomic():
            actions.take(cast[name], application, step, unit, given)
            taken = True
            raise RolledBack
    except RolledBack:
        pass
    except StepRefused:
        taken = False
    assert taken is allowed, (step, name)


def test_each_step_is_taken_by_its_own_people_and_by_nobody_else() -> None:
    cast = Cast()
    clients = {name: cast.client(name) for name in cast.actors}
    walk, tried = Walk(cast), 0
    for step, stage, unit, data, allowed in sorted(CASES, key=lambda case: ORDER.index(case[1])):
        if allowed == {"ministry"}:
            continue
        try:
            with transaction.atomic():
                if stage is Stage.SUSPENDED:
                    walk.to(Stage.LIVE)
                    walk.take("c06", "suspend", given=Given(reason="tạm dừng"))
                else:
                    walk.to(stage)
                ready(walk, step, stage)
                before = Application.objects.get(pk=walk.application.pk)
                sent = {**data, "unit": unit, "revision": str(before.revision)}
                address = reverse("onboarding:step", args=[before.pk, step])
                for name, client in clients.items():
                    tried += 1
                    try:
                        with transaction.atomic():
                            if own_page(step):
                                directly(cast, before, name, step, unit, name in allowed)
                                assert client.post(address, sent).status_code == 404
                                raise RolledBack
                            answer = client.post(address, sent)
                            now = Application.objects.get(pk=before.pk)
                            if name in allowed:
                                assert answer.status_code == 302, (step, name, answer.content.decode()[-3000:])
                                assert now.revision == before.revision + 1, (step, name)
                            else:
                                assert answer.status_code in (403, 404), (step, name, answer.status_code)
                                assert now.revision == before.revision, (step, name)
                            raise RolledBack
                    except RolledBack:
                        pass
                raise RolledBack
        except RolledBack:
            walk.application.refresh_from_db()
    assert tried == (len(CASES) - 1) * len(clients)


def test_every_step_of_the_process_is_in_the_table_or_has_its_own_page_or_is_the_systems() -> None:
    told = {step for step, *_ in CASES}
    own = {step.name for step in STEPS if own_page(step.name) or step.name in ELSEWHERE or step.names_unit}
    assert {step.name for step in STEPS} == told | own | BY_SYSTEM
    assert {step.name for step in STEPS if step.role is Role.SYSTEM} == BY_SYSTEM


def test_nobody_takes_a_step_of_the_system_or_one_that_has_its_own_page() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTING)
    for name in ("rep", "c06", "a05"):
        client = cast.client(name)
        for step in sorted(BY_SYSTEM | ELSEWHERE):
            address = reverse("onboarding:step", args=[walk.application.pk, step])
            answer = client.post(address, {"unit": "", "revision": walk.application.revision})
            assert answer.status_code in (403, 404, 409), (name, step)
    assert Application.objects.get(pk=walk.application.pk).revision == walk.application.revision


def test_every_mistake_in_a_steps_form_is_told_with_what_was_written() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    address = reverse("onboarding:step", args=[walk.application.pk, "confirm_security"])
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    sent = {"unit": "a05", "revision": walk.application.revision, "dated": tomorrow, "scope": "máy chủ và cổng"}
    answer = cast.client("a05").post(address, sent | {"valid_until": "2020-01-01"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Ngày của văn bản không thể ở tương lai" in text
    assert "Thời hạn phải sau ngày hôm nay" in text
    assert "máy chủ và cổng" in text
    assert Application.objects.get(pk=walk.application.pk).revision == walk.application.revision


def test_what_is_missing_for_a_gate_is_told_row_by_row() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    address = reverse("onboarding:step", args=[walk.application.pk, "hand_in_to_pc06"])
    answer = cast.client("rep").post(address, {"revision": walk.application.revision})
    assert answer.status_code == 409
    for told in ("(1) Đăng ký sử dụng dịch vụ", "(3) Cam kết của tổ chức", "Lập, ký và tải giấy tờ này lên"):
        assert told in answer.content.decode()


def test_an_operator_cannot_register_a_server_that_was_never_named() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    walk.application.platform_registrations.filter(environment="production").delete()
    with pytest.raises(StepRefused, match="server_not_named"):
        walk.take("vdxp", "register_on_platform", "VDXP/production")


def test_a_returned_form_is_sent_again_and_registered_anew() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    walk.take("vdxp", "register_on_platform", "VDXP/test")
    walk.take("c06", "return_registration", given=Given(reason="sửa mã máy chủ"))
    walk.to(Stage.SUBMITTED)
    assert not walk.application.case().registered
    walk.to(Stage.LIVE)


@pytest.mark.parametrize("token", [None, "x" * 64])
def test_no_act_without_the_forms_own_token(token: str | None) -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    client = cast.client("c06")
    client.handler.enforce_csrf_checks = True
    sent = {"revision": walk.application.revision} | ({"csrfmiddlewaretoken": token} if token else {})
    for name in ("accept", "refuse"):
        answer = client.post(reverse("onboarding:step", args=[walk.application.pk, name]), sent | REASON)
        assert answer.status_code == 403
    assert Application.objects.get(pk=walk.application.pk).stage == Stage.SUBMITTED
