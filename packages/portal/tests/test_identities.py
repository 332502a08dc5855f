"""What the portal tells a running identity system, and what it hears from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from django.urls import reverse
from joserfc.jwk import ECKey

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import Event
from ketnoi_portal.identities import fetching, sending, terms
from ketnoi_portal.identities.models import AcceptedTerms, IdentitySource, Objection, ObjectionAnswer
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.sign_in import SignInEntry
from ketnoi_portal.process.case import Stage
from ketnoi_portal.publication.stops import lift_stop, stop_agency
from ketnoi_protocol.services import Environment, Service, System
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.world import World

from .applications import an_application
from .forms import a_form
from .identity_rows import objection, officer
from .pages import Cast

pytestmark = pytest.mark.django_db

KEY = ECKey.generate_key("P-256")
ADDRESS = "https://motcua.example.vn/quay-lai"


@pytest.fixture(scope="module")
def world(cluster: Postgres) -> Iterator[World]:
    """One with an identity system in it."""
    with World("identity", people=60, postgres=cluster) as running:
        yield running


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def there(world: World, neighbours: Path) -> Iterator[psycopg.Connection[Any]]:
    """The identity system's own database, which the portal knows nothing of."""
    with psycopg.connect(world.identity.database, autocommit=True) as connection:
        yield connection
        for table in ("client", "client_version", "objection_answer", "objection"):
            connection.execute(f"DELETE FROM {table}")


def live(code: str = "H55", *environments: Environment, stage: Stage = Stage.LIVE) -> Application:
    entries = tuple(
        SignInEntry(environment=each, redirects=(ADDRESS,), key=KEY.as_pem(private=False).decode())
        for each in environments or (Environment.TEST,)
    )
    form = msgspec.structs.replace(a_form(System.IDENTITY, code, (Service.VERIFY_CITIZEN,)), sign_in=entries)
    return an_application(code, stage=stage, form=form, system=System.IDENTITY)


