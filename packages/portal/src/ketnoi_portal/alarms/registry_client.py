"""Asks a registry for its alarms: mutual TLS with two pinned certificates, a bounded answer, every field checked."""

from __future__ import annotations

import ssl
from datetime import datetime
from typing import Annotated, Final, Self

import httpx2
import msgspec

from ketnoi_pages.text import Text
from ketnoi_portal.settings import Registry, current
from ketnoi_portal.troubles import Troubled, at, of_error, of_status

SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 3.0
LONGEST_ANSWER: Final = 2 * 1024 * 1024

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


class RegistryClient:
    """One registry. A context manager."""

    def __init__(self, told: Registry) -> None:
        """Raises RegistryError when its certificates or key cannot be read."""
        own = current()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The one certificate is trusted, whatever name it bears.
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(own.path(told.certificate))
            context.load_cert_chain(own.path(told.client_certificate), own.path(told.client_key))
        except (OSError, ssl.SSLError) as error:
            raise RegistryError(
                at(Text(f"thiết lập của {told.name}", f"settings of {told.name}"), of_error(error))
            ) from None
        self._client = httpx2.Client(
            base_url=told.url.rstrip("/"),
            verify=context,
            timeout=httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def alarms(self, after: int) -> ToldAlarms:
        """The alarms behind the one of this id. Raises RegistryError."""
        try:
            with self._client.stream("GET", "/alarms", params={"after": str(after)}) as answer:
                data = bytearray()
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > LONGEST_ANSWER:
                        raise RegistryError(Text("trả lời quá dài", "the answer is too long"))
        except (httpx2.TransportError, httpx2.DecodingError, ssl.SSLError) as error:
            raise RegistryError(of_error(error)) from None
        if answer.status_code != 200:
            raise RegistryError(of_status(answer.status_code))
        try:
            return msgspec.json.decode(bytes(data), type=ToldAlarms)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise RegistryError(Text("trả lời không đúng cấu trúc", "the answer has not its form")) from None
