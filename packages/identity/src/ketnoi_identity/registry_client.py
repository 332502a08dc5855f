"""Asks the registry of this environment about citizens: mutual TLS with two pinned certificates, a bounded answer."""

from __future__ import annotations

import math
import ssl
import time
from functools import cache
from typing import Final, TypeVar

import httpx2
import msgspec

from ketnoi_protocol import citizens

from .settings import Settings, current

SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 2.0
NAMES_SECONDS: Final = 1.5
"""Names are wanted, not needed: a page does not wait for them as for what it is about."""
LEFT_ALONE_SECONDS: Final = 5.0
"""After a failure nobody waits for the registry again for so long [OC]: few threads serve all citizens."""
LONGEST_ANSWER: Final = 1024 * 1024

S = TypeVar("S", bound=msgspec.Struct)


class RegistryUnavailable(Exception):  # noqa: N818
    """The registry cannot answer now, or not in its form. Its text names nobody."""


class RegistryClient:
    """One registry; may be used by several threads at once."""

    def __init__(self, own: Settings) -> None:
        """Raises RegistryUnavailable when certificates or key cannot be read."""
        told = own.register
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The one certificate is trusted, whatever name it bears.
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(own.path(told.certificate))
            context.load_cert_chain(own.path(told.client_certificate), own.path(told.client_key))
        except (OSError, ssl.SSLError) as error:
            raise RegistryUnavailable(f"settings: {type(error).__name__}") from None
        self._client = httpx2.Client(
            base_url=told.url.rstrip("/"),
            verify=context,
            timeout=httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )
        self._left_alone_until = -math.inf

    def matches(self, person: citizens.Person) -> bool:
        """Whether number, name and birth date are one person's. Raises RegistryUnavailable."""
        answer = self._ask(citizens.MATCH_PATH, person, citizens.Matched)
        return answer is not None and answer.matches

    def record(self, person: citizens.Person) -> citizens.Record | None:
        """The person's own record; None for nobody. Raises RegistryUnavailable."""
        return self._ask(citizens.RECORD_PATH, person, citizens.Record)

    def looks(self, asked: citizens.LooksAsked) -> citizens.Looks:
        """Who looked at a person's data. Raises RegistryUnavailable."""
        return self._ask(citizens.LOOKS_PATH, asked, citizens.Looks) or citizens.Looks(looks=())

    def answered(self, asked: citizens.AnsweredAsked) -> citizens.Answered:
        """Which of these messages about a person were answered. Raises RegistryUnavailable."""
        return self._ask(citizens.ANSWERED_PATH, asked, citizens.Answered) or citizens.Answered(answered=())

    def names(self, organisations: tuple[str, ...]) -> dict[str, str]:
        """How organisations are called, by their codes. Raises RegistryUnavailable."""
        asked = citizens.NamesAsked(organisations=organisations[: citizens.MOST_NAMES])
        answer = self._ask(citizens.NAMES_PATH, asked, citizens.Names, NAMES_SECONDS)
        return answer.names if answer else {}

    def _ask(self, path: str, question: msgspec.Struct, kind: type[S], seconds: float = SECONDS) -> S | None:
        if time.monotonic() < self._left_alone_until:
            raise RegistryUnavailable("it failed a moment ago")
        body, headers = msgspec.json.encode(question), {"Content-Type": "application/json"}
        patience = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        try:
            with self._client.stream("POST", path, content=body, headers=headers, timeout=patience) as answer:
                data = bytearray()
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > LONGEST_ANSWER:
                        raise RegistryUnavailable("the answer is too long")
        except (httpx2.TransportError, httpx2.DecodingError, ssl.SSLError) as error:
            self._left_alone_until = time.monotonic() + LEFT_ALONE_SECONDS
            raise RegistryUnavailable(type(error).__name__) from None
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise RegistryUnavailable(f"status {answer.status_code}")
        try:
            return msgspec.json.decode(bytes(data), type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise RegistryUnavailable("the answer has not its form") from None


@cache
def registry() -> RegistryClient:
    """The registry of this process's settings. Raises RegistryUnavailable."""
    return RegistryClient(current())
