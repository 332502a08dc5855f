"""A store that asks somebody else's service, in the SOAP form of C06's service 037."""

from .settings import Upstream, UpstreamError
from .store import UpstreamStore

__all__ = ["Upstream", "UpstreamError", "UpstreamStore"]
