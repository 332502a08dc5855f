"""A child's consents, as whoever answers for its account sees and decides them, by a proof of their own.

The register is asked each time whether it still names them (see `representing`). Where it cannot be asked nothing is
shown or agreed to; refusing and taking back go through, since they give nothing away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib import messages
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ketnoi_identity.accounts import guardians
from ketnoi_identity.accounts.guardians import Relation
from ketnoi_identity.accounts.proving import Challenge, NotProved, ask, reprove
from ketnoi_identity.accounts.records import Account, Cursor
from ketnoi_identity.accounts.registering import Applicant
from ketnoi_identity.consent import records, representing, rules, words
from ketnoi_identity.consent.content import Decision, challenge_of
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.site.agencies import name_of, names_of
from ketnoi_identity.site.paging import page_of
from ketnoi_identity.site.session import (
    account_of,
    ask_to_sign_in,
    before_terms,
    is_still_in,
    leave,
    level,
    takes_forms,
)
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from .views import IN_SESSION, PAGE, TOO_LATE, receipt_of

_PURPOSE: Final = "consent-of-child"
_HOME: Final = "/dong-y/con/{child}/{code}/"


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A child for whom whoever is signed in speaks; `relation` is None where the register could not be asked."""

    child: Account
    guardian: Account
    relation: Relation | None

    @property
    def by(self) -> str:
        """As consents keep who decided."""
        return representing.by_guardian(self.guardian.id)


@require_safe
@level(2)
@before_terms
def listed(request: HttpRequest, child: str) -> HttpResponse:
    """A child's consents, those that wait first."""
    spoken, at, page = _spoken(request, child), clock.now(), page_of(request)
    if spoken.relation is None:
        return _not_now(request, spoken)
    with connection.cursor() as cursor:
        kept = records.of_person(cursor, spoken.child.personal_number or "", at, PAGE + 1, page * PAGE)
    names = names_of(code for each in kept for code in (each.organisation, each.unit))
    rows = [words.shown(each, at, names) for each in kept[:PAGE]]
    told = {"child": spoken.child, "consents": rows, "page": page, "more": page + 1 if len(kept) > PAGE else None}
    return render(request, "consent/child_list.html", told)


@require_safe
@level(2)
@before_terms
def one(request: HttpRequest, child: str, code: str) -> HttpResponse:
    """One of them: everything that is asked for, and what can be done about it."""
    spoken = _spoken(request, child)
    if spoken.relation is None:
        return _not_now(request, spoken)
    with connection.cursor() as cursor:
        kept = _of(cursor, spoken, code)
    told: dict[str, Any] = {"child": spoken.child, "each": words.shown(kept, clock.now())}
    if told["each"].waits:
        told["asking"] = ask(request, _challenge(told["each"].as_read))
    return render(request, "consent/child.html", told)


@takes_forms(_HOME)
@level(2)
def agree(request: HttpRequest, child: str, code: str) -> HttpResponse:
    """Agree for the child, with the guardian's own passkey or passcode; the receipt says who agreed."""
    spoken = _spoken(request, child)
    if spoken.relation is None:
        return _not_now(request, spoken)
    with connection.cursor() as cursor:
        kept = _of(cursor, spoken, code)
    if not rules.may_be_answered(kept, clock.now()):
        return _told(request, spoken, code, TOO_LATE, bad=True)
    agency = name_of(kept.organisation)
    if agency == kept.organisation:
        return redirect(_HOME.format(child=child, code=code))
    read = words.shown(kept, clock.now()).as_read
    try:
        proof = reprove(request, _challenge(read))
    except NotProved as reason:
        return _told(request, spoken, code, reason.reason, bad=True)
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_still_in(cursor, request, 2):
            leave(request)
            return ask_to_sign_in(request)
        _still_child(cursor, spoken)
        kept, at = replace(_of(cursor, spoken, code, for_update=True), called=read.called), clock.now()
        receipt = receipt_of(kept, spoken.child, spoken.by, agency, at, representative=spoken.relation)
        proofs = proof.jsonable() | {
            "representative": {"relation": spoken.relation, "account": str(spoken.guardian.id)}
        }
        done = records.agree(cursor, kept, spoken.by, proofs, receipt, at)
    if not done:
        return _told(request, spoken, code, TOO_LATE, bad=True)
    return _told(request, spoken, code, Text("Bạn đã đồng ý thay con.", "You have agreed for the child."))


