"""What a message says of itself, in REST and in SOAP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.identifiers import MemberId, SubsystemId
from ketnoi_trust import signed_message
from ketnoi_trust.errors import Refused
from ketnoi_trust.signed_message import SignedMessage

CLIENT = SubsystemId("XX-TEST", "GOV", "G15", "MOTCUA")
PROVIDER = SubsystemId("XX-TEST", "GOV", "G01.C06", "DANCU")
REQUEST = (
    b"POST\r\n/r1/XX-TEST/GOV/G01.C06/DANCU/look-up/v1?x=1\r\n"
    b"Content-Type:application/json\r\nX-Road-Client:XX-TEST/GOV/G15/MOTCUA\r\nx-road-id:XX-1\r\n"
)
RESPONSE = (
    b"200\r\nOK\r\nx-road-id:XX-1\r\nx-road-client:XX-TEST/GOV/G15/MOTCUA\r\n"
    b"x-road-service:XX-TEST/GOV/G01.C06/DANCU/look-up\r\n"
)


def soap(operation: str = "lookUp", **replaced: str) -> bytes:
    parts = {
        "client": '<xrd:client id:objectType="SUBSYSTEM"><id:xRoadInstance>XX-TEST</id:xRoadInstance>'
        "<id:memberClass>GOV</id:memberClass><id:memberCode>G15</id:memberCode>"
        "<id:subsystemCode>MOTCUA</id:subsystemCode></xrd:client>",
        "service": '<xrd:service id:objectType="SERVICE"><id:xRoadInstance>XX-TEST</id:xRoadInstance>'
        "<id:memberClass>GOV</id:memberClass><id:memberCode>G01.C06</id:memberCode>"
        "<id:subsystemCode>DANCU</id:subsystemCode><id:serviceCode>lookUp</id:serviceCode></xrd:service>",
        "id": "<xrd:id> XX-1 </xrd:id>",
        "body": f"<s:Body><!-- words --><{operation}/></s:Body>",
        **replaced,
    }
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:id="http://x-road.eu/xsd/identifiers"'
        ' xmlns:xrd="http://x-road.eu/xsd/xroad.xsd"><s:Header>'
        f"{parts['client']}{parts['service']}{parts['id']}</s:Header>{parts['body']}</s:Envelope>"
    ).encode()


def test_a_rest_request_is_its_clients() -> None:
    assert SignedMessage.read(REQUEST) == SignedMessage(False, CLIENT, PROVIDER, "look-up", "XX-1")
    assert SignedMessage.read(REQUEST).sender == CLIENT
    assert SignedMessage.read(REQUEST).signer == MemberId("XX-TEST", "GOV", "G15")


def test_a_rest_response_is_its_providers() -> None:
    assert SignedMessage.read(RESPONSE) == SignedMessage(True, CLIENT, PROVIDER, "look-up", "XX-1")
    assert SignedMessage.read(RESPONSE).sender == PROVIDER
    assert SignedMessage.read(RESPONSE).signer == MemberId("XX-TEST", "GOV", "G01.C06")


def test_a_member_may_ask_without_a_subsystem() -> None:
    message = SignedMessage.read(REQUEST.replace(b"G15/MOTCUA", b"G15"))
    assert message.client == message.signer == MemberId("XX-TEST", "GOV", "G15")


@pytest.mark.parametrize("beginning", [b"", b"\xef\xbb\xbf", b'<?xml version="1.0" encoding="UTF-8"?>\n', b"\n "])
def test_soap_is_told_apart_by_the_body(beginning: bytes) -> None:
    request, response = (SignedMessage.read(beginning + soap(each)) for each in ("lookUp", "lookUpResponse"))
    assert request == SignedMessage(False, CLIENT, PROVIDER, "lookUp", "XX-1")
    assert response == SignedMessage(True, CLIENT, PROVIDER, "lookUp", "XX-1")


def test_soap_names_a_version_and_members() -> None:
    service = (
        '<xrd:service id:objectType="SERVICE"><id:xRoadInstance>XX-TEST</id:xRoadInstance>'
        "<id:memberClass>GOV</id:memberClass><id:memberCode>G01.C06</id:memberCode>"
        "<id:serviceCode>lookUp</id:serviceCode><id:serviceVersion>v1</id:serviceVersion></xrd:service>"
    )
    message = SignedMessage.read(soap(service=service, id="<xrd:id/>"))
    assert (message.service, message.provider, message.message_id) == ("lookUp.v1", PROVIDER.member, None)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"POST\r\n",
        REQUEST.replace(b"/r1/", b"/r2/"),
        REQUEST.replace(b"X-Road-Client", b"X-Road-Cliant"),
        REQUEST.replace(b"G15/MOTCUA", b"G15/MOTCUA/X"),
        REQUEST + b"X-Filler:" + b"x" * 65_536 + b"\r\n",
        RESPONSE.replace(b"x-road-service", b"x-road-servant"),
        RESPONSE.replace(b"200", b"999"),
        b"<",
        b"<a/>",
        soap("somethingElse"),
        soap(body="<s:Body/>"),
        soap(body=""),
        soap(client=""),
        soap(client='<xrd:client id:objectType="SUBSYSTEM"/>'),
        soap(service=""),
        soap(id="<xrd:id>1</xrd:id><xrd:id>2</xrd:id>"),
        soap(id="<xrd:id>1<!-- -->2</xrd:id>"),
        soap().replace(b"G15</id:memberCode>", b"G15</id:memberCode><id:memberCode>G16</id:memberCode>"),
        soap().replace(b"G15<", b"G<!-- -->15<"),
        soap().replace(b"G01.C06</id:memberCode>", b"G01.C06</id:memberCode><id:memberCode>G16</id:memberCode>"),
        soap().replace(b'client id:objectType="SUBSYSTEM"', b'client id:objectType="MEMBER"'),
        soap().replace(b'client id:objectType="SUBSYSTEM"', b"client"),
        soap().replace(b"s:Envelope", b"s:Letter"),
        b"<!DOCTYPE x>" + soap(),
        soap().replace(b"</s:Body>", b"<a/>" * signed_message.MAX_SOAP_TAGS + b"</s:Body>"),
        soap(body="<s:Body><lookUp>" + "x" * signed_message.MAX_SOAP_BYTES + "</lookUp></s:Body>"),
    ],
    ids=range(27),
)
def test_what_does_not_say_who_asks_whom(message: bytes) -> None:
    with pytest.raises(Refused) as refused:
        SignedMessage.read(message)
    assert (refused.value.code, refused.value.step) == ("invalid_message", 2)


@given(st.binary(max_size=100), st.sampled_from([REQUEST, RESPONSE, soap()]), st.integers(0, 900))
def test_no_octets_raise_anything_but_a_refusal(noise: bytes, message: bytes, at: int) -> None:
    try:
        SignedMessage.read(message[:at] + noise + message[at + 1 :])
    except Refused as refused:
        assert refused.code == "invalid_message"
