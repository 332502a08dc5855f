"""How often one address may do what strangers may do."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

from ketnoi_pages import clock


def is_within(request: HttpRequest, act: str, most: int, seconds: int) -> bool:
    """Count one attempt of the caller's network address; False once there were more than `most` in this span of time.

    Workers share the count by the cache's table; two at the very same moment may count as one.
    """
    window = int(clock.now().timestamp()) // seconds
    key = f"limit:{act}:{request.META.get('REMOTE_ADDR', '')}:{window}"
    if cache.add(key, 1, seconds):
        return True
    try:
        return int(cache.incr(key)) <= most
    except ValueError:
        return True
