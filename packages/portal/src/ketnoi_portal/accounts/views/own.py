"""The officer's own page: activate the account, or withdraw one's commitment."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ketnoi_portal.accounts.reading import own_accounts
from ketnoi_portal.accounts.views import pages
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.process.account_case import AccountState


@office_needed
@require_GET
def own(request: HttpRequest) -> HttpResponse:
    """The accounts of whoever has signed in, in all units."""
    mine = own_accounts(pages.actor_of(request)).exclude(state=AccountState.CLOSED)
    return render(request, "accounts/own.html", {"accounts": list(mine.order_by("-state_since")[:20])})