def clients(there: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return there.execute("SELECT client_id, organisation, redirect_uris, jwks FROM client ORDER BY 1").fetchall()


# Clients


def test_an_approved_application_makes_a_client_and_its_end_takes_it_away(
    cast: Cast, there: psycopg.Connection[Any]
) -> None:
    application = live()
    sending.send()
    ((client, organisation, redirects, jwks),) = clients(there)
    assert (client, organisation, redirects) == ("H55", "H55", [ADDRESS])
    assert [each["kid"] for each in jwks["keys"]] == [KEY.thumbprint()]
    assert "d" not in jwks["keys"][0]
    application.stage = Stage.SUSPENDED
    application.save(update_fields=["stage"])
    sending.send()
    assert clients(there) == []


def test_only_what_is_in_force_and_of_this_environment_is_sent(cast: Cast, there: psycopg.Connection[Any]) -> None:
    live("H55", Environment.PRODUCTION)
    live("H38", stage=Stage.DRAFT)
    live("G15", stage=Stage.REVOKED)
    an_application("H55.02", system=System.IDENTITY, services=(Service.VERIFY_CITIZEN,))
    sending.send()
    assert clients(there) == []
    source = IdentitySource.objects.get()
    assert source.sent_at is not None
    assert source.troubles == []


def test_whoever_c06_stops_is_no_client_until_the_stop_is_lifted(cast: Cast, there: psycopg.Connection[Any]) -> None:
    live()
    live("H38")
    sending.send()
    stop_agency(cast["c06"], Organisation.objects.get(pk="H55"), "Nghi lộ dữ liệu")
    sending.send()
    assert [row[0] for row in clients(there)] == ["H38"]
    lift_stop(cast["c06_publisher"], Organisation.objects.get(pk="H55"), "Đã rõ")
    sending.send()
    assert [row[0] for row in clients(there)] == ["H38", "H55"]


def test_of_two_in_force_the_newer_one_counts(cast: Cast, there: psycopg.Connection[Any]) -> None:
    live()
    newer = live()
    newer.form["sign_in"][0]["redirects"] = [ADDRESS + "-moi"]
    newer.save(update_fields=["form"])
    sending.send()
    assert [row[2] for row in clients(there)] == [[ADDRESS + "-moi"]]


def test_it_is_sent_when_it_changes_and_again_after_a_while(cast: Cast, there: psycopg.Connection[Any]) -> None:
    live()
    sending.send()
    first = IdentitySource.objects.get()
    there.execute("DELETE FROM client")
    sending.send()
    assert clients(there) == [], "nothing has changed and it was sent just now"
    IdentitySource.objects.update(sent_at=clock.now() - timedelta(minutes=2))
    sending.send()
    assert len(clients(there)) == 1, "a system that has lost it gets it again"
    assert IdentitySource.objects.get().version == first.version
    live("H38")
    sending.send()
    assert IdentitySource.objects.get().version > first.version


def test_a_portal_that_was_restored_sends_under_a_higher_number(cast: Cast, there: psycopg.Connection[Any]) -> None:
    live()
    sending.send()
    IdentitySource.objects.all().delete()
    live("H38")
    sending.send()
    assert [row[0] for row in clients(there)] == ["H38", "H55"]


@pytest.mark.parametrize("broken", ["client", "server"])
def test_a_system_that_cannot_be_reached_is_told_where_people_look(
    cast: Cast, world: World, there: psycopg.Connection[Any], neighbours: Path, broken: str
) -> None:
    strange = world.authority.issue_authentication("stranger")
    if broken == "client":
        (neighbours / "identity-test-portal.pem").write_bytes(strange.pem)
        (neighbours / "identity-test-portal.key").write_bytes(strange.key_pem)
    else:
        (neighbours / "identity-test.pem").write_bytes(strange.pem)
    live()
    sending.send()
    fetching.exchange()
    assert clients(there) == []
    trouble, asked = IdentitySource.objects.get().troubles
    page = cast.client("c06").get(reverse("identities:list")).content.decode()
    assert trouble.vi in page
    assert asked.vi in cast.client("c06").get(reverse("day")).content.decode()


# Objections


def page(cast: Cast, who: str, address: str = "") -> str:
    answer = cast.client(who).get(reverse("identities:list") + address)
    assert answer.status_code == 200
    return answer.content.decode()


def answer(cast: Cast, who: str, row: Objection, words: str) -> int:
    told = cast.client(who).post(reverse("identities:answer", args=[row.pk]), {"words": words})
    return int(told.status_code)


def test_an_objection_is_fetched_once_and_told_to_both_who_answer(cast: Cast, there: psycopg.Connection[Any]) -> None:
    reason = "Ai đó đã xem dữ liệu của tôi"
    number = objection(there, reason=reason)
    fetching.exchange()
    fetching.exchange()
    row = Objection.objects.get(number=number)
    assert (row.organisation, row.unit, row.procedure, row.reason) == ("H55", "H55.02", "1.001", reason)
    letters = Letter.objects.filter(key__startswith=f"objection:{row.source}:{number}:")
    people = {cast[name].person for name in ("rep", "c06")}
    from ketnoi_portal.staff.models import Person

    assert {each.address for each in letters} == {each.email for each in Person.objects.filter(pk__in=people)}
    for each in letters:
        assert reason not in each.body + each.subject
        assert "H55" not in each.body + each.subject


def test_c06_and_the_agency_answer_and_the_citizen_gets_both(cast: Cast, there: psycopg.Connection[Any]) -> None:
    number = objection(there)
    fetching.exchange()
    row = Objection.objects.get(number=number)
    for who in ("c06", "rep"):
        assert "Tôi không làm thủ tục này" in page(cast, who)
    assert answer(cast, "rep", row, "  Cán bộ nhập nhầm số.  ") == 302
    assert answer(cast, "c06", row, "Đã nhắc cơ quan.") == 302
    fetching.exchange()
    assert IdentitySource.objects.get().troubles == []
    kept = there.execute(
        "SELECT by_whom, words FROM objection_answer WHERE objection = %s ORDER BY by_whom", [number]
    ).fetchall()
    assert kept == [("agency", "Cán bộ nhập nhầm số."), ("c06", "Đã nhắc cơ quan.")]
    assert not ObjectionAnswer.objects.filter(objection=row, sent_at=None).exists()
    for who in ("c06", "auditor"):
        assert "Tôi không làm thủ tục này" not in page(cast, who)
        assert "phản ánh chờ trả lời" not in cast.client(who).get(reverse("day")).content.decode()
    assert "Cán bộ nhập nhầm số." in page(cast, "c06", "?tat-ca=1")
    assert Event.objects.filter(act="answer_objection", subject=str(row.pk)).count() == 2


def test_each_side_answers_once_and_says_something(cast: Cast, there: psycopg.Connection[Any]) -> None:
    row_number = objection(there)
    fetching.exchange()
    row = Objection.objects.get(number=row_number)
    for words in ("", "   ", "x" * 4001, "Người có số 990089000001 đã hỏi"):
        answer(cast, "c06", row, words)
    assert not row.answers.exists()
    answer(cast, "c06", row, "Một")
    answer(cast, "c06", row, "Hai")
    assert [each.words for each in row.answers.all()] == ["Một"]


def test_an_answer_that_is_refused_stands_in_its_form_again(cast: Cast, there: psycopg.Connection[Any]) -> None:
    row_number = objection(there)
    fetching.exchange()
    row = Objection.objects.get(number=row_number)
    address = reverse("identities:answer", args=[row.pk])
    words = "Cán bộ <b>hỏi</b> về người có số 990089000001."
    refused = cast.client("c06").post(address, {"words": words})
    shown = refused.content.decode()
    assert refused.status_code == 422
    assert "Câu trả lời có số định danh cá nhân. Bỏ số đó đi." in shown
    assert "Cán bộ &lt;b&gt;hỏi&lt;/b&gt; về người có số 990089000001." in shown
    assert cast.client("c06").get(address).headers["location"] == reverse("identities:list")

    answer(cast, "c06", row, "Một")
    late = cast.client("c06").post(address, {"words": "Hai"})
    assert "Phản ánh này đã được trả lời" in late.content.decode()


def test_nobody_else_reads_or_answers_it(cast: Cast, there: psycopg.Connection[Any]) -> None:
    row_number = objection(there)
    fetching.exchange()
    row = Objection.objects.get(number=row_number)
    for who in ("other_rep", "unit_rep", "ministry_rep"):
        assert "Tôi không làm thủ tục này" not in page(cast, who)
        assert answer(cast, who, row, "x") == 404
    for who in ("officer", "pc06", "a05", "leader_1", "vdxp", "c06_publisher"):
        assert cast.client(who).get(reverse("identities:list")).status_code == 404
        assert answer(cast, who, row, "x") == 404
    for who in ("clerk", "auditor"):
        assert "Tôi không làm thủ tục này" in page(cast, who)
        assert 'name="words"' not in page(cast, who)
        answer(cast, who, row, "x")
    assert not row.answers.exists()


def test_what_is_late_says_so_on_the_page_and_on_the_day(cast: Cast, there: psycopg.Connection[Any]) -> None:
    row_number = objection(there)
    fetching.exchange()
    assert "quá hạn" not in page(cast, "rep")
    Objection.objects.filter(number=row_number).update(due_at=clock.now() - timedelta(hours=1))
    assert "quá hạn" in page(cast, "rep")
    for who in ("rep", "c06", "auditor"):
        shown = cast.client(who).get(reverse("day")).content.decode()
        assert "1 phản ánh chờ trả lời" in shown
        assert "1 đã quá hạn" in shown


def test_an_answer_that_the_identity_system_will_not_take_is_not_sent_for_ever(
    cast: Cast, there: psycopg.Connection[Any]
) -> None:
    row_number = objection(there)
    fetching.exchange()
    row = Objection.objects.get(number=row_number)
    there.execute("INSERT INTO objection_answer VALUES (%s, 'c06', 'Khác', %s)", [row_number, clock.now()])
    answer(cast, "c06", row, "Lời này")
    fetching.exchange()
    assert ObjectionAnswer.objects.get(objection=row).refused
    assert "đã có câu trả lời khác" in page(cast, "c06", "?tat-ca=1")


def test_a_citizens_words_are_no_markup(cast: Cast, there: psycopg.Connection[Any]) -> None:
    objection(there, reason="<b>x</b>")
    fetching.exchange()
    assert "&lt;b&gt;x" in page(cast, "c06")


def test_after_the_identity_database_was_restored_new_objections_come_all_the_same(
    cast: Cast, there: psycopg.Connection[Any]
) -> None:
    kept, lost = objection(there), objection(there, reason="Mất khi khôi phục")
    fetching.exchange()
    answer(cast, "c06", Objection.objects.get(number=kept), "Đã nhắc.")
    fetching.exchange()
    # Restored: the second one and the answer are gone, and their numbers are given again.
    there.execute("DELETE FROM objection_answer")
    there.execute("DELETE FROM objection WHERE id = %s", [lost])
    there.execute(f"ALTER TABLE objection ALTER id RESTART WITH {lost}")
    assert objection(there, reason="Mới sau khi khôi phục") == lost
    later = objection(there, reason="Mới nữa")
    letters = Letter.objects.count()
    fetching.exchange()
    assert IdentitySource.objects.get().troubles == []
    assert sorted(Objection.objects.values_list("number", "reason")) == sorted(
        [
            (kept, "Tôi không làm thủ tục này"),
            (lost, "Mất khi khôi phục"),
            (lost, "Mới sau khi khôi phục"),
            (later, "Mới nữa"),
        ]
    )
    assert Letter.objects.count() > letters
    # The answer that was lost there is there again, and an answer to what is lost reaches no other objection.
    assert there.execute("SELECT objection, words FROM objection_answer").fetchall() == [(kept, "Đã nhắc.")]
    answer(cast, "c06", Objection.objects.get(reason="Mất khi khôi phục"), "Cho phản ánh đã mất.")
    fetching.exchange()
    assert there.execute("SELECT count(*) FROM objection_answer").fetchone() == (1,)
    # From here on it goes on as ever.
    told = Objection.objects.count()
    fetching.exchange()
    assert Objection.objects.count() == told
    assert IdentitySource.objects.get().last_objection == later


# Terms


def test_the_dossier_shows_which_terms_officers_have_accepted(cast: Cast, there: psycopg.Connection[Any]) -> None:
    application = live()
    address = reverse("onboarding:application", args=[application.pk])
    assert "Hệ thống định danh báo ở đây" in cast.client("c06").get(address).content.decode()
    officer(there, "A" * 20, clock.now())
    officer(there, "B" * 20, clock.now(), version="1999-01-01", digest=b"x" * 32)
    terms.fetch()
    row = there.execute(
        "SELECT version, sha256 FROM terms WHERE valid_from <= %s ORDER BY valid_from DESC LIMIT 1", [clock.now()]
    ).fetchone()
    assert row is not None
    for who in ("c06", "rep"):
        shown = cast.client(who).get(address).content.decode()
        for told in ("A" * 20, "B" * 20, row[0], row[1].hex(), "bản cũ", "hiện hành", "thay cho bản cam kết (4)"):
            assert told in shown
    population = an_application("H55")
    shown = cast.client("c06").get(reverse("onboarding:application", args=[population.pk])).content.decode()
    assert "A" * 20 not in shown


def test_what_officers_once_accepted_never_leaves_the_dossier(cast: Cast, there: psycopg.Connection[Any]) -> None:
    application = live()
    at = clock.now() - timedelta(days=3)
    officer(there, "C" * 20, at, version="1998-01-01", digest=b"y" * 32)
    officer(there, "D" * 20, at, version="1997-01-01", digest=b"z" * 32)
    terms.fetch()
    # One accepts the current terms as well, the other closes the account; then nothing of it is told any more.
    (account,) = there.execute("SELECT account FROM officer WHERE code = %s", ["C" * 20]).fetchone() or ()
    there.execute(
        "INSERT INTO terms_acceptance SELECT %s, version, sha256, %s FROM terms WHERE valid_from <= %s"
        " ORDER BY valid_from DESC LIMIT 1",
        [account, clock.now(), clock.now()],
    )
    there.execute(
        "UPDATE account SET state = 'closed', personal_number = NULL, closed_at = %s"
        " FROM officer WHERE officer.account = account.id AND code = %s",
        [at + timedelta(days=1), "D" * 20],
    )
    terms.fetch()
    there.execute("DELETE FROM officer WHERE code IN (%s, %s)", ["C" * 20, "D" * 20])
    terms.fetch()
    kept = [each for each in AcceptedTerms.objects.get().acceptances if each["officer"][0] in "CD"]
    assert [(each["officer"][0], each["version"][:4], bool(each["closed_at"])) for each in kept] == [
        ("C", kept[0]["version"][:4], False),
        ("C", "1998", False),
        ("D", "1997", True),
    ]
    shown = cast.client("c06").get(reverse("onboarding:application", args=[application.pk])).content.decode()
    for told in ("1998-01-01", "1997-01-01", "C" * 20, "D" * 20, "tài khoản đã đóng"):
        assert told in shown