@takes_forms(_HOME)
@level(2)
@before_terms
def refuse(request: HttpRequest, child: str, code: str) -> HttpResponse:
    """Refuse for the child."""
    spoken = _spoken(request, child)
    with connection.cursor() as cursor:
        read = words.shown(_of(cursor, spoken, code), clock.now()).as_read
    with transaction.atomic(), connection.cursor() as cursor:
        kept = replace(_of(cursor, spoken, code, for_update=True), called=read.called)
        done = records.refuse(cursor, kept, spoken.by, IN_SESSION, clock.now())
    if not done:
        return _told(request, spoken, code, TOO_LATE, bad=True)
    return _told(request, spoken, code, Text("Bạn đã từ chối thay con.", "You have refused for the child."))


@takes_forms(_HOME)
@level(2)
@before_terms
def take_back(request: HttpRequest, child: str, code: str) -> HttpResponse:
    """Take back, whoever agreed."""
    spoken = _spoken(request, child)
    with transaction.atomic(), connection.cursor() as cursor:
        kept = _of(cursor, spoken, code, for_update=True)
        done = records.take_back(cursor, kept, spoken.by, clock.now())
    if not done:
        return _told(request, spoken, code, TOO_LATE, bad=True)
    return _told(request, spoken, code, Text("Đã rút lại thay con.", "Taken back for the child."))


@require_safe
@level(2)
@before_terms
def receipt(request: HttpRequest, child: str, code: str) -> HttpResponse:
    """The receipt, as a file."""
    spoken = _spoken(request, child)
    if spoken.relation is None:
        return _not_now(request, spoken)
    with connection.cursor() as cursor:
        kept = _of(cursor, spoken, code)
    if kept.receipt is None:
        raise Http404
    answer = HttpResponse(kept.receipt, content_type="application/jose")
    answer["Content-Disposition"] = f'attachment; filename="bien-nhan-{code[:6].lower()}.jws"'
    return answer


def _spoken(request: HttpRequest, named: str) -> _Spoken:
    """Raises Http404 for a child of somebody else, one that is 14 by now, or whose guardian the register names no
    more."""
    guardian = account_of(request)
    with connection.cursor() as cursor:
        children = guardians.children_of(cursor, guardian.id, clock.today())
    child = next((each for each in children if str(each.id) == named), None)
    if child is None:
        raise Http404
    applicant = Applicant(child.personal_number or "", child.full_name or "", child.birth_text or "")
    try:
        record = registry().record(applicant.person())
    except RegistryUnavailable:
        return _Spoken(child, guardian, None)
    relation = None if record is None else guardians.relation(record, guardian.personal_number or "")
    if relation is None:
        raise Http404
    return _Spoken(child, guardian, relation)


def _still_child(cursor: Cursor, spoken: _Spoken) -> None:
    """Raises Http404 where the account is closed or its holder 14 by now."""
    children = guardians.children_of(cursor, spoken.guardian.id, clock.today())
    if all(each.id != spoken.child.id for each in children):
        raise Http404


def _of(cursor: Cursor, spoken: _Spoken, code: str, *, for_update: bool = False) -> Kept:
    kept = records.one(cursor, code, spoken.child.personal_number or "", for_update=for_update)
    if kept is None:
        raise Http404
    return kept


def _challenge(kept: Kept) -> Challenge:
    return Challenge(_PURPOSE, challenge_of(kept, Decision.AGREE))


def _not_now(request: HttpRequest, spoken: _Spoken) -> HttpResponse:
    return render(request, "consent/child_not_now.html", {"child": spoken.child}, status=503)


def _told(request: HttpRequest, spoken: _Spoken, code: str, text: Text, *, bad: bool = False) -> HttpResponse:
    tell = messages.error if bad else messages.success
    tell(request, text.in_(get_language() or "vi"))
    return redirect(_HOME.format(child=spoken.child.id, code=code))
