"""A rehearsal's people are put in from one file, once, and nowhere but in a rehearsal."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ketnoi_portal.audit.models import Event
from ketnoi_portal.process.roles import ROLES, SYSTEM_ACTOR, DeskKind, Role
from ketnoi_portal.rehearsal.offices import NotARehearsal, Offices, furnish
from ketnoi_portal.settings import Settings
from ketnoi_portal.staff.models import Person, hats_of

pytestmark = pytest.mark.django_db

FILE = Path(__file__).parents[2] / "testbed/src/ketnoi_testbed/offices.toml"


def settings(*, rehearsal: bool) -> Settings:
    return Settings(database="", secret_key_file="", rehearsal=rehearsal)


def test_every_role_has_somebody_and_a_second_time_changes_nothing() -> None:
    offices = msgspec.toml.decode(FILE.read_bytes(), type=Offices)
    assert furnish(SYSTEM_ACTOR, settings(rehearsal=True), offices) > len(offices.people)
    actors = [actor for person in Person.objects.all() for actor in hats_of(person).values()]
    assert {role for actor in actors for role in actor.roles} == set(Role) - {Role.SYSTEM}
    assert {actor.desk for actor in actors} == set(DeskKind) - {DeskKind.COMMUNE_POLICE, DeskKind.NDOP_OPERATOR}
    for actor in actors:
        assert all(actor.desk in ROLES[role].desks for role in actor.roles), actor
    assert sorted(actor.leadership_level for actor in actors if actor.desk is DeskKind.LEADERSHIP) == [1, 2]
    assert furnish(SYSTEM_ACTOR, settings(rehearsal=True), offices) == 0
    assert Event.objects.filter(act="make_rehearsal").count() == 1


def test_nobody_has_a_password() -> None:
    furnish(SYSTEM_ACTOR, settings(rehearsal=True), msgspec.toml.decode(FILE.read_bytes(), type=Offices))
    assert not any(person.has_usable_password() for person in Person.objects.all())


def test_a_portal_that_is_no_rehearsal_refuses() -> None:
    with pytest.raises(NotARehearsal):
        furnish(SYSTEM_ACTOR, settings(rehearsal=False), Offices())
    assert not Person.objects.exists()
