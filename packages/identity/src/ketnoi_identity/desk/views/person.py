"""Somebody who stands at the desk: their account, what waits for them, and what an officer may do for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from ketnoi_identity.accounts import changing, limits, presence, records
from ketnoi_identity.accounts.proving import Challenge, NotProved, ask, reprove
from ketnoi_identity.accounts.records import Account
from ketnoi_identity.accounts.views.limiting import too_many
from ketnoi_identity.consent import records as consents
from ketnoi_identity.consent import representing, words
from ketnoi_identity.desk import acts, found
from ketnoi_identity.desk.found import Found
from ketnoi_identity.desk.officers import DeskOfficer
from ketnoi_identity.site.agencies import names_of
from ketnoi_identity.site.paging import page_of
from ketnoi_identity.site.session import at_desk, officer_of
from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_protocol.personal_number import holds_personal_number

PAGE: Final = 20
WRONG_CODE: Final = Text(
    "Mã trên điện thoại không đúng hoặc đã hết hạn. Không có mã thì khôi phục tài khoản trước.",
    "The code of the phone is wrong or too old. Without one recover the account first.",
)
NUMBER_IN_REASON: Final = Text("Không ghi số định danh vào lý do.", "Do not write a personal number into the reason.")
NO_REASON: Final = Text("Ghi lý do.", "Give a reason.")
DONE: Final = {
    "unlock": Text("Đã mở khóa.", "Unlocked."),
    "lock": Text("Đã khóa.", "Locked."),
    "revoke": Text("Đã hạ xuống mức 1.", "Lowered to level 1."),
}
ALONE: Final = {
    "mo-khoa": ("unlock", Text("Mở khóa tài khoản", "Unlock the account")),
    "khoa": ("lock", Text("Khóa tài khoản", "Lock the account")),
    "ha-muc": ("revoke", Text("Hạ xuống mức 1", "Lower to level 1")),
}
TOGETHER: Final = {"xac-nhan": "attest", "khoi-phuc": "recover"}


def account_at(request: HttpRequest, key: str) -> tuple[Found, Account]:
    """Who was found, and their account. Raises Http404 where there is none, or it is the officer's own."""
    person = found.get(request, key)
    with connection.cursor() as cursor:
        account = records.by_number(cursor, person.person.personal_number)
    if account is None or account.id == officer_of(request).account:
        raise Http404
    return person, account


@require_safe
@at_desk
def person(request: HttpRequest, key: str) -> HttpResponse:
    """What there is about this person, and what may be done."""
    someone, officer, at = found.get(request, key), officer_of(request), clock.now()
    page = page_of(request)
    with connection.cursor() as cursor:
        account = records.by_number(cursor, someone.person.personal_number)
        against = acts.check_may_attest(cursor, account, clock.today()) if account else None
        listed = consents.open_of_person(cursor, someone.person.personal_number, at, PAGE + 1, page * PAGE)
    names = names_of(code for each in listed for code in (each.organisation, each.unit))
    told = {
        "found": someone,
        "holder": account,
        "own": account is not None and account.id == officer.account,
        "against": against,
        "consents": [words.shown(kept, at, names) for kept in listed[:PAGE]],
        "page": page,
        "more": page + 1 if len(listed) > PAGE else None,
        "child": representing.is_needed(someone.person.birth, at),
    }
    return render(request, "desk/person.html", told)


def _say(request: HttpRequest, text: Text) -> None:
    messages.success(request, text.in_(get_language() or "vi"))


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def alone(request: HttpRequest, key: str, act: str) -> HttpResponse:
    """What one officer does: unlock, lock, lower to level 1 with a reason. Each by a fresh proof."""
    if act not in ALONE:
        raise Http404
    someone, account = account_at(request, key)
    kind, title = ALONE[act]
    because = " ".join(request.POST.get("because", "").split())[:300]
    trouble = None
    challenge = Challenge(f"desk-{kind}", account.id.bytes)
    if request.method == "POST":
        if kind == "revoke" and not because:
            trouble = NO_REASON
        elif holds_personal_number(because):
            trouble = NUMBER_IN_REASON
        else:
            try:
                reprove(request, challenge)
            except NotProved as error:
                trouble = error.reason
            else:
                _do(account, officer_of(request), kind, because)
                _say(request, DONE[kind])
                return redirect("desk_person", key)
    told = {
        "found": someone, "holder": account, "kind": kind, "title": title, "because": because, "trouble": trouble,
        "asking": ask(request, challenge),
    }  # fmt: skip
    return render(request, "desk/alone.html", told, status=422 if trouble else 200)


def _do(account: Account, officer: DeskOfficer, kind: str, because: str) -> None:
    at = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        if kind == "unlock":
            changing.unlock(cursor, account.id, at, officer.account)
        elif kind == "lock":
            changing.lock(cursor, account.id, at, officer.account, "by_desk")
        else:
            acts.revoke(cursor, account, officer, because, at)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def together(request: HttpRequest, key: str, act: str) -> HttpResponse:
    """What waits for a witness after this officer's proof: level 2, recovery."""
    if act not in TOGETHER:
        raise Http404
    someone, account = account_at(request, key)
    officer = officer_of(request)
    kind: Any = TOGETHER[act]
    with connection.cursor() as cursor:
        against = acts.check_may_attest(cursor, account, clock.today()) if kind == "attest" else None
    if against is not None:
        messages.error(request, against.in_(get_language() or "vi"))
        return redirect("desk_person", key)
    drafted = acts.draft(officer, kind, someone.person, clock.now(), account=account.id)
    told = {"found": someone, "holder": account, "act": drafted, "presence": request.POST.get("presence", "")[:10]}

    def against_code() -> Text | None:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            good = presence.check(cursor, account.id, request.POST.get("presence", ""), clock.now())
        return None if good else WRONG_CODE

    return begin(request, drafted, "desk/together.html", told, against=against_code if kind == "attest" else None)


def begin(
    request: HttpRequest,
    drafted: acts.Act,
    template: str,
    told: dict[str, Any],
    *,
    content: bytes = b"",
    against: Callable[[], Text | None] | None = None,
) -> HttpResponse:
    """Show what is about to begin; begin it by the officer's proof, and go to where it waits for the witness.

    `content` stands for what is shown beside the act itself; `against` is asked once the officer has proved it.
    """
    challenge, trouble = Challenge("desk-begin", drafted.about + content), None
    if request.method == "POST":
        stop = too_many(request, limits.DESK_BY_OFFICER, str(drafted.officer))
        if stop is not None:
            return stop
        try:
            proof = reprove(request, challenge)
            trouble = against() if against else None
        except NotProved as error:
            trouble = error.reason
        if trouble is None:
            with transaction.atomic(), connection.cursor() as cursor:
                acts.begin(cursor, drafted, proof.jsonable())
            return redirect("desk_act", drafted.id)
    told = told | {"asking": ask(request, challenge), "trouble": trouble}
    return render(request, template, told, status=422 if trouble else 200)
