"""Which page of a long list an address names: `?trang=N`, from 0."""

from __future__ import annotations

from django.http import Http404, HttpRequest


def page_of(request: HttpRequest) -> int:
    """The page that is asked for. Raises Http404 for what is no number of at most four digits."""
    text = request.GET.get("trang", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Http404
    return int(text)
