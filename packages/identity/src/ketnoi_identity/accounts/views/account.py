"""The account's own page: keys, phones, sessions, lock. What changes how one gets in wants a fresh proof each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from ketnoi_identity.accounts import (
    changing,
    device_keys,
    enrolling,
    enrolment,
    events,
    guardians,
    passkeys,
    presence,
    records,
    sessions,
)
from ketnoi_identity.accounts.proving import Challenge, NotProved, ask, reprove
from ketnoi_identity.accounts.records import Account, Cursor
from ketnoi_identity.consent import ending
from ketnoi_identity.site.session import SESSION, account_of, before_terms, forget, leave, signed_in, takes_forms
from ketnoi_pages import clock
from ketnoi_pages.text import Text

ADD: Final = "add-key"
LAST: Final = Text(
    "Đây là cách vào cuối cùng. Hãy thêm khóa khác trước khi gỡ khóa này.",
    "This is the last way in. Add another key before you remove this one.",
)


def say(request: HttpRequest, text: Text) -> None:
    """A line at the top of the next page."""
    messages.success(request, text.in_(get_language() or "vi"))


@require_safe
@signed_in
def overview(request: HttpRequest) -> HttpResponse:
    """Everything that opens this account, who is in it, and what happened lately."""
    account, at = account_of(request), clock.now()
    with connection.cursor() as cursor:
        told = {
            "passkeys": passkeys.all_of(cursor, account.id),
            "devices": device_keys.all_of(cursor, account.id),
            "sessions": sessions.all_of(cursor, account.id, at),
            "here": str(request.session.get(SESSION, "")),
            "events": events.latest(cursor, account.id, 8),
            "children": guardians.children_of(cursor, account.id, clock.today()),
            "outgrown": guardians.has_outgrown(cursor, account, clock.today()),
            "new": "moi" in request.GET,
        }
    return render(request, "accounts/overview.html", told)


@require_safe
@signed_in
def history(request: HttpRequest) -> HttpResponse:
    """What happened to the account, in words."""
    with connection.cursor() as cursor:
        told = events.latest(cursor, account_of(request).id, 200)
    return render(request, "accounts/history.html", {"events": told})


def with_proof(
    request: HttpRequest, challenge: Challenge, template: str, told: dict[str, Any], act: Callable[[], HttpResponse]
) -> HttpResponse:
    """Show what is about to be done and ask for a proof; do it once the proof has come."""
    trouble = None
    if request.method == "POST":
        try:
            reprove(request, challenge)
        except NotProved as error:
            trouble = error.reason
        else:
            return act()
    told = told | {"asking": ask(request, challenge), "trouble": trouble}
    return render(request, template, told, status=422 if trouble else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add(request: HttpRequest) -> HttpResponse:
    """First a proof; then, in its answer alone, the offer to make a new key on this phone."""
    account = account_of(request)
    assert account.personal_number is not None
    holder = enrolling.Holder(account.id, account.full_name or "", account.personal_number, account.birth_text or "")
    if request.method != "POST" or "new_key" not in request.POST:
        challenge = Challenge("before-add-key", account.id.bytes)
        return with_proof(request, challenge, "accounts/add.html", {}, lambda: _offer(request, holder, {}))
    try:
        new = enrolling.receive(request, holder, ADD)
        with transaction.atomic(), connection.cursor() as cursor:
            enrolling.keep(cursor, account.id, new, account.id)
            sessions.end_all(cursor, account.id, clock.now(), but=request.session.get(SESSION))
    except enrolling.NotEnrolled as error:
        # What was refused for its passcode may be mended; what did not answer our challenge begins anew.
        if not error.field:
            messages.error(request, error.reason.in_(get_language() or "vi"))
            return redirect("/tai-khoan/them/")
        return _offer(request, holder, {error.field: error.reason})
    say(request, Text("Đã thêm khóa mới. Các phiên khác đã kết thúc.", "A new key was added. Other sessions ended."))
    return redirect("/tai-khoan/")


def _offer(request: HttpRequest, holder: enrolling.Holder, wrong: dict[str, Text]) -> HttpResponse:
    told = {"offer": enrolling.offer(request, holder, ADD, wrong)}
    return render(request, "accounts/add_key.html", told, status=422 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@before_terms
def remove(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Take a passkey or a phone out of the account."""
    account = account_of(request)
    with connection.cursor() as cursor:
        named = {each.id: each.name for each in passkeys.all_of(cursor, account.id)}
        phones = {str(each.id): each.name for each in device_keys.all_of(cursor, account.id)}
    names = named if kind == "khoa" else phones
    if key not in names:
        raise Http404
    if len(named) + len(phones) == 1:
        messages.error(request, LAST.in_(get_language() or "vi"))
        return redirect("/tai-khoan/")

    def act() -> HttpResponse:
        with transaction.atomic(), connection.cursor() as cursor:
            records.by_id(cursor, account.id, for_update=True)
            _take_out(cursor, account, kind, key)
            # Those that the key began are among them.
            sessions.end_all(cursor, account.id, clock.now(), but=request.session.get(SESSION))
        say(request, Text("Đã gỡ. Các phiên khác đã kết thúc.", "Removed. Other sessions ended."))
        return redirect("/tai-khoan/")

    challenge = Challenge("remove-key", f"{kind}/{key}".encode())
    return with_proof(request, challenge, "accounts/remove.html", {"name": names[key], "kind": kind}, act)


