"""Every address of the portal, whoever calls: nothing can be added without standing in one of these lists."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ketnoi_portal.audit.models import Event
from ketnoi_portal.staff.models import Person

from .scene import Address, Scene, patterns

pytestmark = pytest.mark.django_db

PUBLIC = {
    "home", "public:services", "public:api", "public:wsdl", "public:connect", "public:terms", "health", "set_language",
    "account_login", "account_logout", "account_inactive", "account_signup", "account_set_password",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "mfa_login_webauthn", "staff:admission", "staff:invitation",
    "mailroom_form",
}  # fmt: skip
SETTING_UP = re.compile(r"^(account_|mfa_|usersessions_)")
# Without a rehearsal there is no such door at all.
NOWHERE = {"cards"}
ACTS = {
    "staff:office", "staff:withdraw", "staff:give_role", "staff:leave", "staff:reset",
    "staff:end_role", "staff:end_delegation", "agencies:close_desk", "onboarding:servers", "onboarding:step",
    "onboarding:note", "onboarding:renew", "connection:check", "connection:call", "connection:containers",
    "connection:give_up",
    "connection:rotation_check", "notices_read", "mailroom:assign", "mailroom:dismiss",
    "accounts:hand_over", "accounts:act", "accounts:answer_review", "accounts:file_unit_commitment",
    "accounts:unit_step", "accounts:file_commitment", "accounts:step", "papers:upload", "papers:sign", "papers:accept",
    "papers:accept_scan", "papers:reject", "papers:withdraw", "papers:list_account", "papers:unlist_account",
    "papers:export", "publication:act", "publication:decide", "publication:lift_stop", "alarms:acknowledge",
}  # fmt: skip
PEOPLE = ("rep", "c06", "c06_publisher", "pc06", "a05", "leader_1", "vdxp", "district", "auditor")
# Who has no business with what the scene holds. Colleagues see one another, and an officer sees the own agency.
STRANGERS = {"": ("other_rep", "other_pc06", "officer", "ndxp", "ministry_rep")}
STRANGERS["staff:"] = STRANGERS["agencies:page"] = ("other_rep", "other_pc06", "ministry_rep")
# What reading may write: the session, when it was last seen, and how often somebody came.
OWN_TABLES = re.compile(r'"(django_session|usersessions_usersession|portal_cache)"')


@pytest.fixture
def scene() -> Scene:
    cache.clear()
    return Scene()


def of_objects(scene: Scene) -> list[Address]:
    """The addresses that name something of somebody's."""
    common = {"account_reset_password_from_key", "staff:invitation", "accounts:template", "mailroom_form"}
    plain = {name for name, parameters in patterns() if not parameters}
    return [each for each in scene.addresses() if each.name not in common | plain]


def leads_to(answer: HttpResponse, page: str) -> bool:
    return answer.status_code == 302 and urlsplit(answer.headers["Location"]).path == reverse(page)


def test_a_stranger_finds_the_door_and_the_public_pages(scene: Scene) -> None:
    for each in scene.addresses():
        cache.clear()
        answer = Client().get(each.path)
        if each.name in PUBLIC:
            assert answer.status_code in {200, 302, 404, 405}, each
        elif each.name in NOWHERE:
            assert answer.status_code == 404, each
        else:
            if answer.status_code == 405:
                answer = Client().post(each.path)
            assert leads_to(answer, "account_login"), (each, answer.status_code)


def test_without_a_second_factor_everything_leads_to_setting_it_up(scene: Scene) -> None:
    client = Client()
    person = Person.objects.get(pk=scene.cast["clerk"].person)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    before = Event.objects.count()
    for each in scene.addresses():
        if each.name not in PUBLIC - {"home", "health"} and not SETTING_UP.match(each.name):
            for answer in (client.get(each.path), client.post(each.path, {"how": "new", "reason": "x"})):
                assert leads_to(answer, "mfa_index"), (each, answer.status_code)
    assert Event.objects.count() == before


def test_reading_changes_nothing(scene: Scene) -> None:
    only_acts = [reads_everything(scene, scene.browser(who)) for who in PEOPLE]
    assert set.union(*only_acts) == ACTS


