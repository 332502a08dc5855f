"""Every page in Vietnamese and in English: neither is missing anywhere, nor does one stand where the other should."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from lxml import html

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.mailroom.models import Mail
from ketnoi_protocol.services import DEFAULT_PROFILE, Catalogue

from .scene import Scene

pytestmark = pytest.mark.django_db

PEOPLE = ("rep", "c06", "c06_publisher", "pc06", "a05", "leader_1", "vdxp", "district", "auditor")
# What the portal itself says on a page, in distinction from what people have written there.
SAYS = (
    "//title", "//main//h1", "//main//h2", "//main//h3", "//main//legend", "//main//label", "//main//summary",
    "//main//th[@scope='col']", "//main//dt", "//main//button", "//main//option", "//main//p[@class]", "//nav//a",
    "//footer//a", "//footer//p",
)  # fmt: skip
LETTERS = re.compile("[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)
ENGLISH = re.compile(r"\b(the|of|and|are|for|not|yet|this|your|from|with|has)\b [a-z]{2}")


def says(answer: HttpResponse, written: set[str]) -> list[str]:
    """The page's own texts, without the names and subjects in them."""
    tree = html.document_fromstring(answer.content.decode())
    texts = []
    for element in tree.xpath(" | ".join(SAYS)):
        text = " ".join(element.text_content().split())
        for each in sorted(written, key=len, reverse=True):
            text = text.replace(each, "")
        texts.append(text)
    return texts


def page(client: Client, path: str, language: str) -> HttpResponse | None:
    """A page as whoever has chosen a language gets it; None where there is no page for them."""
    client.cookies["django_language"] = language
    answer = client.get(path)
    is_page = answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")
    return answer if is_page else None


def test_every_page_is_whole_in_both_languages() -> None:
    scene = Scene()
    catalogue = Catalogue.load(DEFAULT_PROFILE)
    entries = (*catalogue, *catalogue.consent_operations)
    # Services stand side by side in both languages where documents are quoted.
    written = {f"{each.title_vi} · {each.title_en}" for each in entries}
    written |= {*Organisation.objects.values_list("name", flat=True), *Mail.objects.values_list("subject", flat=True)}
    seen, wrong = set(), set()
    for who in PEOPLE:
        client = scene.browser(who)
        cache.clear()
        for each in scene.addresses():
            for language, other in (("vi", ENGLISH), ("en", LETTERS)):
                answer = page(client, each.path, language)
                if answer is None:
                    break
                seen.add((each.name, language))
                assert f'<html lang="{language}">' in answer.content.decode(), each
                assert answer.headers["Content-Language"] == language, each
                texts = says(answer, written)
                wrong |= {(each.name, language, text) for text in texts if other.search(text)}
                assert language == "en" or any(LETTERS.search(text) for text in texts), each
    assert sorted(wrong) == []
    assert len(seen) > 120
