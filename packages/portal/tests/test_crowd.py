"""A crowd stands in the database as the process would have written it, and is made nowhere but in a rehearsal."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F

from ketnoi_portal.accounts import codes
from ketnoi_portal.accounts.directory_view import bucket_names, changes_since, officers_in
from ketnoi_portal.accounts.facts import cases_of
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import Event
from ketnoi_portal.day import keeping
from ketnoi_portal.day.models import SearchText, StageSpan, Waiting
from ketnoi_portal.onboarding.actions import begin
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import SYSTEM_ACTOR, DeskKind
from ketnoi_portal.rehearsal.crowd import make_crowd
from ketnoi_portal.rehearsal.offices import NotARehearsal
from ketnoi_portal.settings import Settings
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.services import Environment, System

from .crowd import crowd
from .offices import at_agency, found

pytestmark = pytest.mark.django_db

MANY = 120


def test_each_application_waits_for_whom_the_process_says() -> None:
    found()
    crowd(applications=MANY)
    assert Application.objects.count() == MANY
    assert set(Application.objects.values_list("stage", flat=True)) >= {
        stage for stage in Stage if stage not in (Stage.EXPIRED, Stage.SUPERSEDED)
    }
    before = set(Waiting.objects.values_list("application", "office", "step", "unit", "level"))
    assert {office for _, office, *_ in before} >= {"desk:c06", "desk:pc06-h55", "desk:pc06-h38", "agency:H55"}
    for application in Application.objects.all():
        assert keeping.refresh(application) == []
    assert set(Waiting.objects.values_list("application", "office", "step", "unit", "level")) == before
    assert len(before) > MANY // 2


def test_each_application_is_found_by_what_it_is_called_and_timed_without_gaps() -> None:
    found()
    crowd(applications=MANY)
    for application in Application.objects.select_related("organisation"):
        assert SearchText.objects.get(application=application).text == keeping.search_text_of(application)
        spans = list(StageSpan.objects.filter(application=application).order_by("began_at"))
        assert spans[0].began_at == application.began_at
        assert [each.began_at for each in spans[1:]] == [each.ended_at for each in spans[:-1]]
        assert (spans[-1].stage, spans[-1].began_at, spans[-1].ended_at) == (
            application.stage,
            application.stage_since,
            None,
        )


def test_accounts_stand_on_their_route_and_in_the_directory() -> None:
    found()
    crowd(accounts=1_600)
    accounts = list(Account.objects.select_related("unit"))
    assert len(accounts) == 1_600
    for account, case in cases_of(accounts).items():
        held = account.state == AccountState.WITH_DESK
        assert account.desk == (str(case.desk) if held else "")
        assert account.unit.level == account.level
        assert (account.code is None) is (account.state in {"draft", "with_desk", "returned"})
        assert account.bucket == (codes.bucket(account.code) if account.code else "")
        assert (account.revision > 0) is (account.code is not None)
    assert {account.desk for account in accounts} >= {"", DeskKind.DISTRICT_POLICE, DeskKind.PC06, DeskKind.C06}
    revisions = [account.revision for account in accounts if account.revision]
    assert len(set(revisions)) == len(revisions)
    assert changes_since(Environment.PRODUCTION, 0).revision == max(revisions)
    shown = [each for some in officers_in(Environment.PRODUCTION, bucket_names()).values() for each in some]
    assert len(shown) == 16 * 93
    unit = accounts[0].unit_id
    assert codes.new_codes(unit, 1)[0] not in {account.code for account in accounts}


def test_a_second_crowd_comes_beside_the_first_and_what_people_begin_after_both() -> None:
    found()
    crowd(applications=30, accounts=850)
    crowd(applications=90, accounts=850)
    units = list(Organisation.objects.filter(name__endswith="(diễn tập)").values_list("code", flat=True))
    assert len(units) == 120
    assert all(str(OrganisationCode.parse(code)) == code for code in units)
    assert not Organisation.objects.filter(name__endswith="(diễn tập)", parent=None).exists()
    begun = begin(at_agency("H55"), Organisation.objects.get(pk="H55"), System.POPULATION)
    assert int(begun.number[8:]) == 121
    assert Application.objects.filter(organisation="H55").aggregate(n=Count("pk"))["n"] > 1
    assert not Application.objects.filter(stage_since__lt=F("began_at")).exists()
    assert Event.objects.filter(act="make_crowd").count() == 2


def test_nowhere_but_in_a_rehearsal() -> None:
    found()
    with pytest.raises(NotARehearsal):
        make_crowd(SYSTEM_ACTOR, Settings(database="", secret_key_file=""), applications=1, accounts=1)
    with pytest.raises(CommandError, match="rehearsal = true"):
        call_command("make_crowd", applications=1, accounts=1)
    assert not Application.objects.exists()
    assert not Account.objects.exists()


def test_the_command_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ketnoi_portal.rehearsal.management.commands.make_crowd.current",
        lambda: Settings(database="", secret_key_file="", rehearsal=True),
    )
    with pytest.raises(CommandError, match="make_rehearsal"):
        call_command("make_crowd", applications=1)
    assert not Event.objects.exists()
    found()
    told = StringIO()
    call_command("make_crowd", applications=20, accounts=300, stderr=told)
    assert "20 applications" in told.getvalue()
    assert Account.objects.count() == 300
    with pytest.raises(CommandError, match="negative"):
        call_command("make_crowd", accounts=-1)
