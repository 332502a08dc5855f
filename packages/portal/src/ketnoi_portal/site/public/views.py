"""The public pages, printed from the tables of the process and the catalogue."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def services(request: HttpRequest) -> HttpResponse:
    """What can be asked, over which platform."""
    return render(request, "site/services.html")


def connect(request: HttpRequest) -> HttpResponse:
    """The steps to a connection."""
    return render(request, "site/connect.html")


def terms(request: HttpRequest) -> HttpResponse:
    """What everybody agrees to."""
    return render(request, "site/terms.html")
