"""Who calls and by what, behind the proxies that the settings trust: whom limits count, and whether TLS was used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class CallerAddressMiddleware:
    """Puts the caller's own address into REMOTE_ADDR, and leaves of X-Forwarded-Proto what a trusted proxy wrote.

    Before anything else looks there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._trusted: tuple[Network, ...] = tuple(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Read X-Forwarded-For and X-Forwarded-Proto, of a call that a trusted proxy passes on."""
        peer, scheme = request.META.get("REMOTE_ADDR", ""), request.META.pop("HTTP_X_FORWARDED_PROTO", "")
        if is_trusted(peer, self._trusted):
            # The last one is the word of the proxy that stands before us.
            request.META["HTTP_X_FORWARDED_PROTO"] = scheme.rpartition(",")[2].strip().lower()
        if self._trusted:
            told = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = caller(peer, told, self._trusted)
        return self._get_response(request)


def caller(peer: str, forwarded: str, trusted: Iterable[Network]) -> str:
    """The last hop that is not a trusted proxy: `peer`, or found in X-Forwarded-For, read from its end.

    Each proxy appends whom it was called by, so only what trusted ones wrote is read: whatever the caller sent itself
    stands further left. What is no address is not believed, and the proxy that wrote it counts as the caller.
    """
    networks = tuple(trusted)
    at = _address(peer)
    if at is None:
        return peer
    hops = [hop for hop in forwarded.split(",") if hop.strip()]
    while hops and any(at in network for network in networks):
        before = _address(hops.pop())
        if before is None:
            break
        at = before
    return str(at)


def is_trusted(peer: str, trusted: Iterable[Network]) -> bool:
    """Whether a call comes from a trusted proxy."""
    at = _address(peer)
    return at is not None and any(at in network for network in trusted)


def _address(text: str) -> _Address | None:
    """One hop, as proxies write it: bare, with a port, or in brackets."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
