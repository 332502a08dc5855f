"""The message log: every signed message, durable before it goes on, provable years later."""

from ketnoi_securityserver.messagelog.records import Record, ReplayKey
from ketnoi_securityserver.messagelog.writer import MessageLog

__all__ = ["MessageLog", "Record", "ReplayKey"]
