"""Refusals as they cross the wire: X-Road's error type, message and detail (PR-REST, PR-MESSTRANSP).

Inside, a refusal has one code from the one table; its causes' codes follow it in the type, as X-Road does
(`server.serverproxy.service_failed.network_error`). Our own servers' refusals are put into words here and nowhere
else; another server's fault passes on unchanged.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape

from ketnoi_protocol.errors import Refusal, row
from ketnoi_trust.errors import Refused
from ketnoi_trust.xml import parse

CONSUMER_PREFIX: Final = "server.clientproxy"
PROVIDER_PREFIX: Final = "server.serverproxy"
CALLERS_FAULT: Final = frozenset({"bad_request", "invalid_http_method", "message_too_large"})
"""Codes that blame the calling information system: type `client.<code>`."""

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_TYPE = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_LONGEST_TEXT = 2048
# CamelCase names that are not simply the snake_case words joined (X-Road before 7.8).
_CAMEL: Final = {
    "clientproxy": "ClientProxy",
    "serverproxy": "ServerProxy",
    "io_error": "IOError",
    "global_conf_outdated": "OutdatedGlobalConf",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as others see it. `detail` is a UUID under which this server's log tells more."""

    type: str
    message: str
    detail: str


class PeerFault(Refusal):
    """A fault that another security server sent; it is passed on as it came."""

    def __init__(self, fault: Fault) -> None:
        super().__init__("peer_refused", fault.type)
        self.fault = fault


def codes(error: BaseException | None) -> list[str]:
    """The code of a refusal and those of its causes, outermost first."""
    found = []
    while isinstance(error, Refusal | Refused):
        if not found or found[-1] != error.code:
            found.append(error.code)
        error = error.__cause__
    return found


def fault_of(refusal: Refusal, prefix: str, spelling: Literal["snake", "camel"]) -> Fault:
    """The wire form of a refusal of ours, or of a peer's fault unchanged."""
    if isinstance(refusal, PeerFault):
        return refusal.fault
    where = "client" if prefix == CONSUMER_PREFIX and refusal.code in CALLERS_FAULT else prefix
    kind = ".".join([where, *codes(refusal)])
    told = row(refusal.code)
    message = f"{told.title_vi}. {told.title_en}." + (f" ({refusal.detail})" if refusal.detail else "")
    return Fault(camel(kind) if spelling == "camel" else kind, message, str(uuid.uuid4()))


def camel(kind: str) -> str:
    """A type in the spelling of X-Road before 7.8: `Server.ServerProxy.AccessDenied`."""
    return ".".join(
        _CAMEL.get(word) or "".join(part.capitalize() for part in word.split("_")) for word in kind.split(".")
    )


def status_of(fault: Fault, refusal: Refusal | None = None) -> int:
    """The HTTP status for an information system: 500 for a server's fault, else 400 (PR-REST); 413 and 503 where
    the message or the moment is too full [our choice]."""
    if refusal is not None and not isinstance(refusal, PeerFault) and (told := row(refusal.code)).status in (413, 503):
        return told.status
    return 500 if fault.type.lower().startswith("server.") else 400


def as_json(fault: Fault) -> bytes:
    """`{"type", "message", "detail"}`."""
    return json.dumps(
        {"type": fault.type, "message": fault.message, "detail": fault.detail}, ensure_ascii=False
    ).encode()


def as_xml(fault: Fault) -> bytes:
    """`<error><type/><message/><detail/></error>`."""
    inner = "".join(
        f"<{name}>{_text(value)}</{name}>"
        for name, value in (("type", fault.type), ("message", fault.message), ("detail", fault.detail))
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><error>{inner}</error>'.encode()


def wants_xml(accept: str) -> bool:
    """Whether an Accept header asks for the XML form (PR-REST 4.6)."""
    kinds = {kind.partition(";")[0].strip().lower() for kind in accept.split(",")}
    return not kinds.isdisjoint({"text/xml", "application/xml", "text/*"})


def write_soap(fault: Fault) -> bytes:
    """A SOAP 1.1 fault, which is how one security server tells another."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="{_SOAP}"><SOAP-ENV:Body>'
        f"<SOAP-ENV:Fault><faultcode>{_text(fault.type)}</faultcode><faultstring>{_text(fault.message)}</faultstring>"
        f'<faultactor></faultactor><detail><faultDetail xmlns="">{_text(fault.detail)}</faultDetail></detail>'
        "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()


def read_soap(data: bytes) -> Fault:
    """The fault in a peer's SOAP message. Raises Refusal `invalid_soap` when there is none to read."""
    try:
        root = parse(data)
    except Refused as refused:
        raise Refusal("invalid_soap", "the peer's fault is no XML") from refused
    fault = root.find(f"{{{_SOAP}}}Body/{{{_SOAP}}}Fault")
    if fault is None:
        raise Refusal("invalid_soap", "the peer sent SOAP that is no fault")
    kind = (fault.findtext("faultcode") or "").strip()
    if not _TYPE.fullmatch(kind):
        raise Refusal("invalid_soap", "the peer's fault has no readable code")
    detail = fault.find("detail")
    told = "".join(detail.itertext()).strip() if detail is not None else ""
    return Fault(kind, (fault.findtext("faultstring") or "").strip()[:_LONGEST_TEXT], told[:_LONGEST_TEXT])


def _text(value: str) -> str:
    return escape("".join(letter if letter >= " " or letter in "\t\n" else " " for letter in value))
