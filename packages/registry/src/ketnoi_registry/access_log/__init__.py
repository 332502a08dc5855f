"""The access log: who asked about whom, when, for what, and which fields left. Durable before any answer."""

from .entries import Call, Earlier, Subject
from .pseudonyms import Pseudonyms
from .writer import AccessLog, AccessLogError

__all__ = ["AccessLog", "AccessLogError", "Call", "Earlier", "Pseudonyms", "Subject"]
