"""A store that asks somebody else's service, in the SOAP form of C06's service 037."""

from .client import UpstreamClient
from .settings import Upstream, UpstreamError
from .store import UpstreamStore

__all__ = ["Upstream", "UpstreamClient", "UpstreamError", "UpstreamStore"]