def reads_everything(scene: Scene, client: Client) -> set[str]:
    """Read every address; the names of those that are there for acts alone."""
    only_acts = set()
    for each in scene.addresses():
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(each.path)
        assert answer.status_code < 500, each
        written = [
            query["sql"][:80]
            for query in asked.captured_queries
            if re.match(r"(INSERT|UPDATE|DELETE)", query["sql"]) and not OWN_TABLES.search(query["sql"])
        ]
        assert written == [], each
        if answer.status_code == 405:
            only_acts.add(each.name)
        if answer.status_code == 200:
            is_safe_page(answer, each)
    return only_acts


def test_no_act_without_the_forms_token(scene: Scene) -> None:
    before = Event.objects.count()
    for who in ("rep", "c06_publisher"):
        client = scene.browser(who, enforce_csrf_checks=True)
        for each in scene.addresses():
            answer = client.post(each.path, {"reason": "x", "how": "new", "unit": "1"})
            assert answer.status_code in {403, 405}, (each, answer.status_code)
    assert Event.objects.count() == before


def test_what_belongs_to_others_is_not_there(scene: Scene) -> None:
    before, revision = Event.objects.count(), scene.application.revision
    clients = {who: scene.browser(who) for group in STRANGERS.values() for who in group}
    for each in of_objects(scene):
        group = STRANGERS.get(each.name) or STRANGERS.get(f"{each.name.partition(':')[0]}:") or STRANGERS[""]
        for who in group:
            told = {"reason": "x", "how": "new", "unit": "1", "role": "clerk"}
            statuses = {clients[who].get(each.path).status_code, clients[who].post(each.path, told).status_code}
            assert statuses <= {403, 404, 405}, (each, who, statuses)
            assert statuses != {405}, each
    assert Event.objects.count() == before
    scene.application.refresh_from_db()
    assert scene.application.revision == revision


def test_no_address_answers_under_another_hosts_name(scene: Scene) -> None:
    client = scene.browser("rep")
    for each in scene.addresses():
        for host in ("evil.example", "testserver.evil.example"):
            assert client.get(each.path, headers={"host": host}).status_code == 400, each


def test_no_address_leads_elsewhere(scene: Scene) -> None:
    client = scene.browser("rep")
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"):
        leads_nowhere(scene, client, elsewhere)


def leads_nowhere(scene: Scene, client: Client, elsewhere: str) -> None:
    """Whatever an address is told to go on to, it stays within the portal."""
    names = ("next", "redirect_to", "return", "url", "back")
    for each in scene.addresses():
        for answer in (
            client.get(each.path, dict.fromkeys(names, elsewhere)),
            Client().get(each.path, dict.fromkeys(names, elsewhere)),
        ):
            target = urlsplit(answer.headers.get("Location", "/"))
            assert (target.scheme, target.netloc) == ("", ""), each
            assert not target.path.startswith(("//", "/\\", "javascript")), each
    given = dict.fromkeys(names, elsewhere)
    for page in ("account_reauthenticate", "account_logout", "set_language", "staff:office"):
        answer = client.post(reverse(page), given, query_params={"next": elsewhere})
        assert urlsplit(answer.headers.get("Location", "/"))[:2] == ("", ""), page


def is_safe_page(answer: HttpResponse, each: Address) -> None:
    """Its headers forbid code from elsewhere, and it has none of its own within the page."""
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy, each
    assert "frame-ancestors 'none'" in policy, each
    assert "unsafe" not in policy, each
    assert "*" not in policy, each
    assert answer.headers["X-Content-Type-Options"] == "nosniff", each
    assert answer.headers["X-Frame-Options"] == "DENY", each
    assert answer.headers["Referrer-Policy"] == "same-origin", each
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", each
    if answer.headers["Content-Type"].startswith("text/html"):
        reader = _Reader()
        reader.feed(answer.content.decode())
        assert reader.tags > 10, each
        assert reader.found == [], each


class _Reader(HTMLParser):
    """Collects what a strict policy would forbid, and what comes from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.found = 0, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        self.tags += 1
        told = {name: value or "" for name, value in attrs}
        self.found += [f"{tag} {name}" for name in told if name == "style" or re.match(r"on|hx-on", name)]
        self.found += [f"{tag} {value}" for value in told.values() if value.strip().lower().startswith("javascript:")]
        if tag == "style" or (
            tag == "script" and not (told.keys() & {"src", "nonce"} or "json" in told.get("type", ""))
        ):
            self.found.append(tag)
        source = told.get("src") or (told.get("href", "") if tag == "link" else "")
        if urlsplit(source).netloc:
            self.found.append(f"{tag} {source}")
