"""One act of two officers: the witness proves it, the officer who began sees that it counts now."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ketnoi_identity.accounts import enrolment, records
from ketnoi_identity.accounts.proving import Challenge, NotProved, ask, reprove
from ketnoi_identity.accounts.records import Cursor
from ketnoi_identity.consent import words
from ketnoi_identity.consent.content import Decision, challenge_of
from ketnoi_identity.desk import acts, consents
from ketnoi_identity.desk.acts import Act
from ketnoi_identity.desk.officers import DeskError, DeskOfficer
from ketnoi_identity.settings import current
from ketnoi_identity.site.session import at_desk, officer_of, takes_forms
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from .consents import receipt_names

TOO_LATE: Final = Text("Việc này không còn chờ nữa.", "This does not wait any more.")


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def act(request: HttpRequest, act: UUID) -> HttpResponse:
    """What it is, how it stands, and the witness's proof."""
    officer, at = officer_of(request), clock.now()
    with connection.cursor() as cursor:
        found = acts.one(cursor, act, officer.unit)
        if found is None:
            raise Http404
        told = _about(cursor, found)
        holder = records.by_id(cursor, found.account) if found.account else None
    may, trouble = _may_witness(told, found, officer), None
    content = challenge_of(told["each"].as_read, Decision(found.decision or "")) if "kept" in told else b""
    challenge = Challenge("desk-witness", found.about + content)
    if request.method == "POST":
        if not may:
            trouble = TOO_LATE
        else:
            try:
                proof = reprove(request, challenge)
            except NotProved as error:
                trouble = error.reason
            else:
                if _witness(found.id, officer, proof.jsonable(), told):
                    return redirect("desk_act", found.id)
                trouble = TOO_LATE
    told |= {
        "act": found,
        "speaker": found.speaker,
        "trouble": trouble,
        "may_witness": may,
        "mine": found.officer == officer.id,
        "waits": found.witnessed_at is None and found.until > at,
        "may_print": found.decision == Decision.AGREE
        and found.witnessed_at is not None
        and found.until > at
        and officer.id in (found.officer, found.witness),
        "may_show_code": found.kind == "recover" and found.witnessed_at is not None and found.until > at,
    }
    if may:
        told["asking"] = ask(request, challenge)
        # The witness compares it with the papers, as the officer did who began.
        told["number"] = told["kept"].personal_number if "kept" in told else holder and holder.personal_number
    return render(request, "desk/act.html", told, status=422 if trouble else 200)


def _about(cursor: Cursor, found: Act) -> dict[str, Any]:
    if found.kind == "consent":
        kept = consents.of_act(cursor, found)
        if kept is None:
            raise Http404
        return {"kept": kept, "each": words.shown(kept, clock.now())}
    return {}


def _may_witness(told: dict[str, Any], found: Act, officer: DeskOfficer) -> bool:
    if not acts.may_witness(found, officer, clock.now()):
        return False
    if "kept" not in told:
        return True
    try:
        with connection.cursor() as cursor:
            consents.check_not_own(cursor, told["kept"], officer)
    except DeskError:
        return False
    return True


def _witness(named: UUID, officer: DeskOfficer, proof: dict[str, Any], told: dict[str, Any]) -> bool:
    """Write who witnessed and what comes of it, together; nothing of it where it has been done or is too late."""
    at = clock.now()
    names = receipt_names(told["kept"]) if "kept" in told else None
    with transaction.atomic(), connection.cursor() as cursor:
        found = acts.one(cursor, named, officer.unit, for_update=True)
        if found is None or not acts.may_witness(found, officer, at):
            return False
        if not acts.is_begun_by_officer(cursor, found, at):
            return False
        acts.note_witness(cursor, found, officer, proof, at)
        if found.kind == "attest":
            assert found.account is not None
            holder = records.by_id(cursor, found.account, for_update=True)
            done = holder is not None and acts.check_may_attest(cursor, holder, clock.today()) is None
            if done:
                acts.attest(cursor, found, officer, officer.unit_name, at)
        elif found.kind == "recover":
            acts.recover(cursor, found, officer, officer.unit_name, at)
            done = True
        else:
            assert names is not None
            cursor.execute("SELECT officer_proof::text FROM desk_act WHERE id = %s", [str(found.id)])
            proofs = {"desk_act": str(found.id), "officer": json.loads(cursor.fetchone()[0]), "witness": proof}
            done = consents.decide(cursor, current(), found, officer, proofs, names, at, told["each"].as_read.called)
        if not done:
            transaction.set_rollback(True)
    return done


@takes_forms("/ban/viec/{act}/")
@at_desk
def code(request: HttpRequest, act: UUID) -> HttpResponse:
    """Show the code that the citizen types on their phone, to the officer who began."""
    officer = officer_of(request)
    with transaction.atomic(), connection.cursor() as cursor:
        found = acts.one(cursor, act, officer.unit, for_update=True)
        made = None if found is None else acts.code(cursor, found, officer, clock.now())
        if found is None or made is None or found.account is None:
            raise Http404
        holder = records.by_id(cursor, found.account)
    told = {"code": made, "minutes": enrolment.LASTS.seconds // 60, "holder": holder, "act": found}
    return render(request, "desk/code.html", told)
