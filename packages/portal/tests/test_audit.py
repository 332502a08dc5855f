"""The audit log: only added to, whole or known to be broken, and written by every act."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

import ketnoi_portal
from ketnoi_portal.audit.checking import check, first_broken
from ketnoi_portal.audit.models import Event, record
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Role

from .browsing import as_person
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db


def three() -> None:
    """Three events about two subjects."""
    with transaction.atomic():
        for number in (1, 2, 1):
            record(SYSTEM_ACTOR, "try", "thing", number, after={"số": number})


def tamper(statement: str) -> None:
    """What only somebody with the database's own rights can do."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")


@pytest.mark.parametrize("statement", ["DELETE FROM audit_event", "UPDATE audit_event SET note = 'x'"])
def test_rows_are_only_added(statement: str) -> None:
    three()
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.count() == 3


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_event SET note = 'x' WHERE id = (SELECT min(id) + 1 FROM audit_event)", 1),
        ("UPDATE audit_event SET at = at + interval '1 second' WHERE id = (SELECT min(id) FROM audit_event)", 0),
        ("DELETE FROM audit_event WHERE id = (SELECT min(id) + 1 FROM audit_event)", 2),
        ("DELETE FROM audit_event WHERE id = (SELECT min(id) FROM audit_event)", 1),
    ],
)
def test_what_was_changed_is_found(statement: str, broken: int) -> None:
    three()
    first = Event.objects.order_by("id").first()
    assert first is not None
    assert first_broken() is None
    tamper(statement)
    assert first_broken() == first.pk + broken
    with pytest.raises(CommandError, match="✗"):
        call_command("verify_audit", stdout=StringIO())


def test_a_cut_end_is_found_by_the_hash_that_was_noted() -> None:
    three()
    noted = check().last
    out = StringIO()
    call_command("verify_audit", last=noted, stdout=out)
    assert noted in out.getvalue()
    tamper("DELETE FROM audit_event WHERE id = (SELECT max(id) FROM audit_event)")
    assert first_broken() is None
    with pytest.raises(CommandError, match="noted before"):
        call_command("verify_audit", last=noted, stdout=StringIO())


def test_an_auditor_sees_everything_others_their_own_office_and_officers_nothing() -> None:
    found()
    auditor, c06 = at_desk("c06", Role.AUDITOR), at_desk("c06", Role.HANDLER)
    rep, officer = at_agency("H55"), at_agency("H55", Role.OFFICER)
    with transaction.atomic():
        record(rep, "act_of_the_province", "thing", 1)
        record(c06, "act_of_c06", "thing", 1)
    pages = {
        name: as_person(actor, hat).get("/nhat-ky/")
        for name, actor, hat in (
            ("auditor", auditor, "desk:c06"),
            ("c06", c06, "desk:c06"),
            ("rep", rep, "agency:H55"),
            ("officer", officer, "agency:H55"),
        )
    }
    shown = {
        name: [act for act in ("act_of_the_province", "act_of_c06") if act in page.content.decode()]
        for name, page in pages.items()
    }
    assert shown == {
        "auditor": ["act_of_the_province", "act_of_c06"],
        "c06": ["act_of_c06"],
        "rep": ["act_of_the_province"],
        "officer": [],
    }
    assert pages["officer"].status_code == 404


def action_modules() -> list[str]:
    """Every module of the portal that acts."""
    return [
        module.name
        for module in pkgutil.walk_packages(ketnoi_portal.__path__, "ketnoi_portal.")
        if module.name.endswith("actions")
    ]


def test_there_are_modules_that_act() -> None:
    assert len(action_modules()) >= 4


@pytest.mark.parametrize("name", action_modules())
def test_every_act_names_who_acts_first_and_is_recorded(name: str) -> None:
    module = importlib.import_module(name)
    acts = [
        function
        for act, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == name and not act.startswith("_") and "atomic(" in inspect.getsource(function)
    ]
    assert acts
    for act in acts:
        first, *_ = inspect.signature(act).parameters.values()
        assert str(first.annotation) == "Actor", act.__qualname__
    assert "record(" in inspect.getsource(module)
