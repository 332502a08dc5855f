"""Whose session a request belongs to, and what views may ask of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from ketnoi_identity.accounts import records, sessions, terms
from ketnoi_identity.accounts.records import Account, Cursor
from ketnoi_identity.desk.officers import DeskOfficer, active_officer
from ketnoi_pages import clock
from ketnoi_pages.text import Text

View = Callable[..., HttpResponse]

ACCOUNT: Final = "account"
SESSION: Final = "account_session"
BINDING: Final = "binding"
_BEFORE_TERMS: Final = "before_terms"
STRANGERS: Final = timedelta(hours=1)
WAITING: Final = "/dong-y/dang-cho"
NOT_SENT: Final = Text(
    "Bạn đã đăng xuất; chưa có gì được gửi đi. Đăng nhập rồi làm lại.",
    "You were signed out; nothing was sent. Sign in and do it again.",
)


class AccountMiddleware:
    """Sets `request.account` (an Account or None) and `request.desk` (a DeskOfficer or None).

    A session whose row has ended, or that began before the account's `sessions_after`, is nobody's any more.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        account, desk = None, None
        named = request.session.get(SESSION)
        if named is not None:
            at = clock.now()
            with connection.cursor() as cursor:
                # A page that lies open asks by itself: that is nobody's use of it.
                account = sessions.of(cursor, named, at, in_use=request.path != WAITING)
                if account is None:
                    request.session.flush()
                else:
                    desk = active_officer(cursor, account.id, at)
        request.account, request.desk = account, desk  # type: ignore[attr-defined]
        response = self._get_response(request)
        # What is about somebody stays out of every cache, the browser's own too.
        about = account is not None or request.method == "POST" or not request.session.is_empty()
        response.headers.setdefault("Cache-Control", "no-store" if about else "private, no-cache")
        return response


def account_of(request: HttpRequest) -> Account:
    """The account that has signed in. Only behind `signed_in`."""
    account: Account | None = getattr(request, "account", None)
    if account is None:
        raise PermissionDenied
    return account


def is_still_in(cursor: Cursor, request: HttpRequest, least: int = 1) -> bool:
    """Whether this session goes on at such a level, within a transaction: the account is held until its end.

    For what counts by being written: since the request came in, somebody may have locked, lowered or ended it.
    """
    account = account_of(request)
    records.by_id(cursor, account.id, for_update=True)
    now = sessions.of(cursor, request.session.get(SESSION, ""), clock.now())
    return now is not None and now.level >= least


def officer_of(request: HttpRequest) -> DeskOfficer:
    """The officer at the desk. Only behind `at_desk`."""
    officer: DeskOfficer | None = getattr(request, "desk", None)
    if officer is None:
        raise PermissionDenied
    return officer


def enter(request: HttpRequest, account: UUID, session: UUID) -> None:
    """Let this browser be the one of a session that has begun; under a new key, and with nothing of before."""
    request.session.flush()
    request.session[ACCOUNT] = str(account)
    request.session[SESSION] = str(session)
    rotate_token(request)


def leave(request: HttpRequest) -> None:
    """End the session of this browser."""
    account, named = getattr(request, "account", None), request.session.get(SESSION)
    if account is not None and named is not None:
        with transaction.atomic(), connection.cursor() as cursor:
            sessions.end(cursor, account.id, named, clock.now(), account.id)
    forget(request)


def forget(request: HttpRequest) -> None:
    """Nobody is signed in here any more: for what follows in this request too."""
    request.session.flush()
    request.account = request.desk = None  # type: ignore[attr-defined]


def binding(request: HttpRequest) -> str:
    """A secret of this browser's session, to which challenges are bound; made when there is none yet."""
    found: str | None = request.session.get(BINDING)
    if found is None:
        found = request.session[BINDING] = secrets.token_urlsafe(24)
        if SESSION not in request.session:
            # Strangers leave one each time they look at a page that asks for a proof.
            request.session.set_expiry(STRANGERS)
    return found


def before_terms(view: View) -> View:
    """For what nobody has to accept new terms for: refusing, taking back, locking, closing. Below the other ones."""
    setattr(view, _BEFORE_TERMS, True)
    return view


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the page of signing in, and from there back here; whoever has just sent something is told that it was not."""
    if request.method == "POST":
        messages.warning(request, NOT_SENT.in_(get_language() or "vi"))
        request.session.set_expiry(STRANGERS)
    return redirect(f"/dang-nhap/?next={quote(request.get_full_path())}")


def takes_forms(page: str) -> Callable[[View], View]:
    """For an address that forms are sent to: whoever opens it is led to `page`, which may name parts of the address.

    An address bar, a bookmark or a change of the language may hold it: nobody gets an empty 405. Above all others.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return redirect(page.format(**kwargs))
            return require_POST(view)(request, *args, **kwargs)

        return guarded

    return guard


def signed_in(view: View) -> View:
    """Strangers are sent to sign in, and come back; who has not accepted the current terms reads them first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        account: Account | None = getattr(request, "account", None)
        if account is None:
            return ask_to_sign_in(request)
        if not getattr(view, _BEFORE_TERMS, False):
            with connection.cursor() as cursor:
                if not terms.are_accepted(cursor, account.id, clock.now()):
                    return redirect(f"/dieu-khoan/chap-nhan/?next={quote(request.get_full_path())}")
        return view(request, *args, **kwargs)

    return guarded


def level(least: int) -> Callable[[View], View]:
    """Who has signed in at a lower level is told where to get a higher one."""

    def guard(view: View) -> View:
        @signed_in
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if account_of(request).level < least:
                return render(request, "site/level.html", {"least": least}, status=403)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def at_desk(view: View) -> View:
    """For officers of a police desk alone; for anybody else there is no such page."""

    @signed_in
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        officer_of(request)
        return view(request, *args, **kwargs)

    return guarded
