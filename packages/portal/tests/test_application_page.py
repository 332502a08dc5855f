"""The one page of an application: what each reader sees on it, at every stage."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import STAGE_TITLES, Stage
from ketnoi_protocol.services import System

from .pages import Cast, Walk

pytestmark = pytest.mark.django_db

WAY = [
    Stage.DRAFT,
    Stage.SUBMITTED,
    Stage.OPENING,
    Stage.TESTING,
    Stage.TESTED,
    Stage.WITH_PC06,
    Stage.WITH_C06,
    Stage.WITH_LEADERSHIP,
    Stage.APPROVED,
    Stage.LIVE,
]


def text_of(cast: Cast, who: str, walk: Walk) -> str:
    answer = cast.client(who).get(reverse("onboarding:application", args=[walk.application.pk]))
    assert answer.status_code == 200, who
    return answer.content.decode()


def test_it_shows_where_it_stands_at_every_stage_to_everybody_who_may_see_it() -> None:
    cast = Cast()
    walk = Walk(cast)
    for stage in WAY:
        walk.to(stage)
        readers = ["rep", "clerk"] if stage is Stage.DRAFT else ["rep", "clerk", "c06", "auditor", "pc06"]
        if stage in WAY[4:]:
            readers += ["a05", "a06", "vdxp"]
        if stage in WAY[7:]:
            readers += ["leader_1", "leader_2"]
        for reader in readers:
            text = text_of(cast, reader, walk)
            assert STAGE_TITLES[stage].vi in text
            assert 'aria-current="step"' in text
            assert " style=" not in text
            assert "&quot;stage&quot;" not in text


def test_who_may_not_see_it_learns_nothing() -> None:
    cast = Cast()
    walk = Walk(cast)
    strangers = ["officer", "other_rep", "unit_rep", "ministry_rep", "other_pc06", "district"]
    outside = {
        Stage.DRAFT: [*strangers, "c06", "auditor", "pc06", "a05", "leader_1", "vdxp", "ndxp"],
        Stage.SUBMITTED: [*strangers, "a05", "a06", "leader_1", "ndxp"],
        Stage.WITH_LEADERSHIP: [*strangers, "ndxp"],
    }
    for stage, names in outside.items():
        walk.to(stage)
        for name in names:
            client = cast.client(name)
            for page in ("application", "form", "precheck", "survey"):
                answer = client.get(reverse(f"onboarding:{page}", args=[walk.application.pk]))
                assert answer.status_code == 404, (stage, name, page)


def test_a_stale_confirmation_is_told_to_everybody() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.WITH_C06)
    told = "Văn bản xác nhận an ninh, an toàn không còn giá trị"
    readers = ["rep", "clerk", "c06", "auditor", "pc06", "a05", "a06", "vdxp"]
    assert not any(told in text_of(cast, reader, walk) for reader in readers)
    walk.take("rep", "declare_change", given=Given(reason="đổi vùng mạng"))
    for reader in readers:
        assert told in text_of(cast, reader, walk), reader


def test_identity_asks_for_papers_1_and_5_alone_and_says_why_there_is_no_4() -> None:
    cast = Cast()
    walk = Walk(cast, System.IDENTITY)
    walk.to(Stage.TESTED)
    text = text_of(cast, "rep", walk)
    assert "(1) Đăng ký sử dụng dịch vụ" in text
    assert "(5) A05, A06 xác nhận" in text
    for other in ("(2) Đăng ký tài khoản", "(3) Cam kết của tổ chức", "(4) Cam kết của cá nhân"):
        assert other not in text
    assert "cam kết của cá nhân đã gắn với điều khoản sử dụng tài khoản định danh điện tử" in text
    walk.to(Stage.LIVE)


def test_the_timeline_speaks_in_words_and_an_agency_reads_no_officers_name() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    walk.take("c06", "return_registration", given=Given(reason="thiếu quyết định cấp độ"))
    seen_by_agency, seen_by_desk = text_of(cast, "rep", walk), text_of(cast, "auditor", walk)
    for text in (seen_by_agency, seen_by_desk):
        assert "Trả lại đăng ký" in text
        assert "thiếu quyết định cấp độ" in text
        assert "Cục C06" in text
    assert "Cục C06, c06" not in seen_by_agency
    assert "Cục C06, c06" in seen_by_desk
    assert "Tỉnh Thái Nguyên, rep" in seen_by_agency


def test_a_desks_note_is_read_at_that_desk_alone() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.SUBMITTED)
    answer = cast.client("c06").post(
        reverse("onboarding:note", args=[walk.application.pk]), {"text": "gọi lại hỏi số quyết định"}
    )
    assert answer.status_code == 302
    for reader, reads in {"c06": True, "auditor": True, "rep": False, "pc06": False}.items():
        assert ("gọi lại hỏi số quyết định" in text_of(cast, reader, walk)) is reads, reader
    refused = cast.client("rep").post(reverse("onboarding:note", args=[walk.application.pk]), {"text": "x"})
    assert refused.status_code == 404