def _take_out(cursor: Cursor, account: Account, kind: str, key: str) -> None:
    at = clock.now()
    if len(passkeys.all_of(cursor, account.id)) + len(device_keys.all_of(cursor, account.id)) < 2:
        return
    if kind == "khoa":
        passkeys.remove(cursor, account.id, key, at, account.id)
        return
    device_keys.remove(cursor, account.id, key, at, account.id)
    if not device_keys.all_of(cursor, account.id):
        changing.drop_passcode(cursor, account.id, at, account.id)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def another_phone(request: HttpRequest) -> HttpResponse:
    """A one-time code that is typed on another phone, which then makes a key of its own."""
    account = account_of(request)

    def act() -> HttpResponse:
        with transaction.atomic(), connection.cursor() as cursor:
            code = enrolment.make(cursor, account.id, clock.now(), account.id)
        return render(request, "accounts/code.html", {"code": code, "minutes": enrolment.LASTS.seconds // 60})

    return with_proof(request, Challenge("another-phone", account.id.bytes), "accounts/another_phone.html", {}, act)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def presence_code(request: HttpRequest) -> HttpResponse:
    """Six digits for the desk: whoever stands there holds this account's keys."""
    account = account_of(request)

    def act() -> HttpResponse:
        with transaction.atomic(), connection.cursor() as cursor:
            code = presence.show(cursor, account.id, clock.now())
        told = {"code": f"{code[:3]} {code[3:]}", "minutes": presence.LASTS.seconds // 60}
        return render(request, "accounts/presence_code.html", told)

    return with_proof(request, Challenge("presence", account.id.bytes), "accounts/presence.html", {}, act)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@before_terms
def lock(request: HttpRequest) -> HttpResponse:
    """Lock now: no proof, so that nothing stands in the way of whoever lost a phone."""
    if request.method != "POST":
        return render(request, "accounts/lock.html")
    account = account_of(request)
    with transaction.atomic(), connection.cursor() as cursor:
        changing.lock(cursor, account.id, clock.now(), account.id, "by_oneself")
    forget(request)
    return render(request, "accounts/locked.html")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@before_terms
def close(request: HttpRequest) -> HttpResponse:
    """Close for good: the person's number leaves the account, consents that last end."""
    account = account_of(request)

    def act() -> HttpResponse:
        with transaction.atomic(), connection.cursor() as cursor:
            at = clock.now()
            assert account.personal_number is not None
            # The account first, as whoever agrees holds it first.
            records.by_id(cursor, account.id, for_update=True)
            ending.end_all(cursor, account.personal_number, at)
            ending.take_back_given(cursor, account.id, at, ending.CLOSED)
            changing.close(cursor, account, at, account.id)
        forget(request)
        return render(request, "accounts/closed.html")

    return with_proof(request, Challenge("close-account", account.id.bytes), "accounts/close.html", {}, act)


@takes_forms("/tai-khoan/")
@signed_in
@before_terms
def end_session(request: HttpRequest, session: UUID) -> HttpResponse:
    """End one session of this account, from anywhere."""
    account = account_of(request)
    if str(session) == request.session.get(SESSION):
        leave(request)
        return redirect("/")
    with transaction.atomic(), connection.cursor() as cursor:
        if not sessions.end(cursor, account.id, str(session), clock.now(), account.id):
            raise Http404
    say(request, Text("Đã kết thúc phiên.", "The session has ended."))
    return redirect("/tai-khoan/")


@takes_forms("/tai-khoan/")
@signed_in
@before_terms
def end_others(request: HttpRequest) -> HttpResponse:
    """End every session but this one."""
    account = account_of(request)
    with transaction.atomic(), connection.cursor() as cursor:
        sessions.end_all(cursor, account.id, clock.now(), but=request.session.get(SESSION))
    say(request, Text("Đã kết thúc các phiên khác.", "The other sessions have ended."))
    return redirect("/tai-khoan/")
