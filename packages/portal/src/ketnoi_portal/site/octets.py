"""Requests with octets that no text has: refused in one place, before a database or a page meets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

_NUL: Final = "\0"
_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
# The one JSON that the portal is sent, by the library of passkeys.
_PASSKEY: Final = "credential"
_FORM: Final = "application/x-www-form-urlencoded"


class OddOctetsMiddleware:
    """Answers 400 to a NUL character or to octets that are not UTF-8, in path, query or cookies.

    PostgreSQL keeps no NUL in a text, and no browser sends one. Stands before the sessions, whose key is a cookie.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Raises BadRequest, of which Django makes the page."""
        if (request.content_params or {}).get("charset", "").strip("\"' ").lower() not in _CHARSETS:
            raise BadRequest("a charset that is not UTF-8")
        _check_octets(request.META.get("PATH_INFO", "").encode("latin-1"))
        _check_octets(unquote_to_bytes(request.META.get("QUERY_STRING", "")))
        if any(_NUL in text for text in chain.from_iterable(request.COOKIES.items())):
            raise BadRequest("a NUL character in a cookie")
        return self._get_response(request)


class OddFormMiddleware:
    """The same for posted values. Stands after the check of the form's token, which has read the form anyway.

    A form in several parts is read by Django, which puts U+FFFD for octets that are not UTF-8; that is let pass.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing; the form is looked at once its page is known."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        """Raises BadRequest, of which Django makes the page."""
        if request.method != "POST":
            return
        if any(_NUL in text for text in _texts(request)):
            raise BadRequest("a NUL character in a form")
        if _PASSKEY in request.POST:
            _check_json(request.POST[_PASSKEY])
        if request.content_type == _FORM:
            _check_octets(unquote_to_bytes(request.body))


def _texts(request: HttpRequest) -> Iterator[str]:
    for name, values in request.POST.lists():
        yield name
        yield from (str(each) for each in values)
    files: Any = request.FILES
    for name, given in files.lists():
        yield name
        yield from (each.name or "" for each in given)


def _check_json(text: str) -> None:
    """What is no JSON is for the form to complain of; here are the ways in which it would fail instead."""
    try:
        told = json.dumps(json.loads(text), ensure_ascii=False)
    except json.JSONDecodeError:
        return
    except (ValueError, RecursionError) as error:
        raise BadRequest("JSON beyond all measure") from error
    if "\\u0000" in told:
        raise BadRequest("a NUL character in JSON")


def _check_octets(octets: bytes) -> None:
    if b"\0" in octets:
        raise BadRequest("a NUL character")
    try:
        octets.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("not UTF-8") from error
