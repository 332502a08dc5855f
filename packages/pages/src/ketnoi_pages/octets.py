"""Requests with octets that no text has: refused in one place, before a database or a page meets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_NUL: Final = "\0"
_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
_UNREADABLE: Final = "application/x-unreadable"
# The one JSON that sites are sent, by the libraries of passkeys.
_PASSKEY: Final = "credential"
_FORM: Final = "application/x-www-form-urlencoded"


class ReadableTypes:
    """A WSGI application before which a Content-Type is looked at whose charset Django would fail at.

    Django decodes a query in the charset that the caller names, as it makes its request: before any middleware. Here
    such a type becomes another one, for which OddOctetsMiddleware has the page.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The application's own answer."""
        if not _is_readable(environ.get("CONTENT_TYPE", "")):
            environ["CONTENT_TYPE"] = _UNREADABLE
        return self._application(environ, start_response)


class OddOctetsMiddleware:
    """Answers 400 to a NUL character in path, query or cookies, to octets that are not UTF-8, and to other charsets.

    PostgreSQL keeps no NUL in a text, and no browser sends one. Stands before the sessions, whose key is a cookie. A
    path's octets that are not UTF-8 Django has written as `%FF` before anybody sees them: no address has such a name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Raises BadRequest, of which Django makes the page."""
        if request.content_type == _UNREADABLE:
            raise BadRequest("a charset that is not UTF-8")
        if _NUL in request.path_info:
            raise BadRequest("a NUL character in a path")
        _check_octets(unquote_to_bytes(request.META.get("QUERY_STRING", "")))
        if any(_NUL in text for text in chain.from_iterable(request.COOKIES.items())):
            raise BadRequest("a NUL character in a cookie")
        return self._get_response(request)


class OddFormMiddleware:
    """The same for posted values. Stands before the check of the form's token, which would be the first to read it.

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
        try:
            odd = any(_NUL in text for text in _texts(request))
        except (LookupError, ValueError, OSError) as error:
            # A part's name in a charset that is none, a length that is no number, a caller who has gone away.
            raise BadRequest("a form that cannot be read") from error
        if odd:
            raise BadRequest("a NUL character in a form")
        if _PASSKEY in request.POST:
            _check_json(request.POST[_PASSKEY])
        if request.content_type == _FORM:
            _check_octets(unquote_to_bytes(request.body))


def _is_readable(content_type: str) -> bool:
    try:
        return parse_header_parameters(content_type)[1].get("charset", "").strip("\"' ").lower() in _CHARSETS
    except (LookupError, ValueError):
        return False


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
