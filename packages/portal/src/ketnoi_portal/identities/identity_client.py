"""Asks an identity system's wire, whose words are `ketnoi_protocol.citizens`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from ketnoi_pages.text import Text
from ketnoi_portal.pinned import PinnedClient
from ketnoi_portal.settings import Identity
from ketnoi_portal.troubles import Troubled, of_status
from ketnoi_protocol.citizens import AnswerGiven, Clients, Objections, TermsStanding

_T = TypeVar("_T")
_JSON = {"Content-Type": "application/json"}


class IdentityError(Troubled):
    """The identity system cannot be asked now. Try again later."""


class AnswerRefusedError(Exception):
    """It will never take this answer: there is another one, or no such objection."""


class IdentityClient(PinnedClient):
    """One identity system. A context manager."""

    def __init__(self, told: Identity) -> None:
        """Raises IdentityError when its certificates or key cannot be read."""
        super().__init__(told, IdentityError)

    def put_clients(self, clients: Clients) -> None:
        """All that shall be clients there. Raises IdentityError."""
        self._expect(200, *self.ask("PUT", "/v1/clients", content=msgspec.json.encode(clients), headers=_JSON))

    def terms(self, organisation: str) -> TermsStanding:
        """Which terms hold, and who of an organisation has accepted which. Raises IdentityError."""
        data = self._expect(200, *self.ask("GET", "/v1/terms", params={"organisation": organisation}))
        return self._decoded(data, TermsStanding)

    def objections(self, after: int, made_at: datetime | None) -> Objections:
        """The objections behind the one of this id, made at this moment; all where it is not there any more.

        Raises IdentityError.
        """
        asked = {"after": str(after)}
        if made_at is not None:
            # Without a plus sign, of which not everybody who reads addresses makes the same.
            asked["made"] = made_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return self._decoded(self._expect(200, *self.ask("GET", "/v1/objections", params=asked)), Objections)

    def answer(self, objection: int, given: AnswerGiven) -> None:
        """Hand over an answer. Raises IdentityError, AnswerRefusedError."""
        address = f"/v1/objections/{objection}/answers"
        status, _ = self.ask("POST", address, content=msgspec.json.encode(given), headers=_JSON)
        if 400 <= status < 500 and status not in (401, 403, 408, 429):
            raise AnswerRefusedError(str(status))
        self._expect(201, status, b"")

    def _expect(self, wanted: int, status: int, data: bytes) -> bytes:
        if status != wanted:
            raise IdentityError(of_status(status))
        return data

    def _decoded(self, data: bytes, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise IdentityError(Text("trả lời không đúng cấu trúc", "the answer has not its form")) from None
