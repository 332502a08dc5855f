"""My consents: what agencies ask me for, my answer, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.contrib import messages
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ketnoi_identity.accounts.proving import Challenge, NotProved, ask, reprove
from ketnoi_identity.accounts.records import Account, Cursor
from ketnoi_identity.consent import family, receipts, records, representing, rules, words
from ketnoi_identity.consent.content import Decision, challenge_of
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.looks.words import SERVICES
from ketnoi_identity.openid.pseudonyms import Pseudonyms
from ketnoi_identity.settings import current
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
from ketnoi_pages.fields import FIELDS
from ketnoi_pages.text import Text

PAGE: Final = 30
_PURPOSE: Final = "consent"
IN_SESSION: Final = {"method": "session"}
"""How refusing and taking back are proved: by being signed in. To say no is never harder than to say yes."""
TOO_LATE: Final = Text("Đề nghị này không còn chờ trả lời.", "This request does not wait for an answer any more.")


@require_safe
@level(2)
@before_terms
def listed(request: HttpRequest) -> HttpResponse:
    """My consents, those that wait first."""
    account, at = account_of(request), clock.now()
    page = page_of(request)
    with connection.cursor() as cursor:
        kept = records.of_person(cursor, account.personal_number or "", at, PAGE + 1, page * PAGE)
        everybody = family.of(cursor, account, at)
    names = names_of(code for each in kept for code in (each.organisation, each.unit))
    rows = [words.shown(each, at, names) for each in kept[:PAGE]]
    told = {
        "consents": rows,
        "family": everybody,
        "waiting": everybody.waiting_own,
        "page": page,
        "more": page + 1 if len(kept) > PAGE else None,
    }
    return render(request, "consent/list.html", told)


@require_safe
@level(2)
@before_terms
def waiting(request: HttpRequest) -> HttpResponse:
    """How many requests wait: asked every few seconds by a page that lies open."""
    with connection.cursor() as cursor:
        everybody = family.of(cursor, account_of(request), clock.now())
    return JsonResponse({"all": everybody.every, "waiting": everybody.waiting})


@require_safe
@level(2)
@before_terms
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One consent: everything that is asked for, and what can be done about it."""
    with connection.cursor() as cursor:
        return _one(request, _mine(cursor, account_of(request), code))


@takes_forms("/dong-y/{code}/")
@level(2)
def agree(request: HttpRequest, code: str) -> HttpResponse:
    """Agree to what was shown, with a passkey or the passcode. The proof speaks of exactly this request."""
    account = account_of(request)
    with connection.cursor() as cursor:
        kept = _mine(cursor, account, code)
    if not rules.may_be_answered(kept, clock.now()):
        return _told(request, code, TOO_LATE, bad=True)
    if _is_child(account):
        return redirect(f"/dong-y/{code}/")
    agency = name_of(kept.organisation)
    if agency == kept.organisation:
        return redirect(f"/dong-y/{code}/")
    read = words.shown(kept, clock.now()).as_read
    try:
        proof = reprove(request, _challenge(read))
    except NotProved as reason:
        # Not shown here: who reads it again, goes back or changes the language would meet this address, not the page.
        return _told(request, code, reason.reason, bad=True)
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_still_in(cursor, request, 2):
            leave(request)
            return ask_to_sign_in(request)
        kept, at = replace(_mine(cursor, account, code, for_update=True), called=read.called), clock.now()
        receipt = receipt_of(kept, account, str(account.id), agency, at)
        done = records.agree(cursor, kept, str(account.id), proof.jsonable(), receipt, at)
    if not done:
        return _told(request, code, TOO_LATE, bad=True)
    return _told(request, code, Text("Bạn đã đồng ý.", "You have agreed."))


@takes_forms("/dong-y/{code}/")
@level(2)
@before_terms
def refuse(request: HttpRequest, code: str) -> HttpResponse:
    """Refuse."""
    account = account_of(request)
    with connection.cursor() as cursor:
        # Names may be asked of the registry, for which no row is held.
        read = words.shown(_mine(cursor, account, code), clock.now()).as_read
    with transaction.atomic(), connection.cursor() as cursor:
        kept = replace(_mine(cursor, account, code, for_update=True), called=read.called)
        done = records.refuse(cursor, kept, str(account.id), IN_SESSION, clock.now())
    if not done:
        return _told(request, code, TOO_LATE, bad=True)
    return _told(request, code, Text("Bạn đã từ chối.", "You have refused."))


@takes_forms("/dong-y/{code}/")
@level(2)
@before_terms
def take_back(request: HttpRequest, code: str) -> HttpResponse:
    """Take back what was agreed to: from this moment nothing more is answered under it."""
    account = account_of(request)
    with transaction.atomic(), connection.cursor() as cursor:
        kept = _mine(cursor, account, code, for_update=True)
        done = records.take_back(cursor, kept, str(account.id), clock.now())
    if not done:
        return _told(request, code, Text("Không còn gì để rút lại.", "There is nothing to take back."), bad=True)
    return _told(
        request,
        code,
        Text(
            "Đã rút lại. Từ lúc này cơ quan không lấy thêm được gì.", "Taken back. From now on nothing more is given."
        ),
    )


def _one(request: HttpRequest, kept: Kept) -> HttpResponse:
    told: dict[str, Any] = {"each": words.shown(kept, clock.now())}
    if told["each"].waits and _is_child(account_of(request)):
        told["not_alone"] = representing.NOT_ALONE
    elif told["each"].waits:
        told["asking"] = ask(request, _challenge(told["each"].as_read))
    return render(request, "consent/one.html", told)


def _is_child(account: Account) -> bool:
    assert account.birth_text is not None, "whoever is signed in has one"
    return representing.is_needed(account.birth_text, clock.now())


def _challenge(kept: Kept) -> Challenge:
    return Challenge(_PURPOSE, challenge_of(kept, Decision.AGREE))


def _mine(cursor: Cursor, account: Account, code: str, *, for_update: bool = False) -> Kept:
    """The account's own consent; for anybody else's there is no page."""
    kept = records.one(cursor, code, account.personal_number or "", for_update=for_update)
    if kept is None:
        raise Http404
    return kept


def receipt_of(
    kept: Kept, account: Account, by: str, agency: str, at: datetime, *, representative: str | None = None
) -> str:
    """The receipt of a consent about this account's holder, to which `by` agrees now."""
    own = current()
    fields = {name: text.vi for name, text in FIELDS.items()}
    names = receipts.Names(agency, SERVICES[kept.service].vi, fields)
    agreed = records.as_agreed(kept, by, at)
    principal = _pseudonyms().subject(kept.organisation, account.id)
    key = receipts.signing_key(own.path(own.keys), at)
    base_url = own.base_url.rstrip("/")
    return receipts.write(agreed, principal, names, base_url, at, key, representative=representative)


@cache
def _pseudonyms() -> Pseudonyms:
    own = current()
    return Pseudonyms.of(own.path(own.keys))


def _told(request: HttpRequest, code: str, text: Text, *, bad: bool = False) -> HttpResponse:
    tell = messages.error if bad else messages.success
    tell(request, text.in_(get_language() or "vi"))
    return redirect(f"/dong-y/{code}/")
