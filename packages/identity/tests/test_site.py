"""What every page of the citizens' site has in common."""

from __future__ import annotations

import pytest

from .site import Site
from .visiting import Visitor


def test_the_start_page_speaks_vietnamese_and_english_once_asked(visitor: Visitor) -> None:
    visitor.go("/").sees(200, 'lang="vi"', "Dữ liệu của bạn: biết và quyết định", "Diễn tập")
    visitor.send("/i18n/setlang/", language="en", next="/").sees(200, 'lang="en"', "Your data: know and decide")


def test_the_health_page_asks_the_database(visitor: Visitor) -> None:
    visitor.go("/healthz").sees(200, "ok")


def test_pages_allow_no_script_of_others_and_no_frame(visitor: Visitor) -> None:
    headers = visitor.go("/").answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "<style" not in visitor.text
    assert "style=" not in visitor.text
    assert "onclick" not in visitor.text


@pytest.mark.parametrize("address", ["/khong-co/", "/ban/khong-co/"])
def test_an_address_that_is_none_gets_a_page(visitor: Visitor, address: str) -> None:
    visitor.go(address).sees(404, "Không tìm thấy trang này")


def test_a_form_without_its_token_does_nothing(visitor: Visitor) -> None:
    visitor.go("/")
    answer = visitor.client.post("/i18n/setlang/", data={"language": "en"})
    assert answer.status_code == 403
    assert "Trang này đã cũ" in answer.text


@pytest.mark.parametrize("query", ["?a=%00", "?a=%ff"])
def test_odd_octets_are_refused(visitor: Visitor, query: str) -> None:
    visitor.go("/" + query).sees(400, "không đọc được")


def test_a_page_is_light(visitor: Visitor) -> None:
    assert len(visitor.go("/").answer.content) < 8_000
    style = visitor.go("/static/identity/identity.css").sees(200).answer
    assert len(style.content) < 12_000


def test_init_may_be_run_again(site: Site, visitor: Visitor) -> None:
    site.say("init")
    with site.connect() as connection:
        assert connection.execute("SELECT count(*) FROM terms").fetchone() == (1,)


def test_the_start_page_and_the_terms_promise_no_more_than_is_done(visitor: Visitor) -> None:
    # A look into the population system needs no consent; a sealed look is told once the seal has ended.
    visitor.go("/").sees(200, "Qua hệ thống định danh này", "mà không hỏi bạn")
    visitor.go("/dieu-khoan/").sees(
        200, "qua hệ thống định danh điện tử, dữ liệu chỉ được chuyển nếu bạn đã đồng ý", "mà không hỏi bạn trước",
        "trước ngày đó bạn không được cho biết; từ ngày đó lượt xem hiện ra",
    )  # fmt: skip
    visitor.send("/i18n/setlang/", language="en", next="/dieu-khoan/").sees(
        200, "without asking you first", "before that day you are not told of it; from that day it is shown"
    )
    visitor.go("/").sees(200, "Through this identity system", "without asking you")
