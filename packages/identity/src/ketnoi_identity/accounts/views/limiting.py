"""Limits of attempts, as pages apply them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ketnoi_identity.accounts import limits
from ketnoi_pages import clock


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; an IPv6 address by its network of 64 bits, all of which one subscriber has."""
    told: str = request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(told)
    except ValueError:
        return told
    if address.version == 4 or address.ipv4_mapped:
        return told
    return str(ip_network((address, 64), strict=False))


def too_many(request: HttpRequest, limit: limits.Limit, who: str = "") -> HttpResponse | None:
    """Count an attempt of the caller's address, or about `who`; the page to answer with when there were too many."""
    about = who or address_of(request)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        minutes = limits.wait(cursor, settings.SECRET_KEY, limit, about, clock.now())
    if not minutes:
        return None
    answer = render(request, "429.html", {"minutes": minutes}, status=429)
    answer.headers["Retry-After"] = str(minutes * 60)
    return answer
