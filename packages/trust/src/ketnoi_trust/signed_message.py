"""What a signed message says of itself: who asks whom for what, and so whose signature it must carry.

`message.xml` of a container is the part of a REST message (whatever its name says) or a SOAP envelope.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import (
    NAMESPACE,
    XROAD_NAMESPACE,
    InvalidIdentifier,
    MemberId,
    SubsystemId,
    client_from_xml,
)
from ketnoi_protocol.rest import CLIENT, ID, SERVICE, Headers, RestRequest, RestResponse, parse_target
from ketnoi_trust import xml
from ketnoi_trust.errors import Refused

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_XROAD = f"{{{XROAD_NAMESPACE}}}"
_IDENTIFIERS = f"{{{NAMESPACE}}}"

# X-Road logs bodies of at most 10 MiB; what is larger, or has more tags, is read by nobody in reasonable time.
MAX_SOAP_BYTES = 16 * 1024 * 1024
MAX_SOAP_TAGS = 400_000

_OWNER = ("xRoadInstance", "memberClass", "memberCode")

Client = MemberId | SubsystemId


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A message's header. `service` is its code with the version where one is named, `message_id` may be absent.

    `headers` are all headers of a REST message, None for SOAP.
    """

    is_response: bool
    client: Client
    provider: Client
    service: str
    message_id: str | None
    headers: Headers | None = field(default=None, repr=False, compare=False)

    @property
    def sender(self) -> Client:
        """The party whose message this is: the client asks, the provider answers."""
        return self.provider if self.is_response else self.client

    @property
    def signer(self) -> MemberId:
        """The organisation that must have signed."""
        return self.sender if isinstance(self.sender, MemberId) else self.sender.member

    @classmethod
    def read(cls, message: bytes) -> SignedMessage:
        """Read a REST part or a SOAP envelope; raises Refused("invalid_message")."""
        try:
            if message.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
                return _soap(message)
            return _response(message) if message[:1].isdigit() else _request(message)
        except (Refusal, Refused, InvalidIdentifier) as error:
            raise Refused("invalid_message", "the message does not say who asks whom", 2) from error


def _request(message: bytes) -> SignedMessage:
    request = RestRequest.decode(message)
    service, _ = parse_target(request.path)
    return SignedMessage(
        False,
        _client(request.header(CLIENT)),
        service.provider,
        service.service_code,
        request.header(ID),
        request.headers,
    )


def _response(message: bytes) -> SignedMessage:
    response = RestResponse.decode(message)
    provider, _, service = (response.header(SERVICE) or "").rpartition("/")
    return SignedMessage(
        True,
        _client(response.header(CLIENT)),
        SubsystemId.from_slash(provider),
        service,
        response.header(ID),
        response.headers,
    )


def _client(value: str | None) -> Client:
    value = value or ""
    return MemberId.from_slash(value) if value.count("/") == 2 else SubsystemId.from_slash(value)


def _soap(message: bytes) -> SignedMessage:
    if len(message) > MAX_SOAP_BYTES or message.count(b"<") > MAX_SOAP_TAGS:
        raise Refused("invalid_message", "the message is too large")
    envelope = xml.parse(message)
    header = _only(envelope, f"{_SOAP}Header")
    body = _only(envelope, f"{_SOAP}Body")
    client = client_from_xml(_only(header, f"{_XROAD}client"))
    service = _identifier(_only(header, f"{_XROAD}service"))
    code = service.get("serviceCode", "")
    message_id = _text(_only(header, f"{_XROAD}id"))
    operation = next((etree.QName(each).localname for each in body if isinstance(each.tag, str)), None)
    if envelope.tag != f"{_SOAP}Envelope" or operation not in (code, f"{code}Response"):
        raise Refused("invalid_message", "the envelope is neither a request nor a response")
    version = service.get("serviceVersion")
    return SignedMessage(
        operation != code,
        client,
        _provider(service),
        code if version is None else f"{code}.{version}",
        message_id or None,
    )


def _only(parent: etree._Element, tag: str) -> etree._Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise Refused("invalid_message", "an element of the envelope is missing or stands twice")
    return found[0]


def _identifier(element: etree._Element) -> dict[str, str]:
    parts = {str(each.tag).removeprefix(_IDENTIFIERS): _text(each) for each in element}
    if len(parts) != len(element):
        raise InvalidIdentifier("a part stands twice")
    return parts


def _text(element: etree._Element) -> str:
    # A comment in the midst of a name would make two readers read two names.
    if len(element):
        raise Refused("invalid_message", "a text of the envelope is in pieces")
    return (element.text or "").strip()


def _provider(parts: dict[str, str]) -> Client:
    member = MemberId(*[parts.get(each, "") for each in _OWNER])
    subsystem = parts.get("subsystemCode")
    return member if subsystem is None else member.subsystem(subsystem)
