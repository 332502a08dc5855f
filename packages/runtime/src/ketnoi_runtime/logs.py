"""Operational logs: one JSON object a line, and no personal number in any of them."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

# A run of exactly nine or twelve digits may be an old or a new personal number. Our own code never logs one; this
# is the last line of defence against a library's exception text that quotes its input.
_MAYBE_PERSONAL = re.compile(r"(?<!\d)(?:\d{12}|\d{9})(?!\d)")


def redact(text: str) -> str:
    """`text` with every run of nine or twelve digits replaced by asterisks."""
    return _MAYBE_PERSONAL.sub(lambda found: "*" * len(found[0]), text)


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: time (RFC 3339, UTC), level, logger, text, and the error if any."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": redact(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (standard error by default) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
