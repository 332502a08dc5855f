"""What an exchange tells about itself while it runs: changes and publications, with no secret in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

CHANGED: Final = "changed"
PUBLISHED: Final = "published"


@dataclass(frozen=True, slots=True)
class ExchangeEvent:
    """Something happened: a change was made, or a configuration is being served from now on.

    `version` counts the platform's changes; a publication holds every change up to its own.
    """

    kind: str
    instance: str
    version: int
    at: datetime
    text: str


Observer = Callable[[ExchangeEvent], None]
