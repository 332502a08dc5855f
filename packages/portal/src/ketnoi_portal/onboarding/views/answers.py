"""Answers that several pages give."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.rules import StepRefused

# Who may never do it, rather than what is missing for it.
_NOT_THEIRS = {
    "not_your_role",
    "not_your_organisation",
    "not_your_area",
    "own_request",
    "not_your_level",
    "system_only",
}


def status_of(error: StepRefused) -> int:
    """403 for whoever may not; 409 for what cannot be done as things stand."""
    return 403 if any(reason.code in _NOT_THEIRS for reason in error.reasons) else 409


def refused(request: HttpRequest, error: StepRefused, application: Application | None = None) -> HttpResponse:
    """A page with every reason and its mend."""
    told = {"reasons": error.reasons, "application": application}
    return render(request, "onboarding/refused.html", told, status=status_of(error))
