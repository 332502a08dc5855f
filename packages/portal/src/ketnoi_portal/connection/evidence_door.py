"""The evidence of one exchange of messages, from the log of C06's own security server.

X-Road's `GET /asic`, so that it can also be asked of X-Road's server; untested against one until it has been run.
Nothing of it is written anywhere: whole containers hold what was asked and answered about people.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.connection.fetching import Unreachable, get, pinned
from ketnoi_portal.settings import Server, current
from ketnoi_portal.troubles import Troubled, at, of_error, of_status
from ketnoi_protocol.identifiers import SubsystemId
from ketnoi_protocol.services import Environment, Platform

LARGEST: Final = 16 * 1024 * 1024
"""Octets of one container: a body has ten million at most."""


_SETTINGS: Final = Text("thiết lập cửa lấy bằng chứng", "the settings of the door for evidence")
_NOT_TAKEN: Final = Text(
    "máy chủ của C06 không nhận chứng thư của cổng", "C06's server does not take the portal's certificate"
)


class NotThere(Troubled):
    """C06's server has no (time-stamped) message of this id, or several."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The containers of a request and of its response."""

    request: bytes = field(repr=False)
    response: bytes = field(repr=False)


def server_of(platform: Platform, environment: Environment) -> Server | None:
    """C06's security server on a platform."""
    return next(
        (each for each in current().servers if (each.platform, each.environment) == (platform, environment)), None
    )


def fetch(server: Server, message_id: str) -> Pair:
    """Both containers of a message id. Raises NotThere, Unreachable."""
    own = current()
    if not server.evidence_url or not server.evidence_certificate:
        raise Unreachable(
            Text("thiết lập của cổng chưa nêu cửa lấy bằng chứng", "the settings name no door for evidence")
        )
    try:
        context = pinned(
            own.path(server.evidence_server or server.certificate),
            own.path(server.evidence_certificate),
            own.path(server.evidence_key),
        )
    except (OSError, ValueError) as error:
        raise Unreachable(at(_SETTINGS, of_error(error))) from None
    return Pair(*(_container(server, context, message_id, side) for side in ("requestOnly", "responseOnly")))


def _container(server: Server, context: ssl.SSLContext, message_id: str, side: str) -> bytes:
    provider = SubsystemId.from_colon(server.subsystem)
    query = {
        "queryId": message_id,
        "xRoadInstance": provider.instance,
        "memberClass": provider.member_class,
        "memberCode": provider.member_code,
        "subsystemCode": provider.subsystem_code,
        side: "",
        # One message, or none: of several with one id nobody could say which one the agency means.
        "unique": "",
        # A message that waits for its time stamp gets it now.
        "force": "",
    }
    answer = get(f"{server.evidence_url.rstrip('/')}/asic", most=LARGEST, query=query, context=context)
    if answer.status == 404:
        raise NotThere(Text("không thông điệp nào có mã này", "no message has this id"))
    if answer.status == 401:
        raise Unreachable(_NOT_TAKEN)
    if answer.status != 200:
        raise NotThere(of_status(answer.status))
    return answer.body
