"""What the pages of this room share: who looks, which page of a list, what is said after an act."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts.actions import Line
from ketnoi_portal.accounts.deadlines import ending
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.reading import beneath, looks
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.process.rules import Reason

ON_A_PAGE = 50
View = Callable[..., HttpResponse]


def language() -> str:
    """The reader's language."""
    return get_language() or "vi"


def actor_of(request: HttpRequest) -> Actor:
    """Who acts. The page is for people with an office, so there is one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def for_agencies(view: View) -> View:
    """For whoever prepares accounts of an agency; the page does not exist for others."""
    return _for(view, lambda actor: actor.desk is DeskKind.AGENCY)


def for_desks(view: View) -> View:
    """For the desks of the accounts' routes; the page does not exist for others."""
    return _for(view, lambda actor: actor.desk is not DeskKind.AGENCY)


def _for(view: View, allowed: Callable[[Actor], bool]) -> View:
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = actor_of(request)
        if not (looks(actor) and allowed(actor)):
            raise Http404
        return view(request, *args, **kwargs)

    return office_needed(guarded)


def page_of(request: HttpRequest, found: QuerySet[Any], count: int | None = None) -> Page[Any]:
    """The page of a list that the address names, the last one for what is beyond it.

    `count` is how many there are, where that is known already.
    """
    paginator = Paginator(found, ON_A_PAGE)
    if count is not None:
        paginator.count = count
    return paginator.get_page(request.GET.get("trang"))


def searched(request: HttpRequest, found: QuerySet[Account]) -> tuple[QuerySet[Account], dict[str, str]]:
    """A list narrowed by what the search form says: name, code or e-mail; state; unit."""
    words = request.GET.get("q", "").strip()[:100]
    state = request.GET.get("state", "")
    unit = request.GET.get("unit", "").strip()[:35]
    if words:
        found = found.filter(Q(full_name__icontains=words) | Q(code__istartswith=words) | Q(email__istartswith=words))
    if state in set(AccountState):
        found = found.filter(state=state)
    if unit:
        found = found.filter(beneath("unit__code", unit))
    late, near = request.GET.get("late", ""), request.GET.get("ending", "")
    if late:
        found = found.filter(due_at__lt=clock.now())
    if near:
        found = found.filter(ending(clock.now()))
    return found, {"q": words, "state": state, "unit": unit, "late": late, "ending": near}


def narrowed(chosen: dict[str, str]) -> bool:
    """Whether a list was narrowed by anything but the state."""
    return any(value for name, value in chosen.items() if name != "state")


def say(request: HttpRequest, vi: str, en: str) -> None:
    """Something went well."""
    messages.success(request, Text(vi, en).in_(language()))


def say_reasons(request: HttpRequest, reasons: Iterable[Reason]) -> None:
    """Something was refused: each reason with its mend."""
    for reason in reasons:
        messages.error(request, f"{reason.title.in_(language())}. {reason.mend.in_(language())}.")


def say_lines(request: HttpRequest, lines: Iterable[Line]) -> None:
    """Lines that were refused while others went through."""
    for line in lines:
        told = "; ".join(f"{each.title.in_(language())}. {each.mend.in_(language())}" for each in line.reasons)
        messages.warning(request, f"{line.account.full_name} ({line.account.unit_id}): {told}.")


def say_faster(request: HttpRequest) -> None:
    """Somebody else was faster."""
    text = Text(
        "Người khác vừa thay đổi, hãy xem lại rồi làm tiếp.", "Somebody else was faster. Look again, then go on."
    )
    messages.error(request, text.in_(language()))
