"""The yearly review: a desk opens it, a unit answers for each account."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ketnoi_portal.accounts import actions
from ketnoi_portal.accounts.forms import ReviewForm, ticked
from ketnoi_portal.accounts.reading import watched_by
from ketnoi_portal.accounts.review_actions import open_review
from ketnoi_portal.accounts.views import pages
from ketnoi_portal.accounts.views.requests import NOTHING_TICKED
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.rules import StepRefused

_ANSWERS = {"confirm": "confirm_review", "close": "close"}


@pages.for_agencies
def waiting(request: HttpRequest) -> HttpResponse:
    """The accounts of this agency that wait to be confirmed."""
    found = watched_by(pages.actor_of(request)).exclude(review_due=None).exclude(state=AccountState.CLOSED)
    return render(request, "accounts/review.html", {"page": pages.page_of(request, found.order_by("review_due", "pk"))})


@pages.for_agencies
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """Confirm or close the ticked accounts."""
    actor = pages.actor_of(request)
    accounts = ticked(request.POST, watched_by(actor).exclude(review_due=None))
    step = _ANSWERS.get(request.POST.get("answer", ""))
    if step is None or not accounts:
        pages.say_reasons(request, [NOTHING_TICKED])
        return redirect("accounts:review")
    reason = "Không còn cần trong kỳ rà soát" if step == "close" else ""
    lines = actions.take_many(actor, accounts, step, given=AccountGiven(reason=reason))
    done = sum(not line.reasons for line in lines)
    pages.say(request, f"Đã trả lời cho {done} tài khoản.", f"Answered for {done} accounts.")
    pages.say_lines(request, [line for line in lines if line.reasons])
    return redirect("accounts:review")


@pages.for_desks
def begin(request: HttpRequest) -> HttpResponse:
    """Put every account of this desk's area up for review."""
    form = ReviewForm(request.POST or None, language=pages.language())
    if form.is_valid():
        try:
            count = open_review(pages.actor_of(request), form.cleaned_data["due"])
        except StepRefused as refused:
            for reason in refused.reasons:
                form.add_error("due", f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        else:
            pages.say(request, f"{count} tài khoản chờ đơn vị xác nhận.", f"{count} accounts wait for their units.")
            return redirect("accounts:watch")
    return render(request, "accounts/begin_review.html", {"form": form})
