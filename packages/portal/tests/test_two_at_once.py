"""Two officers act on the same application at the same moment: one wins, the other learns it, nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import reverse

from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.audit.models import Event
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Stage
from ketnoi_protocol.services import System

from .pages import Cast, Walk

pytestmark = pytest.mark.usefixtures("committed")


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run them at the same moment in threads of their own; their answers, or what they raised."""
    barrier = threading.Barrier(len(calls))
    answers: list[Any] = [RuntimeError("never ran")] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[index] = call()
        except BaseException as error:
            answers[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_of_two_acts_wins_and_the_other_is_shown_with_what_was_written() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    walk.take("vdxp", "register_on_platform", "VDXP/test")
    clients = [cast.client("c06"), cast.client("c06")]
    seen = walk.application.revision

    def post(index: int, step: str, reason: str) -> Callable[[], HttpResponse]:
        address = reverse("onboarding:step", args=[walk.application.pk, step])
        return lambda: clients[index].post(address, {"revision": seen, "reason": reason})

    answers = at_once(
        post(0, "return_registration", "thiếu quyết định phê duyệt cấp độ"),
        post(1, "refuse", "không thuộc đối tượng kết nối"),
    )
    assert all(isinstance(each, HttpResponse) for each in answers), answers
    assert sorted(each.status_code for each in answers) == [302, 409]
    winner = [each.status_code for each in answers].index(302)
    now = Application.objects.get(pk=walk.application.pk)
    assert now.stage == (Stage.RETURNED if winner == 0 else Stage.REFUSED)
    assert now.revision == seen + 1
    loser = answers[1 - winner].content.decode()
    assert "Hồ sơ vừa được người khác xử lý trong lúc bạn làm" in loser
    written = ["thiếu quyết định phê duyệt cấp độ", "không thuộc đối tượng kết nối"]
    assert written[1 - winner] in loser
    acts = Event.objects.filter(subject=str(now.pk), act__in=("return_registration", "refuse"))
    assert [each.note for each in acts] == [written[winner]]
    assert first_broken() is None


def test_the_same_act_pressed_by_two_people_is_done_once() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.WITH_LEADERSHIP)
    clients = [cast.client("leader_1"), cast.client("leader_1")]
    address = reverse("onboarding:step", args=[walk.application.pk, "decide"])
    sent = {"revision": walk.application.revision, "unit": "1", "number": "1/QĐ", "dated": "2026-01-02"}
    answers = at_once(*(lambda client=each: client.post(address, sent) for each in clients))
    assert sorted(each.status_code for each in answers) == [302, 409]
    assert walk.application.decisions.count() == 1


def test_an_act_and_a_change_of_something_else_are_both_kept_or_told() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    seen = walk.application.revision

    def take(who: str, unit: str) -> Callable[[], object]:
        return lambda: actions.take(
            cast[who], walk.application, "ask_agency", unit, Given(reason=f"{unit} hỏi"), revision=seen
        )

    answers = at_once(take("a05", "a05"), take("a06", "a06"))
    told = [each for each in answers if isinstance(each, actions.Changed)]
    kept = set(walk.application.questions.values_list("assessor", flat=True))
    assert len(told) == 1
    assert len(kept) == 1
    other = ({"a05", "a06"} - kept).pop()
    actions.take(cast[other], walk.application, "ask_agency", other, Given(reason="hỏi lại"))
    assert walk.application.questions.count() == 2


def test_drafts_that_are_begun_at_once_get_numbers_of_their_own() -> None:
    cast = Cast()
    organisation = Walk(cast).application.organisation
    answers = at_once(
        *(lambda: actions.begin(cast["rep"], organisation, System.POPULATION) for _ in range(6)),
    )
    assert [each for each in answers if isinstance(each, BaseException)] == []
    assert len({each.number for each in answers}) == 6


def test_two_clerks_who_save_one_draft_do_not_overwrite_each_other_unknowingly() -> None:
    cast = Cast()
    walk = Walk(cast)
    address = reverse("onboarding:form", args=[walk.application.pk])
    clients = [cast.client("rep"), cast.client("clerk")]
    answers = at_once(
        *(
            lambda client=client, name=name: client.post(
                address, {"revision": 0, "information_system": name, "security_level": 3}
            )
            for client, name in zip(clients, ("Cổng A", "Cổng B"), strict=True)
        )
    )
    assert sorted(each.status_code for each in answers) == [302, 409]
    winner = [each.status_code for each in answers].index(302)
    names = ["Cổng A", "Cổng B"]
    assert Application.objects.get(pk=walk.application.pk).registration.information_system == names[winner]
    loser = answers[1 - winner].content.decode()
    assert "Có người vừa sửa phiếu này" in loser
    assert names[1 - winner] in loser


def test_going_live_and_an_act_on_what_it_replaces_do_not_lock_each_other() -> None:
    cast = Cast()
    old = Walk(cast)
    old.to(Stage.LIVE)
    new = Walk(cast, supersedes=old.application)
    new.to(Stage.APPROVED)
    new.take("vdxp", "register_on_platform", "VDXP/production")
    answers = at_once(
        lambda: actions.take(cast["c06"], new.application, "go_live"),
        lambda: actions.take(cast["c06"], old.application, "suspend", given=Given(reason="kiểm tra")),
    )
    assert Application.objects.get(pk=new.application.pk).stage == Stage.LIVE
    assert Application.objects.get(pk=old.application.pk).stage == Stage.SUPERSEDED
    assert not isinstance(answers[0], BaseException), answers
    assert first_broken() is None
