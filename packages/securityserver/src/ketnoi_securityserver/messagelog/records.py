"""What is kept of a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ketnoi_protocol.identifiers import SubsystemId

if TYPE_CHECKING:
    from ketnoi_trust.signatures import Signature


@dataclass(frozen=True, slots=True)
class Record:
    """One signed message as this server saw it.

    `own` is our side's subsystem: the client on the consumer side, the service's owner on the provider side.
    `rest_part` and `body` are the exact octets that were signed (`body` None when there was none), `at` is the moment
    at which the message was signed here or judged here, under the configuration that `configuration_digest` names.
    """

    message_id: str
    is_response: bool
    own: SubsystemId
    rest_part: bytes = field(repr=False)
    body: bytes | None = field(repr=False)
    signature: Signature = field(repr=False)
    configuration_digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReplayKey:
    """What must not come twice: a client subsystem and the digest of the message parts that it signed."""

    client: SubsystemId
    digest: bytes
