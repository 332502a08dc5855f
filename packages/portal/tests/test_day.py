"""Everybody's day: what waits for whom, late first; search; figures; and how many queries that takes."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.day import keeping
from ketnoi_portal.day.figures import durations, standings
from ketnoi_portal.day.models import CertificateEnd, StageSpan, Waiting
from ketnoi_portal.day.plain import plain
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.rules import desk_of, is_possible
from ketnoi_portal.process.turns import turns
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.services import System

from .crowd import crowd
from .pages import Cast, Walk

pytestmark = pytest.mark.django_db

MOST_QUERIES = 15


def waits(walk: Walk) -> dict[str, str]:
    return dict(Waiting.objects.filter(application=walk.application).values_list("office", "step"))


def test_it_waits_for_the_right_offices_at_every_stage() -> None:
    cast = Cast()
    walk = Walk(cast)
    assert waits(walk) == {"agency:H55": "submit"}
    walk.to(Stage.SUBMITTED)
    assert waits(walk) == {"desk:c06": "accept", "desk:vdxp": "register_on_platform"}
    walk.to(Stage.OPENING)
    assert waits(walk) == {"agency:H55": "take_account", "desk:vdxp": "register_on_platform"}
    walk.take("rep", "take_account", "test", Given(public_key="PEM"))
    assert waits(walk)["agency:H55"] == "pass_connection_check"
    walk.take("rep", "send_survey")
    assert waits(walk)["desk:a05"] == waits(walk)["desk:a06"] == "confirm_security"
    walk.take("a05", "ask_agency", "a05", Given(reason="?"))
    assert waits(walk)["agency:H55"] == "answer_assessor"
    assert "desk:a05" not in waits(walk)
    other = Walk(cast)
    for stage, office, step in (
        (Stage.TESTING, "agency:H55", "record_test_call"),
        (Stage.TESTED, "agency:H55", "file_paper"),
        (Stage.WITH_PC06, "desk:pc06-h55", "forward"),
        (Stage.WITH_C06, "desk:c06", "submit_to_leadership"),
        (Stage.WITH_LEADERSHIP, "desk:lanh-dao", "decide"),
        (Stage.APPROVED, "desk:c06", "go_live"),
    ):
        other.to(stage)
        assert waits(other)[office] == step, stage
    other.to(Stage.LIVE)
    assert waits(other) == {"agency:H55": "take_account"}
    other.take("c06", "revoke", given=Given(reason="vi phạm"))
    assert waits(other) == {}


@pytest.mark.parametrize("system", list(System))
def test_every_turn_is_a_step_that_its_desk_may_take_there(system: System) -> None:
    walk = Walk(Cast(), system)
    for stage in (
        Stage.DRAFT,
        Stage.SUBMITTED,
        Stage.OPENING,
        Stage.TESTING,
        Stage.TESTED,
        Stage.WITH_PC06,
        Stage.LIVE,
    ):
        walk.to(stage)
        case = walk.application.case()
        found = turns(case, frozenset({f"{platform}/test" for platform in case.platforms}))
        assert found or stage is Stage.LIVE
        for turn in found:
            step = STEP[turn.step]
            assert is_possible(step, case, turn.unit), turn
            assert step.names_unit or desk_of(step, case, turn.unit) is turn.desk


def test_only_the_level_whose_turn_it_is_has_it_in_its_queue() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.WITH_LEADERSHIP)
    first, second = (cast.client(f"leader_{level}").get(reverse("day")).content.decode() for level in (1, 2))
    assert walk.application.number in first
    assert f"{walk.application.number} ·" not in second.split('id="notices"')[0]


def test_late_ones_stand_first_and_say_so() -> None:
    cast = Cast()
    walks = [Walk(cast) for _ in range(3)]
    for walk in walks:
        walk.to(Stage.SUBMITTED)
    for walk, days in zip(walks, (3, -2, 1), strict=True):
        Waiting.objects.filter(application=walk.application).update(due_at=clock.now() + timedelta(days=days))
    text = cast.client("c06").get(reverse("day")).content.decode().split('id="notices"')[0]
    places = [text.index(walks[index].application.number) for index in (1, 2, 0)]
    assert places == sorted(places)
    assert text.count("quá hạn</span>") == 2  # the count at the top, and the one row
    late = cast.client("c06").get(reverse("day"), {"late": "1"}).content.decode().split('id="notices"')[0]
    assert walks[1].application.number in late
    assert walks[0].application.number not in late


def test_what_waits_at_a_desk_that_has_closed_finds_another() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.WITH_PC06)
    Desk.objects.filter(pk="pc06-h55").update(closed_on=clock.today())
    assert keeping.mend() == 1
    assert waits(walk)[""] == "forward"
    Desk.objects.create(slug="pc06-moi", kind="pc06", title="PC06 mới", organisation="G01.PC06.H55", area="H55")
    assert keeping.mend() == 1
    assert waits(walk)["desk:pc06-moi"] == "forward"
    assert keeping.mend() == 0


@pytest.mark.parametrize("asked", ["thai nguyen", "Thái Nguyên", "THAI", "h55", "KN-20"])
def test_search_minds_neither_accents_nor_case(asked: str) -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    found = cast.client("c06").get(reverse("day_search"), {"q": asked}).content.decode()
    assert walk.application.number in found
    assert (
        walk.application.number
        not in cast.client("other_pc06").get(reverse("day_search"), {"q": asked}).content.decode()
    )
    nothing = cast.client("c06").get(reverse("day_search"), {"q": "lao cai"}).content.decode()
    assert "Không tìm thấy hồ sơ nào" in nothing
    assert (
        walk.application.number
        not in cast.client("c06").get(reverse("day_search"), {"q": asked, "stage": "live"}).content.decode()
    )


def test_plain_text() -> None:
    assert plain("  Tỉnh   Điện Biên ") == "tinh dien bien"
    assert plain("ĐỒNG THÁP") == "dong thap"


def test_stages_are_timed_from_the_steps_themselves() -> None:
    walk = Walk(Cast())
    walk.to(Stage.LIVE)
    spans = list(StageSpan.objects.filter(application=walk.application).order_by("pk"))
    assert [span.stage for span in spans][:3] == ["draft", "submitted", "opening"]
    assert [span.stage for span in spans if span.ended_at is None] == ["live"]
    for before, after in pairwise(spans):
        assert before.ended_at == after.began_at
    base = clock.now() - timedelta(days=100)
    for days in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10):
        StageSpan.objects.create(
            application=walk.application, stage="with_c06", began_at=base, ended_at=base + timedelta(days=days)
        )
    StageSpan.objects.filter(stage="with_c06", ended_at__gt=clock.now() - timedelta(days=50)).delete()
    found = {each.title.en: each for each in durations()}["With C06"]
    assert (found.ended, round(found.median, 2), round(found.ninetieth, 2)) == (10, 5.5, 9.1)
    assert {each.title.en for each in durations("H38")} == set()
    assert {each.title.en for each in durations("H55")} >= {"With C06"}
    assert [(each.stage, each.count, each.share) for each in standings(Application.objects.all())] == [
        (Stage.LIVE, 1, 100)
    ]


def test_figures_are_for_c06_pc06_and_auditors() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTING)
    registration = walk.application.platform_registrations.get(environment="test")
    CertificateEnd.objects.create(registration=registration, at=clock.now() + timedelta(days=7))
    for name in cast.actors:
        answer = cast.client(name).get(reverse("day_figures"))
        assert answer.status_code == (200 if name in {"c06", "c06_publisher", "auditor", "pc06", "other_pc06"} else 404)
        if answer.status_code == 200:
            assert ("VDXP-TEST:GOV:H55:SS01" in answer.content.decode()) is (name != "other_pc06"), name


@pytest.mark.parametrize(
    ("who", "page"), [("c06", "day"), ("rep", "day"), ("c06", "day_search"), ("c06", "day_figures")]
)
def test_a_page_takes_few_queries_however_many_applications_there_are(who: str, page: str) -> None:
    cast = Cast()
    client = cast.client(who)
    counted = []
    for many in (30, 120):
        crowd(applications=many)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(reverse(page), {"q": "tinh"} if page == "day_search" else {})
        assert answer.status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1], counted
    assert counted[1] <= MOST_QUERIES, [query["sql"] for query in queries]


def test_an_applications_page_takes_no_more_queries_the_more_has_happened() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    client, address = cast.client("a05"), reverse("onboarding:application", args=[walk.application.pk])
    counted = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counted.append(len(queries))
        for index in range(15):
            walk.take("a05", "ask_agency", "a05", Given(reason=f"câu {index}"))
            walk.take("rep", "answer_assessor", "a05", Given(reason="trả lời"))
    assert counted[1] <= counted[0], counted
    assert counted[0] <= 45, counted
