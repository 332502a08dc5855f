"""What a site says when it fails: that its database is away for a while, or that something is wrong."""

from __future__ import annotations

import sys
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader

RETRY_SECONDS: Final = 30


def server_error(request: HttpRequest) -> HttpResponse:
    """The site's `handler500`: 503 with Retry-After while its database cannot be had, 500 otherwise.

    Its page `500.html` is written without any of the site's context, which might need what has just failed.
    """
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    page = loader.get_template("500.html").render({"away": away})
    if not away:
        return HttpResponse(page, status=500)
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
