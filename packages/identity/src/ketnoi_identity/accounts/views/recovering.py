"""A one-time code, typed on the phone that is to be joined to an account: from a police desk, a guardian, oneself."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ketnoi_identity.accounts import enrolling, enrolment, limits, sessions
from ketnoi_identity.accounts.agents import device_name
from ketnoi_identity.accounts.records import Account, tell
from ketnoi_identity.site.session import enter
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from .limiting import too_many

CODE: Final = "enrolment_code"
WRONG: Final = Text(
    "Mã không đúng hoặc đã hết hạn. Mỗi mã dùng một lần, trong 15 phút.",
    "The code is wrong or too old. A code is used once, within 15 minutes.",
)


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Type the code."""
    trouble, typed = None, ""
    if request.method == "POST":
        stop = too_many(request, limits.RECOVER_BY_ADDRESS)
        if stop is not None:
            return stop
        typed = request.POST.get("code", "")[:40]
        if _account(typed) is not None:
            request.session[CODE] = typed
            return redirect("/khoi-phuc/khoa/")
        trouble = WRONG
    return render(
        request, "accounts/type_code.html", {"trouble": trouble, "typed": typed}, status=422 if trouble else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def key(request: HttpRequest) -> HttpResponse:
    """Make a key on this phone; with it the code is used up, and the account's holder signed in."""
    typed = request.session.get(CODE)
    account = _account(typed) if typed else None
    if account is None or account.personal_number is None:
        request.session.pop(CODE, None)
        return redirect("/khoi-phuc/")
    holder = enrolling.Holder(account.id, account.full_name or "", account.personal_number, account.birth_text or "")
    wrong: dict[str, Text] = {}
    if request.method == "POST":
        try:
            new = enrolling.receive(request, holder, "enrol-by-code")
            with transaction.atomic(), connection.cursor() as cursor:
                at = clock.now()
                if enrolment.use(cursor, typed, at) is None:
                    raise enrolling.NotEnrolled(WRONG)
                tell(cursor, account.id, at, "enrolment_code_used", account.id)
                by, credential = enrolling.keep(cursor, account.id, new, account.id)
                session = sessions.begin(
                    cursor, account.id, at, device=device_name(request), entered_by=by, credential=credential
                )
                sessions.end_all(cursor, account.id, at, but=str(session))
        except enrolling.NotEnrolled as error:
            wrong = {error.field: error.reason}
        else:
            enter(request, account.id, session)
            return redirect("/tai-khoan/?moi=1")
    told = {"offer": enrolling.offer(request, holder, "enrol-by-code", wrong)}
    return render(request, "accounts/key.html", told, status=422 if wrong else 200)


def _account(typed: str) -> Account | None:
    with connection.cursor() as cursor:
        found = enrolment.find(cursor, typed, clock.now())
    return found if found is not None and found.state == "active" else None
