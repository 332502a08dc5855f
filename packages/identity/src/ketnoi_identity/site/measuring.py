"""In a rehearsal each answer says what it took, so that pages are measured from outside: `Server-Timing`.

Never in real operation, where how long something takes may tell about somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.core.exceptions import MiddlewareNotUsed
from django.db import connection
from django.http import HttpRequest, HttpResponse

from ketnoi_identity.settings import current


class _Counter:
    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Callable[..., Any], *told: Any) -> Any:
        self.statements += 1
        return execute(*told)


class MeasuringMiddleware:
    """Adds `Server-Timing: total;dur=MILLISECONDS, db;desc="STATEMENTS"`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not current().rehearsal:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        counter, began = _Counter(), perf_counter()
        with connection.execute_wrapper(counter):
            response = self._get_response(request)
        took = (perf_counter() - began) * 1000
        response.headers["Server-Timing"] = f'total;dur={took:.1f}, db;desc="{counter.statements}"'
        return response
