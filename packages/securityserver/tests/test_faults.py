"""Error types as X-Road spells them, and faults as they cross the wire."""

import json
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.errors import Refusal, row
from ketnoi_securityserver import faults
from ketnoi_securityserver.faults import CONSUMER_PREFIX, PROVIDER_PREFIX, Fault, PeerFault
from ketnoi_trust.errors import Refused

texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=60)


def caused(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("refusal", "prefix", "snake", "camel"),
    [
        (Refusal("access_denied"), PROVIDER_PREFIX, "server.serverproxy.access_denied",
         "Server.ServerProxy.AccessDenied"),
        (Refusal("bad_request"), CONSUMER_PREFIX, "client.bad_request", "Client.BadRequest"),
        (Refusal("bad_request"), PROVIDER_PREFIX, "server.serverproxy.bad_request", "Server.ServerProxy.BadRequest"),
        (Refusal("global_conf_outdated"), CONSUMER_PREFIX, "server.clientproxy.global_conf_outdated",
         "Server.ClientProxy.OutdatedGlobalConf"),
        (caused(Refusal("service_failed"), Refusal("network_error")), PROVIDER_PREFIX,
         "server.serverproxy.service_failed.network_error", "Server.ServerProxy.ServiceFailed.NetworkError"),
        (caused(Refusal("signature_verification"), Refused("invalid_signature_value", "no")), CONSUMER_PREFIX,
         "server.clientproxy.signature_verification.invalid_signature_value",
         "Server.ClientProxy.SignatureVerification.InvalidSignatureValue"),
        (caused(Refusal("global_conf_outdated"), Refused("global_conf_outdated", "no")), CONSUMER_PREFIX,
         "server.clientproxy.global_conf_outdated", "Server.ClientProxy.OutdatedGlobalConf"),
        (caused(Refusal("network_error"), OSError("of the system")), CONSUMER_PREFIX,
         "server.clientproxy.network_error", "Server.ClientProxy.NetworkError"),
    ],
)  # fmt: skip
def test_a_type_names_the_side_the_code_and_its_causes(refusal: Refusal, prefix: str, snake: str, camel: str) -> None:
    assert faults.fault_of(refusal, prefix, "snake").type == snake
    assert faults.fault_of(refusal, prefix, "camel").type == camel
    assert row(refusal.code).title_vi in faults.fault_of(refusal, prefix, "snake").message


def test_a_peers_fault_is_never_put_into_other_words() -> None:
    fault = Fault("Server.ServerProxy.AccessDenied", "no", "detail")
    assert faults.fault_of(PeerFault(fault), CONSUMER_PREFIX, "snake") is fault


@pytest.mark.parametrize(
    ("code", "status"),
    [("bad_request", 400), ("access_denied", 500), ("message_too_large", 413), ("server_busy", 503)],
)
def test_the_status_follows_the_type_but_where_there_is_too_much(code: str, status: int) -> None:
    refusal = Refusal(code)
    assert faults.status_of(faults.fault_of(refusal, CONSUMER_PREFIX, "snake"), refusal) == status


@given(texts, texts)
def test_every_text_survives_json_and_xml(message: str, detail: str) -> None:
    fault = Fault("client.bad_request", message, detail)
    assert json.loads(faults.as_json(fault)) == {"type": fault.type, "message": message, "detail": detail}
    read = ElementTree.fromstring(faults.as_xml(fault))
    assert [each.tag for each in read] == ["type", "message", "detail"]


@given(texts, texts)
def test_a_fault_written_is_a_fault_read(message: str, detail: str) -> None:
    read = faults.read_soap(faults.write_soap(Fault("server.serverproxy.access_denied", message, detail)))
    assert read.type == "server.serverproxy.access_denied"
    if message.isalnum() and detail.isalnum():
        assert (read.message, read.detail) == (message, detail)


@pytest.mark.parametrize(
    "data",
    [b"", b"<a/>", b"no xml", faults.write_soap(Fault("two words", "", "")), faults.write_soap(Fault("", "", "")),
     b"<!DOCTYPE a><a/>"],
)  # fmt: skip
def test_what_is_no_fault_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        faults.read_soap(data)
    assert caught.value.code == "invalid_soap"


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal):
        faults.read_soap(data)


@pytest.mark.parametrize(
    ("accept", "xml"),
    [("", False), ("*/*", False), ("application/json", False), ("text/xml", True), ("Application/XML; q=0.1", True),
     ("application/json, text/*", True), ("text/html", False)],
)  # fmt: skip
def test_xml_is_for_those_who_ask_for_it(accept: str, xml: bool) -> None:
    assert faults.wants_xml(accept) is xml
