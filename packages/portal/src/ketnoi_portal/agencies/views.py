"""Pages of the agencies room."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def organisations(request: HttpRequest) -> HttpResponse:
    """The organisations that this desk knows."""
    return render(request, "agencies/organisations.html")
