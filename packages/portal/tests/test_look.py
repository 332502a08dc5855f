"""What every page has: language, landmarks, menu, security headers."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

PUBLIC = ["home", "public:services", "public:connect", "public:terms", "account_login"]


@pytest.mark.parametrize("page", PUBLIC)
def test_a_stranger_reads_it_in_vietnamese_first(client: Client, page: str) -> None:
    answer = client.get(reverse(page), headers={"accept-language": "en-GB"})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert '<html lang="vi">' in text
    assert "Cổng đăng ký kết nối" in text
    assert answer.headers["Content-Language"] == "vi"


def test_whoever_chose_english_reads_english(client: Client) -> None:
    chosen = client.post(reverse("set_language"), {"language": "en", "next": "/"})
    assert chosen.headers["Location"] == "/"
    assert '<html lang="en">' in client.get("/").content.decode()
    client.cookies["django_language"] = "fr"
    assert '<html lang="vi">' in client.get("/").content.decode()


@pytest.mark.parametrize("page", PUBLIC)
def test_a_page_has_its_landmarks_and_no_inline_code(client: Client, page: str) -> None:
    text = client.get(reverse(page)).content.decode()
    for part in (
        '<header class="site">',
        "<nav aria-label=",
        '<main id="content"',
        "<footer",
        'href="#content"',
        "<h1",
    ):
        assert part in text, part
    assert " style=" not in text
    assert "<style" not in text
    assert "onclick" not in text
    assert text.count("<h1") == 1
