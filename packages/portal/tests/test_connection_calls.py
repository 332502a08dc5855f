"""Test calls proved by the evidence of servers that really run: what counts, what does not, and what is kept."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ketnoi_client.evidence import fetch as fetch_evidence
from ketnoi_pages import clock
from ketnoi_portal.connection import configuration, evidence_door
from ketnoi_portal.connection.actions import hand_in_call, hand_in_containers
from ketnoi_portal.connection.evidence_door import Pair
from ketnoi_portal.connection.models import WAITING, CountedMessage, HandedIn
from ketnoi_portal.connection.proof import check_kept, is_made_by
from ketnoi_portal.connection.proving import settle_upload, settle_waiting
from ketnoi_portal.connection.refusals import NotProved
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Outcome, Stage
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.rest import RestRequest
from ketnoi_protocol.services import Environment, Platform, Service
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World
from ketnoi_trust import asic, evidence

from .connected import answered_id, connected, metaservice_id, refused_id, soap_id
from .offices import at_agency, at_desk, found

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("neighbours")]
ANSWERED, REFUSED = "look_up_citizen/answered", "look_up_citizen/refused"


@pytest.fixture
def rep() -> Actor:
    found()
    return at_agency("H55")


@pytest.fixture
def testing(rep: Actor, world: World) -> Application:
    return connected(world, stage=Stage.TESTING)


def handed(actor: Actor, application: Application, unit: str, message_id: str) -> HandedIn:
    made = hand_in_call(actor, application, unit, message_id)
    settle_waiting()
    made.refresh_from_db()
    application.refresh_from_db()
    return made


def uploaded(actor: Actor, application: Application, unit: str, pair: Pair) -> HandedIn:
    return settle_upload(hand_in_containers(actor, application, unit), pair)


def pair_of(message_id: str) -> Pair:
    server = evidence_door.server_of(Platform.VDXP, Environment.TEST)
    assert server is not None
    return evidence_door.fetch(server, message_id)


def test_an_answered_and_a_refused_call_count(world: World, rep: Actor, testing: Application) -> None:
    first = handed(rep, testing, ANSWERED, answered_id(world))
    assert (first.passed, first.reason) == (True, {})
    second = handed(rep, testing, REFUSED, refused_id(world))
    assert second.passed, second.reason
    assert testing.case().calls == {(Service.LOOK_UP_CITIZEN, outcome) for outcome in Outcome}
    codes = {call.outcome: call.code for call in testing.test_calls.all()}
    assert codes == {Outcome.ANSWERED: "00", Outcome.REFUSED: "23"}


def test_calls_in_soap_count_as_well(world: World, rep: Actor, testing: Application) -> None:
    for wrong in (
        handed(rep, testing, ANSWERED, soap_id(world, "KHONG-CO")),
        handed(rep, testing, REFUSED, soap_id(world)),
    ):
        assert not wrong.passed
    for unit, message_id in ((ANSWERED, soap_id(world)), (REFUSED, soap_id(world, "KHONG-CO"))):
        made = handed(rep, testing, unit, message_id)
        assert made.passed, made.reason
    codes = {call.outcome: call.code for call in testing.test_calls.all()}
    assert codes == {Outcome.ANSWERED: "00", Outcome.REFUSED: "23"}


def test_what_is_kept_still_proves_it_and_tells_nothing_about_anybody(
    world: World, rep: Actor, testing: Application
) -> None:
    person = world.people.full
    named = answered_id(world)
    handed(rep, testing, ANSWERED, named)
    call = testing.test_calls.get()
    told = configuration.exchange_of(Platform.VDXP, Environment.TEST)
    assert told is not None
    known = configuration.fetch(told)
    for blob in (call.request, call.response):
        verdict = evidence.verify(blob.content, known, strict=True)
        assert [str(part) for part in verdict.messages] == ["message.xml", "attachment1 not present"]
    secrets = [person.personal_number, person.full_name, "HoVaTen"]
    for blob in Blob.objects.all():
        with zipfile.ZipFile(io.BytesIO(blob.content)) as packed:
            held = b"".join(packed.read(name) for name in packed.namelist())
        assert not [each for each in secrets if each.encode() in held or each.encode() in blob.content]
    whole = pair_of(named)
    assert person.personal_number.encode() in (asic.read(whole.request).attachments[0] or b"")
    counted = CountedMessage.objects.get()
    assert counted.call == call
    assert len(counted.request_digest) == 64


def test_uploaded_containers_count_as_well(world: World, rep: Actor, testing: Application) -> None:
    made = uploaded(rep, testing, ANSWERED, pair_of(answered_id(world)))
    assert made.passed, made.reason
    assert made.message_id == testing.test_calls.get().message_id


def test_a_message_counts_once(world: World, rep: Actor, testing: Application) -> None:
    named = answered_id(world)
    assert handed(rep, testing, ANSWERED, named).passed
    again = handed(rep, testing, ANSWERED, named)
    assert (again.passed, again.reason["code"]) == (False, "counted_before")
    assert uploaded(rep, testing, ANSWERED, pair_of(named)).reason["code"] == "counted_before"
    other = connected_again(testing)
    assert handed(rep, other, ANSWERED, named).reason["code"] == "counted_before"
    assert testing.test_calls.count() == 1
    assert other.test_calls.count() == 0


def connected_again(first: Application) -> Application:
    """A second application of the same information system, as a renewal is."""
    from .applications import an_application

    first.integration_accounts.filter(environment=Environment.TEST).update(name="first")
    made = an_application("H55", number="KN-2026-000009", stage=Stage.TESTING)
    earlier = clock.now() - timedelta(hours=1)
    made.integration_accounts.update(issued_at=earlier)
    made.platform_registrations.update(asked_at=earlier)
    return made


def test_another_members_evidence_does_not_count(world: World, rep: Actor, testing: Application) -> None:
    theirs = answered_id(world, "G15")
    assert handed(rep, testing, ANSWERED, theirs).reason["code"] == "another_client"
    assert uploaded(rep, testing, ANSWERED, pair_of(theirs)).reason["code"] == "another_client"


def test_another_service_does_not_count(world: World, rep: Actor, testing: Application) -> None:
    other = world.agency("H55").confirm_identity_number(person_of(world.people.full)).message_id
    assert handed(rep, testing, ANSWERED, other).reason["code"] == "another_service"
    assert handed(rep, testing, ANSWERED, metaservice_id(world)).reason["code"] == "another_service"


def test_the_other_outcome_does_not_count(world: World, rep: Actor, testing: Application) -> None:
    assert handed(rep, testing, REFUSED, answered_id(world)).reason["code"] == "another_outcome"
    assert handed(rep, testing, ANSWERED, refused_id(world)).reason["code"] == "another_outcome"


def test_a_changed_container_does_not_count(world: World, rep: Actor, testing: Application) -> None:
    whole = pair_of(answered_id(world))
    answer = asic.read(whole.response)
    forged = replace(answer, attachments=((answer.attachments[0] or b"").replace(b'"00"', b'"01"'),))
    assert forged != answer
    changed = Pair(whole.request, asic.write(forged, clock.now()))
    assert uploaded(rep, testing, ANSWERED, changed).reason["code"].startswith("unverified:invalid_signature_value")
    repacked = Pair(whole.request, whole.response + b"\0")
    assert uploaded(rep, testing, ANSWERED, repacked).reason["code"].startswith("unverified:asic_malformed")
    junk = Pair(b"junk", b"")
    assert uploaded(rep, testing, ANSWERED, junk).reason["code"].startswith("unverified:")
    assert not Blob.objects.exists()


def test_a_response_to_another_request_does_not_count(world: World, rep: Actor, testing: Application) -> None:
    one, two = pair_of(answered_id(world)), pair_of(answered_id(world))
    for mixed in (Pair(one.request, two.response), Pair(one.response, one.request), Pair(one.request, one.request)):
        assert uploaded(rep, testing, ANSWERED, mixed).reason["code"] == "another_exchange"


def test_a_request_that_only_bears_the_id_of_an_answered_one_does_not_count(
    world: World, rep: Actor, testing: Application, tmp_path: Path
) -> None:
    named, agency = answered_id(world), world.agency("H55")
    agency.look_up_citizen(person_of(world.people.year_only), message_id=named)
    files = [file for file in fetch_evidence(agency, named, tmp_path) if file.suffix == ".asice"]
    asked, answered = (
        [file.read_bytes() for file in files if side in file.name] for side in ("-request-", "-response-")
    )
    assert (len(asked), len(answered)) == (2, 2)
    pairs = [Pair(request, response) for request in asked for response in answered]
    codes = sorted(uploaded(rep, testing, ANSWERED, each).reason.get("code", "") for each in pairs)
    # Each answer belongs to one of them; and an id that two messages bear counts once.
    assert codes == ["", "another_exchange", "another_exchange", "counted_before"]


def test_a_signature_of_another_server_of_the_agency_is_told_apart(world: World, testing: Application) -> None:
    told, server = configuration.exchange_of(Platform.VDXP, Environment.TEST), world.server("VDXP", "H55").id
    assert told is not None
    known = configuration.fetch(told)
    verdict = evidence.verify(pair_of(answered_id(world)).request, known, strict=True)
    assert is_made_by(verdict, server, known)
    elsewhere = world.authority.issue_signing(server.owner, server_code="SS02").der
    assert not is_made_by(replace(verdict, certificate=elsewhere), server, known)


def test_without_the_answers_body_nothing_can_be_judged(world: World, rep: Actor, testing: Application) -> None:
    whole = pair_of(answered_id(world))
    bare = asic.write(replace(asic.read(whole.response), attachments=()), clock.now())
    assert uploaded(rep, testing, ANSWERED, Pair(whole.request, bare)).reason["code"] == "no_body"


def test_a_message_from_before_the_present_certificate_does_not_count(
    world: World, rep: Actor, testing: Application
) -> None:
    old, later = answered_id(world), AdjustableClock()
    later.advance(timedelta(seconds=5))
    before = clock.use(later)
    try:
        actions.take(rep, testing, "replace_certificate", "VDXP/test", Given(reason="hết hạn"))
        actions.take(at_desk("vdxp", Role.OPERATOR), testing, "register_on_platform", "VDXP/test")
    finally:
        clock.use(before)
    assert handed(rep, testing, ANSWERED, old).reason["code"] == "too_early"


def test_a_message_from_before_the_registration_does_not_count(world: World, rep: Actor, testing: Application) -> None:
    testing.platform_registrations.update(decided_at=clock.now() + timedelta(seconds=5))
    assert handed(rep, testing, REFUSED, refused_id(world)).reason["code"] == "too_early"


@pytest.mark.parametrize(
    ("path", "query", "user"),
    [
        ("/r1/VDXP-TEST/GOV/G01.C06/DANCU/X/990190000123", "", "H55.CB.0001"),
        ("/r1/VDXP-TEST/GOV/G01.C06/DANCU/X", "so=990%20190%20000123", "H55.CB.0001"),
        ("/r1/VDXP-TEST/GOV/G01.C06/DANCU/X", "", "990190000123"),
    ],
)
def test_a_message_that_names_somebody_in_its_head_is_not_kept(path: str, query: str, user: str) -> None:
    with pytest.raises(NotProved, match="personal_number_in_header"):
        check_kept(RestRequest("POST", path, query, (("X-Road-UserId", user),)))


def test_a_message_through_another_server_does_not_count(world: World, rep: Actor, testing: Application) -> None:
    named = answered_id(world)
    testing.platform_registrations.filter(environment=Environment.TEST).update(server="VDXP-TEST:GOV:H55:SS02")
    assert handed(rep, testing, ANSWERED, named).reason["code"] == "another_server"


def test_a_message_that_is_not_there_is_waited_for_and_then_told(rep: Actor, testing: Application) -> None:
    made = handed(rep, testing, ANSWERED, "VDXP-TEST-unheard-of")
    assert made.passed is None
    HandedIn.objects.update(handed_at=clock.now() - WAITING - timedelta(seconds=1))
    settle_waiting()
    made.refresh_from_db()
    assert (made.passed, made.reason["code"]) == (False, "not_found")


def test_evidence_is_not_given_without_the_portals_certificate(
    world: World, rep: Actor, testing: Application, neighbours: Path
) -> None:
    stranger = world.authority.issue_authentication("stranger")
    (neighbours / "VDXP-TEST-evidence.pem").write_bytes(stranger.pem)
    (neighbours / "VDXP-TEST-evidence.key").write_bytes(stranger.key_pem)
    made = handed(rep, testing, ANSWERED, answered_id(world))
    assert made.passed is None
    HandedIn.objects.update(handed_at=clock.now() - WAITING - timedelta(seconds=1))
    settle_waiting()
    made.refresh_from_db()
    assert made.reason["code"] == "not_ready"


def test_who_may_hand_in_and_when(world: World, rep: Actor, testing: Application) -> None:
    for stranger in (at_agency("H38"), at_agency("H55", Role.OFFICER), at_desk("c06", Role.HANDLER)):
        with pytest.raises(StepRefused, match="not_your_role"):
            hand_in_call(stranger, testing, ANSWERED, "VDXP-TEST-1")
        with pytest.raises(StepRefused, match="not_your_role"):
            hand_in_containers(stranger, testing, ANSWERED)
    for unit in ("verify_citizen/answered", "look_up_citizen/liked", ""):
        with pytest.raises(StepRefused, match="no_such_call"):
            hand_in_call(rep, testing, unit, "VDXP-TEST-1")
    hand_in_call(rep, testing, ANSWERED, "VDXP-TEST-1")
    with pytest.raises(StepRefused, match="handed_in_already"):
        hand_in_call(rep, testing, ANSWERED, " VDXP-TEST-1 ")
    Application.objects.filter(pk=testing.pk).update(stage=Stage.TESTED)
    with pytest.raises(StepRefused, match="wrong_stage"):
        hand_in_call(rep, testing, ANSWERED, "VDXP-TEST-2")


def test_a_call_that_is_proved_after_the_test_is_over_does_not_count(
    world: World, rep: Actor, testing: Application
) -> None:
    made = hand_in_call(rep, testing, ANSWERED, answered_id(world))
    Application.objects.filter(pk=testing.pk).update(stage=Stage.TESTED)
    settle_waiting()
    made.refresh_from_db()
    assert made.reason["code"] == "wrong_stage"
    assert not CountedMessage.objects.exists()
    assert not Blob.objects.exists()
