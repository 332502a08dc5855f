"""One security server, put together: started, and stopped when its running exchanges are done."""

from __future__ import annotations

KEEPALIVE = 75.0
