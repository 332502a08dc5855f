"""Approvals become rights on real security servers, drift is seen and mended, and nobody deletes a country."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from ketnoi_pages import clock
from ketnoi_portal import settings as portal_settings
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.audit.models import Event
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.onboarding import actions as onboarding
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.publication import actions
from ketnoi_portal.publication.adapter import SecurityServer
from ketnoi_portal.publication.models import Drift, LegacyRight, Proposal, Right, Run, Target
from ketnoi_portal.publication.reconciliation import is_due, reconcile, reconcile_target
from ketnoi_portal.settings import Server
from ketnoi_protocol.services import Service
from ketnoi_testbed.parts.premises import write_settings
from ketnoi_testbed.world import World

from .applications import an_application
from .offices import at_desk, found

INSTANCE = "VDXP-TEST"
LOOK_UP, HOUSEHOLD = Service.LOOK_UP_CITIZEN, Service.VERIFY_HOUSEHOLD
THREE = (Service.CONFIRM_IDENTITY_NUMBER, HOUSEHOLD, LOOK_UP)
SUBJECT = f"{INSTANCE}:GOV:H55:MOTCUA"


@pytest.fixture(scope="module")
def world(cluster: Any) -> Iterator[World]:
    with World(people=60, postgres=cluster) as running:
        yield running


@pytest.fixture(scope="module")
def told(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """C06's server on VDXP's test instance, as the portal's settings name it."""
    provider, folder = world.provider("VDXP"), tmp_path_factory.mktemp("settings")
    (folder / "server.key").write_text(world.run(provider.make_api_key("portal", ["XROAD_SERVICE_ADMINISTRATOR"])))
    (folder / "secret").write_text("only for these tests, and long enough for Django to be content")
    server = {
        "instance": INSTANCE,
        "platform": "VDXP",
        "environment": "test",
        "subsystem": str(provider.party.subsystem),
        "admin_url": provider.admin_url,
        "certificate": str(provider.internal_certificate),
        "api_key_file": "server.key",
    }
    file = write_settings(folder / "portal.toml", {"database": "", "secret_key_file": "secret", "servers": [server]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(portal_settings.SETTINGS_VARIABLE, str(file))
        portal_settings.current.cache_clear()
        yield portal_settings.current().servers[0]
    portal_settings.current.cache_clear()


@pytest.fixture
def offices(committed: str, told: Server, world: World) -> Iterator[None]:
    """The people of C06, and afterwards the server's rights as they were."""
    found()
    before = rights(told)
    yield
    with SecurityServer.of(told) as server:
        for key in server.state().rights.keys() - before.keys():
            server.take(*key)
        for key, servers in before.items():
            server.give(*key, servers)


@pytest.fixture
def officers(offices: None) -> tuple[Actor, Actor]:
    return at_desk("c06", Role.PUBLISHER, name="first"), at_desk("c06", Role.PUBLISHER, name="second")


@pytest.fixture
def c06(offices: None) -> Actor:
    return at_desk("c06", Role.HANDLER)


def rights(told: Server) -> dict[tuple[str, str], frozenset[str]]:
    with SecurityServer.of(told) as server:
        return dict(server.state().rights)


def code_of(world: World, service: Service) -> str:
    return world.plan.entry(service).service_code


def enforce(officers: tuple[Actor, Actor]) -> None:
    target = Target.objects.get(pk=INSTANCE)
    actions.confirm(officers[1], actions.propose_enforce(officers[0], target, "đã rà soát"))


def run(told: Server, open_server: Callable[[Server], SecurityServer] = SecurityServer.of) -> Run:
    done = reconcile_target(told, open_server)
    assert done is not None
    return done


def test_a_first_start_changes_nothing_and_lists_what_is_there(told: Server, officers: Any) -> None:
    before = rights(told)
    assert len(before) == 6
    an_application("G15", number="KN-2026-000001", services=THREE)
    done = run(told)
    assert rights(told) == before
    assert done.mode == Target.WATCH
    listed = LegacyRight.objects.filter(first_start=True, state=LegacyRight.UNDECIDED)
    assert {each.subject for each in listed} == {SUBJECT}
    assert listed.count() == 3
    assert Right.objects.filter(taken_over=True, state=Right.OPEN).count() == 3, "G15's are approved"
    assert Drift.objects.count() == 0
    assert Letter.objects.count() == 0


def test_enforce_takes_two_different_officers(told: Server, officers: tuple[Actor, Actor], c06: Actor) -> None:
    first, second = officers
    target = Target.objects.create(instance=INSTANCE, environment="test", platform="VDXP")
    with pytest.raises(actions.DecisionRefused, match="not_seen"):
        actions.propose_enforce(first, target, "x")
    run(told)
    target.refresh_from_db()
    with pytest.raises(actions.DecisionRefused, match="not_your_role"):
        actions.propose_enforce(c06, target, "x")
    with pytest.raises(actions.DecisionRefused, match="reason_missing"):
        actions.propose_enforce(first, target, " ")
    proposal = actions.propose_enforce(first, target, "đã rà soát")
    with pytest.raises(actions.DecisionRefused, match="same_person"):
        actions.confirm(first, proposal)
    with pytest.raises(actions.DecisionRefused, match="proposed"):
        actions.propose_enforce(second, target, "x")
    actions.confirm(second, proposal)
    target.refresh_from_db()
    assert target.mode == Target.ENFORCE
    with pytest.raises(actions.DecisionRefused, match="decided"):
        actions.confirm(second, proposal)
    assert actions.back_to_watch(first, target, "bảo trì").mode == Target.WATCH
    assert first_broken() is None


def test_the_database_itself_refuses_one_person_twice(told: Server, officers: Any) -> None:
    from django.db import IntegrityError

    target = Target.objects.create(instance=INSTANCE, environment="test", platform="VDXP")
    with pytest.raises(IntegrityError):
        Proposal.objects.create(
            target=target, kind="enforce", proposed_by="1", confirmed_by="1", proposed_at=clock.now()
        )


def test_approving_opens_and_revoking_closes(told: Server, officers: Any, c06: Actor, world: World) -> None:
    key = (SUBJECT, code_of(world, HOUSEHOLD))
    with SecurityServer.of(told) as server:
        server.take(*key)
    run(told)
    enforce(officers)
    one = an_application("H55", number="KN-2026-000001", services=THREE)
    done = run(told)
    assert done.outcome == Run.MENDED
    assert rights(told)[key] == {f"{INSTANCE}:GOV:H55:SS01"}
    assert run(told).outcome == Run.CLEAN
    others = {each: held for each, held in rights(told).items() if each[0] != SUBJECT}
    onboarding.take(c06, one, "revoke", given=Given(reason="lạm dụng"))
    assert run(told).outcome == Run.MENDED
    assert rights(told) == others, "nobody else's right was touched"
    assert set(Event.objects.filter(kind="target").values_list("act", flat=True)) >= {"open_right", "close_right"}
    assert LegacyRight.objects.exclude(state=LegacyRight.REPLACED).exclude(subject__contains="G15").count() == 0


def test_drift_is_only_shown_in_watch_and_mended_in_enforce(told: Server, officers: Any, world: World) -> None:
    an_application("H55", number="KN-2026-000001", services=THREE)
    key = (SUBJECT, code_of(world, LOOK_UP))
    run(told)
    with SecurityServer.of(told) as server:
        server.take(*key)
    for _ in range(2):
        assert run(told).outcome == Run.WATCHED
    assert key not in rights(told)
    drift = Drift.objects.get(ended_at=None)
    assert (drift.kind, drift.subject) == (Drift.GONE, SUBJECT)
    assert Letter.objects.filter(key=f"drift-{drift.pk}").count() == 2, "each officer once, however often it is seen"
    enforce(officers)
    assert run(told).outcome == Run.MENDED
    assert key in rights(told)
    run(told)
    drift.refresh_from_db()
    assert drift.ended_at is not None
    assert drift.mended


def test_a_right_that_somebody_adds_by_hand_is_told_and_waits_for_two_officers(
    told: Server, officers: tuple[Actor, Actor], world: World
) -> None:
    one = an_application("H55", number="KN-2026-000001", services=(LOOK_UP,))
    key = (SUBJECT, code_of(world, HOUSEHOLD))
    with SecurityServer.of(told) as server:
        server.take(*key)
        run(told)
        enforce(officers)
        server.give(*key, frozenset({f"{INSTANCE}:GOV:H55:SS01"}))
    run(told)
    assert key in rights(told), "never removed by one's own judgement"
    drift = Drift.objects.get(ended_at=None, service_code=key[1])
    assert drift.kind == Drift.FOREIGN
    assert Letter.objects.filter(key=f"drift-{drift.pk}").count() == 2
    right = LegacyRight.objects.get(service_code=key[1], subject=SUBJECT)
    body, end = Organisation.objects.get(pk="H55"), clock.today() + timedelta(days=30)
    with pytest.raises(actions.DecisionRefused, match="other_organisation"):
        actions.propose_keep(officers[0], right, Organisation.objects.get(pk="G15"), end, "x")
    with pytest.raises(actions.DecisionRefused, match="no_end"):
        actions.propose_keep(officers[0], right, body, clock.today() - timedelta(days=1), "x")
    pending = an_application("H55", number="KN-2026-000002", services=(HOUSEHOLD,), stage=Stage.WITH_C06)
    with pytest.raises(actions.DecisionRefused, match="application_pending"):
        actions.propose_keep(officers[0], right, body, end, "mở giúp")
    type(pending).objects.filter(pk=pending.pk).update(stage=Stage.WITHDRAWN)
    actions.confirm(officers[1], actions.propose_remove(officers[0], right, "không ai duyệt"))
    run(told)
    assert key not in rights(told)
    assert one.case().stage is Stage.LIVE


def test_a_kept_right_stands_until_its_day(told: Server, officers: tuple[Actor, Actor], world: World) -> None:
    run(told)
    enforce(officers)
    right = LegacyRight.objects.get(subject=SUBJECT, service_code=code_of(world, LOOK_UP))
    body = Organisation.objects.get(pk="H55")
    proposal = actions.propose_keep(officers[0], right, body, clock.today(), "đang chạy từ 2022")
    actions.confirm(officers[1], proposal)
    run(told)
    assert len(rights(told)) == 6
    LegacyRight.objects.filter(pk=right.pk).update(until=clock.today() - timedelta(days=1))
    run(told)
    assert (SUBJECT, right.service_code) not in rights(told)
    assert len(rights(told)) == 5


def test_many_removals_at_once_stop_and_ask(told: Server, officers: tuple[Actor, Actor], c06: Actor) -> None:
    both = [
        an_application(code, number=f"KN-2026-00000{number}", services=THREE)
        for number, code in enumerate(("G15", "H55"), 1)
    ]
    run(told)
    enforce(officers)
    before = rights(told)
    for one in both:
        onboarding.take(c06, one, "suspend", given=Given(reason="kiểm tra"))
    for _ in range(2):
        assert run(told).outcome == Run.ASKS
    assert rights(told) == before
    assert Letter.objects.filter(key__startswith="asks-").count() == 2
    target = Target.objects.get(pk=INSTANCE)
    assert len(actions.asked_for(target)) == 6
    actions.confirm(officers[1], actions.propose_remove_many(officers[0], target, "cả hai bị tạm dừng"))
    assert run(told).outcome == Run.MENDED
    assert rights(told) == {}


class Killed(BaseException):
    """The process dies here."""


class Dying(SecurityServer):
    """Dies right after, or right before, the server has done what it was asked."""

    after = True

    def give(self, subject: str, service_code: str, servers: frozenset[str]) -> None:
        if self.after:
            super().give(subject, service_code, servers)
        raise Killed

    def take(self, subject: str, service_code: str) -> None:
        if self.after:
            super().take(subject, service_code)
        raise Killed


@pytest.mark.parametrize("after", [True, False])
def test_a_run_may_be_killed_anywhere(told: Server, officers: Any, c06: Actor, world: World, after: bool) -> None:
    with SecurityServer.of(told) as server:
        for service in THREE:
            server.take(SUBJECT, code_of(world, service))
    run(told)
    enforce(officers)
    one = an_application("H55", number="KN-2026-000001", services=THREE)
    dying = type("Dying", (Dying,), {"after": after})
    for _ in range(4):
        with pytest.raises(Killed):
            run(told, dying.of)
        if not after:
            break
        if len([key for key in rights(told) if key[0] == SUBJECT]) == 3:
            break
    run(told)
    run(told)
    mine = {key: held for key, held in rights(told).items() if key[0] == SUBJECT}
    assert len(mine) == 3
    assert set(Right.objects.filter(subject=SUBJECT).values_list("state", flat=True)) == {Right.OPEN}
    assert Drift.objects.filter(kind__in=[Drift.GONE, Drift.FOREIGN]).count() == 0, "our own crash is no drift"
    onboarding.take(c06, one, "revoke", given=Given(reason="lạm dụng"))
    with pytest.raises(Killed):
        run(told, dying.of)
    run(told)
    run(told)
    assert [key for key in rights(told) if key[0] == SUBJECT] == []
    assert set(Right.objects.filter(subject=SUBJECT).values_list("state", flat=True)) == {Right.CLOSED}
    assert LegacyRight.objects.filter(subject=SUBJECT, state=LegacyRight.UNDECIDED).count() == 0


class Slow(SecurityServer):
    """While it looks, another worker takes the target."""

    def registered(self) -> Any:
        Target.objects.update(fence=999)
        return super().registered()


def test_a_worker_that_was_overtaken_changes_nothing(told: Server, officers: Any, world: World) -> None:
    key = (SUBJECT, code_of(world, LOOK_UP))
    with SecurityServer.of(told) as server:
        server.take(*key)
    run(told)
    enforce(officers)
    an_application("H55", number="KN-2026-000001", services=THREE)
    run(told, Slow.of)
    assert key not in rights(told)
    assert Right.objects.filter(service_code=key[1], subject=SUBJECT).count() == 0


def test_nothing_is_opened_to_a_server_that_the_platform_does_not_know(told: Server, officers: Any) -> None:
    run(told)
    enforce(officers)
    an_application("H38", number="KN-2026-000001", services=(LOOK_UP,))
    assert run(told).outcome == Run.INCOMPLETE
    drift = Drift.objects.get(kind=Drift.HELD)
    assert drift.detail == {"because": "subsystem"}
    assert Letter.objects.count() == 0


def test_a_server_out_of_reach_is_told_and_tried_again_later(told: Server, officers: Any, tmp_path: Path) -> None:
    import msgspec

    gone = msgspec.structs.replace(told, admin_url="https://127.0.0.1:9/api/v1")
    done = run(gone)
    assert done.outcome == Run.FAILED
    assert not is_due(Target.objects.get(pk=INSTANCE))
    (tmp_path / "wrong.key").write_text("00000000-0000-0000-0000-000000000000")
    wrong = msgspec.structs.replace(told, api_key_file=str(tmp_path / "wrong.key"))
    failed = run(wrong)
    assert failed.trouble == "NotAllowed: the API key is wrong or lacks the role (401)"
    assert failed.trouble_vi == "khóa API sai hoặc thiếu vai trò (401)"


def test_another_certificate_is_not_spoken_to(told: Server, world: World, offices: None) -> None:
    import msgspec

    other = world.server("NDXP", "G15").internal_certificate
    done = run(msgspec.structs.replace(told, certificate=str(other)))
    assert done.outcome == Run.FAILED
    assert "Unreachable" in done.trouble


def test_the_task_looks_only_when_there_is_a_reason(told: Server, officers: Any, c06: Actor) -> None:
    one = an_application("H55", number="KN-2026-000001", services=THREE)
    reconcile()
    target = Target.objects.get(pk=INSTANCE)
    assert not is_due(target)
    onboarding.take(c06, one, "suspend", given=Given(reason="kiểm tra"))
    assert is_due(target)
    reconcile()
    assert not is_due(Target.objects.get(pk=INSTANCE))
    assert connection.in_atomic_block is False
