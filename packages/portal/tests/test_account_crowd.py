"""200,000 accounts: the directory reads changed buckets alone, and pages ask few questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ketnoi_portal.accounts.actions import take
from ketnoi_portal.accounts.codes import BUCKETS
from ketnoi_portal.accounts.directory_view import changes_since, officers_changed_since
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.roles import Role
from ketnoi_protocol.services import Environment
from ketnoi_testbed.postgres import Postgres

from .applications import an_application
from .browsing import as_person
from .crowd import crowd
from .offices import at_agency, at_desk, found

MANY = 200_000
Within = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def crowded(migrated: str, cluster: Postgres, within: Within) -> str:
    """The name of a database with so many accounts of two provinces, most of them active, some waiting at a desk."""
    name = "crowded"
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"')
    with within(name):
        found()
        crowd(accounts=MANY)
    return name


@pytest.fixture
def many(crowded: str, within: Within) -> Iterator[None]:
    """They are there; whatever a test does besides is taken back."""
    with within(crowded), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("many")
def test_of_200_000_officers_only_changed_buckets_are_read() -> None:
    account = Account.objects.filter(unit__code__startswith="H55.", state=AccountState.ACTIVE)[1001]
    before = changes_since(Environment.PRODUCTION, 0).revision
    rep = at_agency("H55")
    take(rep, account, "suspend_own", given=AccountGiven(reason="x"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        changed, revision = officers_changed_since(Environment.PRODUCTION, before)
    assert len(queries) == 2
    assert list(changed) == [account.bucket]
    read = sum(map(len, changed.values()))
    assert 0 < read <= 2 * MANY // BUCKETS
    assert revision > before
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            cursor.execute("EXPLAIN " + query["sql"])
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, plan


@pytest.mark.usefixtures("many")
def test_of_200_000_accounts_pages_ask_few_questions() -> None:
    an_application("H55")
    desk, rep = as_person(at_desk("pc06-h55", Role.HANDLER)), as_person(at_agency("H55"))
    for client, page in (
        (desk, "accounts:queue"),
        (desk, "accounts:watch"),
        (rep, "accounts:list"),
        (desk, "accounts:lists"),
        (rep, "accounts:review"),
    ):
        client.get(reverse(page))
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse(page))
        assert answer.status_code == 200
        assert len(queries) <= 15, (page, len(queries), [each["sql"][:90] for each in queries.captured_queries])
    assert len(desk.get(reverse("accounts:queue")).context["rows"]) == 50
    waiting = Account.objects.filter(unit__code__startswith="H55.", state=AccountState.WITH_DESK, desk="pc06").count()
    assert waiting > MANY // 500
    assert desk.get(reverse("accounts:queue")).context["page"].paginator.count == waiting
    assert isinstance(rep.get(reverse("accounts:list")).context["page"].paginator, Paginator)
    code = Account.objects.filter(unit__code__startswith="H55.").exclude(code=None)[1001].code
    found_one = rep.get(reverse("accounts:list"), {"q": code}).context["page"].object_list
    assert [each.code for each in found_one] == [code]
    assert Account.objects.filter(state=AccountState.ACTIVE).count() == MANY * 92 // 100
