"""The envelope of SOAP 1.1: one body with one element, and faults with our code beside."""

import pytest

from ketnoi_protocol.errors import TABLE, Refusal
from ketnoi_protocol.soap_envelope import (
    NEXT,
    SOAP_1_1,
    SOAP_1_2,
    EnvelopeRefusal,
    check_attributes,
    fault_of,
    read_envelope,
    text,
    write_envelope,
    write_fault,
)
from ketnoi_protocol.xml_reading import read_xml


def envelope(inside, namespace=SOAP_1_1, name="Envelope"):
    return f'<s:{name} xmlns:s="{namespace}">{inside}</s:{name}>'.encode()


def refused(octets):
    with pytest.raises(Refusal) as caught:
        read_envelope(octets)
    assert caught.value.code == "10"
    return caught.value


@pytest.mark.parametrize(
    "inside",
    [
        "<s:Body><a/></s:Body>",
        "<s:Header/><s:Body><a/></s:Body>",
        '<s:Header><w x="1" s:mustUnderstand="0"/></s:Header><s:Body Id="1"> <a/> </s:Body>',
        '<s:Header><w s:actor="urn:lgsp" s:mustUnderstand="1"/></s:Header><s:Body><a/></s:Body>',
    ],
)
def test_the_one_element_of_the_body_is_read(inside):
    assert read_envelope(envelope(inside)).name == "a"


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<s:Header/>",
        "<s:Body/>",
        "<s:Body><a/><b/></s:Body>",
        "<s:Body>text</s:Body>",
        "<s:Body><a/></s:Body><s:Body><a/></s:Body>",
        "<s:Body><a/></s:Body><s:Header/>",
        "<s:Header/><s:Header/><s:Body><a/></s:Body>",
        "<s:Body><a/></s:Body><more/>",
        "<Body><a/></Body>",
    ],
)
def test_anything_else_is_refused(inside):
    refused(envelope(inside))


def test_other_roots_and_versions_are_refused():
    refused(b"<a/>")
    refused(envelope("<s:Body><a/></s:Body>", name="Umschlag"))
    for namespace in (SOAP_1_2, "urn:mine"):
        assert refused(envelope("<s:Body><a/></s:Body>", namespace)).fault_code == "VersionMismatch"


@pytest.mark.parametrize("value", ["1", "true", "yes"])
@pytest.mark.parametrize("actor", ["", 's:actor=""', f's:actor="{NEXT}"'])
def test_a_header_that_we_must_understand_is_refused(value, actor):
    found = refused(envelope(f'<s:Header><w {actor} s:mustUnderstand="{value}"/></s:Header><s:Body><a/></s:Body>'))
    assert isinstance(found, EnvelopeRefusal)
    assert found.fault_code == "MustUnderstand"


def test_attributes_of_schema_instances_and_soap_say_nothing_and_others_are_refused():
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    check_attributes(read_xml(f'<a xmlns:i="{xsi}" xmlns:s="{SOAP_1_1}" i:type="t" s:encodingStyle=""/>'.encode()))
    for attribute in ('b="1"', 'xmlns:o="urn:o" o:b="1"', 'xml:lang="vi"'):
        with pytest.raises(Refusal):
            check_attributes(read_xml(f"<a {attribute}/>".encode()))


@pytest.mark.parametrize("code", [row.code for row in TABLE])
def test_a_fault_tells_its_code_and_what_to_do(code):
    octets = write_fault(Refusal(code, "MaDVC < 1 & 2"))
    element = read_envelope(octets)
    fields = {each.name: each.value for each in element.children}
    assert fields["faultcode"] in ("soapenv:Client", "soapenv:Server")
    assert fields["faultstring"].startswith(f"[{code}] ")
    again = fault_of(element)
    assert (again.code, again.detail) == (code, "MaDVC < 1 & 2")


def test_a_fault_says_whose_it_is():
    assert b"<faultcode>soapenv:Client<" in write_fault(Refusal("10"))
    assert b"<faultcode>soapenv:Server<" in write_fault(Refusal("99"))
    assert b"<faultcode>soapenv:VersionMismatch<" in write_fault(EnvelopeRefusal("VersionMismatch", "x"))
    assert b"ChiTiet" not in write_fault(Refusal("10"))


@pytest.mark.parametrize(
    "detail",
    [
        "",
        "<detail/>",
        "<detail><other/></detail>",
        '<detail><k:TuChoi xmlns:k="urn:ketnoi:error"><k:Ma>no such</k:Ma></k:TuChoi></detail>',
    ],
)
def test_a_fault_of_somebody_else_is_a_failed_service(detail):
    element = read_envelope(envelope(f"<s:Body><s:Fault><faultcode>s:Server</faultcode>{detail}</s:Fault></s:Body>"))
    assert fault_of(element).code == "service_failed"


def test_another_element_is_no_fault():
    assert fault_of(read_envelope(envelope("<s:Body><a/></s:Body>"))) is None


def test_texts_are_written_so_that_they_are_read_again():
    value = "a<b>&]]>\r\u00e2\U0001f600"
    written = write_envelope(f"<p:a>{text(value)}</p:a>", {"p": "urn:p"})
    assert read_envelope(written).text == value
    assert text("\x00\ud800\ufffe") == "\ufffd\ufffd\ufffd"
