"""Who sits before the portal in a walk: everybody at a browser of their own, opened when they first act."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from ketnoi_testbed.country import Country
from ketnoi_testbed.visitor import Visitor


class Browsers:
    """Browsers of one country's people; `sit` gives somebody's by their name, without it everybody has a Visitor."""

    def __init__(self, country: Country, sit: Callable[[str], Any] | None = None) -> None:
        self.country = country
        self._sit = sit
        self._stack = contextlib.ExitStack()
        self._visitors: dict[str, Visitor] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def of(self, name: str) -> Visitor:
        """Somebody's browser, signed in. Names are those of the sign-in cards."""
        if name not in self._visitors and self._sit is not None:
            self._visitors[name] = self._sit(name)
        elif name not in self._visitors:
            self._visitors[name] = self._stack.enter_context(Visitor(self.country.portal.url, name))
        return self._visitors[name]
