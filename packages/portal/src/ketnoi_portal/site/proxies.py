"""Who calls, behind the proxies that the settings trust: the address that limits and sessions are kept by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.http import HttpRequest, HttpResponse

from ketnoi_portal.settings import Network, current

_Address = IPv4Address | IPv6Address


class CallerAddressMiddleware:
    """Puts the caller's own address into REMOTE_ADDR before anything else looks there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._trusted = current().proxies()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Read X-Forwarded-For, of a call that a trusted proxy passes on."""
        if self._trusted:
            told = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = caller(request.META.get("REMOTE_ADDR", ""), told, self._trusted)
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
