"""What is kept of a message."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ketnoi_protocol.identifiers import SubsystemId

if TYPE_CHECKING:
    from ketnoi_trust.signatures import Signature


class Record(msgspec.Struct, frozen=True):
    """One signed message as this server saw it.

    `own` is our side's subsystem: the client on the consumer side, the service's owner on the provider side.
    `rest_part` and `body` are the exact octets that were signed (`body` None when there was none), `at` is the moment
    at which the message was signed here or judged here, under the configuration that `configuration_digest` names.
    `body_digest` is the body's SHA-512 (64 octets) where it is known already.
    """

    message_id: str
    is_response: bool
    own: SubsystemId
    rest_part: bytes
    body: bytes | None
    signature: Signature
    configuration_digest: str
    at: datetime
    body_digest: bytes | None = None

    def __repr__(self) -> str:
        """Which message it is, and nothing of what it says."""
        return f"Record({self.message_id!r}, is_response={self.is_response}, own={self.own}, at={self.at})"


class ReplayKey(msgspec.Struct, frozen=True):
    """What must not come twice: a client subsystem and the digest of the message parts that it signed."""

    client: SubsystemId
    digest: bytes
