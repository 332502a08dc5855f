"""Asks a registry for its alarms: mutual TLS with two pinned certificates, a bounded answer, every field checked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from ketnoi_pages.text import Text
from ketnoi_portal.pinned import PinnedClient
from ketnoi_portal.settings import Registry
from ketnoi_portal.troubles import Troubled, of_status

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Short = Annotated[str, msgspec.Meta(max_length=50)]
Code = Annotated[str, msgspec.Meta(max_length=100)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
MessageId = Annotated[str, msgspec.Meta(max_length=255)]


class RegistryError(Troubled):
    """The alarms cannot be had now. Try again later."""


class Told(msgspec.Struct, frozen=True):
    """One alarm as a registry tells it; its OpenAPI document says what the fields are. Others are let be."""

    id: Number
    kind: Short
    raised_at: Moment
    organisation: Code
    officer: Name
    instance: Short
    account: Name
    unit: Code
    procedure: Code
    count: Number
    since: Moment
    last_at: Moment
    message_id: MessageId


class ToldAlarms(msgspec.Struct, frozen=True):
    """The next alarms; `more`: there are others behind them."""

    alarms: list[Told]
    more: bool


class RegistryClient(PinnedClient):
    """One registry. A context manager."""

    def __init__(self, told: Registry) -> None:
        """Raises RegistryError when its certificates or key cannot be read."""
        super().__init__(told, RegistryError)

    def alarms(self, after: int) -> ToldAlarms:
        """The alarms behind the one of this id. Raises RegistryError."""
        status, data = self.ask("GET", "/alarms", params={"after": str(after)})
        if status != 200:
            raise RegistryError(of_status(status))
        try:
            return msgspec.json.decode(data, type=ToldAlarms)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise RegistryError(Text("trả lời không đúng cấu trúc", "the answer has not its form")) from None
