"""Who looked at my data: pages of looks in words, an objection to one of them, and my objections."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from ketnoi_identity.accounts.records import Account, Cursor
from ketnoi_identity.consent import records as consents
from ketnoi_identity.looks import objections, words
from ketnoi_identity.looks.working_days import due
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.settings import current
from ketnoi_identity.site.agencies import names_of, procedure_name
from ketnoi_identity.site.session import account_of, level
from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_protocol.citizens import LONGEST_REASON, Look, Looks, LooksAsked
from ketnoi_protocol.personal_number import holds_personal_number

PAGE: Final = 50
MINE: Final = "/luot-xem/phan-anh-cua-toi/"
_PLACE: Final = re.compile(r"([0-9]{1,17})[.]([0-9]{1,18})")


class Shown(NamedTuple):
    """One look as the page has it."""

    look: Look
    agency: str
    unit: str | None
    procedure: Text | None
    service: Text
    system: Text
    told: words.Told
    fields: list[words.FieldWords]
    officer: Text | None
    consent: str | None
    purpose: str | None
    again: Text | None
    objected: bool


@require_safe
@level(2)
def listed(request: HttpRequest) -> HttpResponse:
    """The looks at my data on both systems, newest first, fifty at a time."""
    account, before = account_of(request), request.GET.get("truoc", "")
    if before and not _PLACE.fullmatch(before):
        raise Http404
    try:
        found = _ask(account, before or None, PAGE)
    except RegistryUnavailable:
        return unavailable(request)
    with connection.cursor() as cursor:
        shown = _shown(cursor, account, found.looks)
    return render(request, "looks/list.html", {"looks": shown, "before": found.before, "first": not before})


@require_http_methods(["GET", "POST"])
@level(2)
def objection(request: HttpRequest) -> HttpResponse:
    """Object to one look, which the registry is asked for again: nobody objects to what is not there."""
    account = account_of(request)
    place = _PLACE.fullmatch(request.GET.get("luot", ""))
    if place is None:
        raise Http404
    try:
        found = _ask(account, f"{place[1]}.{int(place[2]) + 1}", 1)
    except RegistryUnavailable:
        return unavailable(request)
    if not found.looks or found.looks[0].place != place[0]:
        raise Http404
    (look,) = found.looks
    with connection.cursor() as cursor:
        (shown,) = _shown(cursor, account, found.looks)
    page: dict[str, Any] = {"each": shown, "longest": LONGEST_REASON, "due_on": _last_day(_due_at())}
    if request.method != "POST" or shown.objected:
        return render(request, "looks/object.html", page)
    reason = unicodedata.normalize("NFC", request.POST.get("reason", "")).replace("\r\n", "\n").strip()
    trouble = _against(reason)
    if trouble is None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                objections.make(cursor, account.id, look, reason, clock.now(), _due_at())
        except objections.TooManyError:
            trouble = Text(
                f"Bạn đã gửi {objections.MOST_A_DAY} phản ánh trong một ngày. Hãy gửi tiếp vào ngày mai.",
                f"You have sent {objections.MOST_A_DAY} objections within a day. Please go on tomorrow.",
            )
    if trouble is not None:
        return render(request, "looks/object.html", page | {"reason": reason, "trouble": trouble}, status=422)
    messages.success(request, _say(Text("Đã gửi phản ánh.", "Your objection was sent.")))
    return redirect(MINE)


@require_safe
@level(2)
def my_objections(request: HttpRequest) -> HttpResponse:
    """My objections: when they are answered at the latest, and what was answered."""
    with connection.cursor() as cursor:
        mine = objections.mine(cursor, account_of(request).id)
    names = names_of(each.organisation for each in mine)
    rows = [
        {
            "made": each,
            "agency": names[each.organisation],
            "procedure": procedure_name(each.procedure),
            "c06": each.answer_of("c06"),
            "answer": each.answer_of("agency"),
            "due_on": _last_day(each.due_at),
            "late": not each.is_answered and clock.now() >= each.due_at,
        }
        for each in mine
    ]
    return render(request, "looks/objections.html", {"objections": rows})


def unavailable(request: HttpRequest) -> HttpResponse:
    """The register does not answer now."""
    answer = render(request, "looks/unavailable.html", status=503)
    answer["Retry-After"] = "30"
    return answer


def _ask(account: Account, before: str | None, limit: int) -> Looks:
    return registry().looks(
        LooksAsked(
            personal_number=account.personal_number or "",
            name=account.full_name or "",
            birth=account.birth_text or "",
            before=before,
            limit=limit,
        )
    )


def _shown(cursor: Cursor, account: Account, looks: tuple[Look, ...]) -> list[Shown]:
    names = names_of(code for look in looks for code in (look.organisation, look.unit) if code)
    objected = objections.made_to(cursor, account.id, [look.message_id for look in looks])
    own = _own_consents(cursor, account, [look.consent for look in looks if look.consent])
    repeated = consents.repeated(
        cursor, [(each.organisation, each.message_id) for each in looks if each.consent in own]
    )
    return [
        Shown(
            look,
            names[look.organisation],
            names[look.unit] if look.unit else None,
            procedure_name(look.procedure),
            words.SERVICES[look.service],
            words.SYSTEMS[look.system],
            words.outcome(look),
            words.fields_of(look.fields),
            words.officer(look),
            # An agency may have named anybody's; only one's own is told.
            look.consent if look.consent in own else None,
            own.get(look.consent or ""),
            words.REPEATED if (look.organisation, look.message_id) in repeated else None,
            objections.key_of(look) in objected,
        )
        for look in looks
    ]


def _own_consents(cursor: Cursor, account: Account, codes: list[str]) -> dict[str, str]:
    """Those of these consents that are the account's own: their codes and purposes."""
    if not codes:
        return {}
    cursor.execute(
        "SELECT id, purpose FROM consent WHERE personal_number = %s AND id = ANY(%s)", [account.personal_number, codes]
    )
    return dict(cursor.fetchall())


def _against(reason: str) -> Text | None:
    if not reason:
        return Text("Hãy viết lý do phản ánh.", "Please write why you object.")
    if len(reason) > LONGEST_REASON:
        return Text(f"Lý do dài quá {LONGEST_REASON} ký tự.", f"The reason is longer than {LONGEST_REASON} characters.")
    if holds_personal_number(reason):
        return Text(
            "Đừng viết số định danh hay số CMND vào lý do: cơ quan và C06 sẽ đọc nội dung này.",
            "Please write no personal or old ID number: the agency and C06 read what you write.",
        )
    return None


def _due_at() -> datetime:
    own = current().objections
    return due(clock.now(), own.working_days, own.holidays)


def _last_day(due_at: datetime) -> date:
    """The day at whose end something is due."""
    return (due_at - timedelta(seconds=1)).astimezone(clock.HANOI).date()


def _say(text: Text) -> str:
    return text.in_(get_language() or "vi")
