"""The description of a service in SOAP: WSDL 1.1, document/literal, with its schemas inside.

Printed from the tables that read and write the messages: elements and their order from the dialect and the shapes,
lengths and forms from the types of the JSON messages. It tells the one form in which we write; what is read besides
(other orders, the older namespace, empty elements) stands in docs/reference/soap.md.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import inspect

from ketnoi_protocol.citizen import ATTRIBUTES as CITIZEN_FIELDS
from ketnoi_protocol.envelope import LARGEST_HOUSEHOLD, REQUESTS, ClaimedMember
from ketnoi_protocol.services import AnswerShape, CatalogueEntry, System
from ketnoi_protocol.soap_dialect import COLLECTION_NAMESPACE, SoapOperation
from ketnoi_protocol.soap_envelope import text
from ketnoi_protocol.soap_requests import ATTRIBUTES, BIRTH, MEMBER_ELEMENTS, MEMBERS
from ketnoi_protocol.soap_shapes import AS_OF, CITIZEN, COLLECTION, CONSENT, COUNT, TEXT, TYPES

CONTENT_TYPE: Final = "text/xml; charset=utf-8"
GATEWAY: Final = "http://127.0.0.1:8084"
"""Where an agency's gateway for SOAP listens unless its settings say otherwise."""

_XSD = "http://www.w3.org/2001/XMLSchema"
IDENTITY_ONLY: Final = ("MaGiaoDichDongY", "TheCanBo")
"""Elements that questions to the identity system alone may have."""
_CLAIMABLE = tuple(name for name in CITIZEN_FIELDS if name not in ("SoDinhDanh", "HoVaTen", BIRTH))
_LONGEST_PASSED_OVER = 100
# How the patterns of the messages end, which XML Schema's always do.
_END = r"$(?!\n)"


def wsdl(entry: CatalogueEntry, address: str) -> bytes:
    """The description of a service that is offered in SOAP, which is asked at `address`."""
    operation = entry.soap
    assert operation is not None, "the service is offered in SOAP"
    looks_up = entry.answer_shape in TYPES
    answer_prefix = "dc" if looks_up else "tns"
    schemas = _questions(entry, operation, "" if looks_up else _small_answer(entry, operation))
    if looks_up:
        schemas += _collection(entry)
    name, namespace = operation.request, operation.namespace
    document = f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="{name}" targetNamespace="{namespace}" xmlns:tns="{namespace}" xmlns:dc="{COLLECTION_NAMESPACE}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="{_XSD}">
  <wsdl:documentation>{text(entry.title_vi)} · {text(entry.title_en)}</wsdl:documentation>
  <wsdl:types>
{schemas}  </wsdl:types>
  <wsdl:message name="Question"><wsdl:part name="parameters" element="tns:{name}"/></wsdl:message>
  <wsdl:message name="Answer"><wsdl:part name="parameters" element="{answer_prefix}:{operation.answer}"/></wsdl:message>
  <wsdl:portType name="{name}PortType">
    <wsdl:operation name="{name}">
      <wsdl:input message="tns:Question"/>
      <wsdl:output message="tns:Answer"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="{name}Binding" type="tns:{name}PortType">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="{name}">
      <soap:operation soapAction="" style="document"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="{name}Service">
    <wsdl:port name="{name}Port" binding="tns:{name}Binding"><soap:address location="{text(address)}"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""
    return document.encode()


def _questions(entry: CatalogueEntry, operation: SoapOperation, answer: str) -> str:
    lines = [
        f'    <xs:schema targetNamespace="{operation.namespace}" elementFormDefault="qualified">',
        f'      <xs:element name="{operation.request}"><xs:complexType><xs:sequence>',
    ]
    fields = _fields(REQUESTS[entry.service])
    elements = [
        each for each in operation.elements if entry.system is System.IDENTITY or each.field not in IDENTITY_ONLY
    ]
    for each in elements:
        least = ' minOccurs="0"' if each.optional else ""
        if each.field in (BIRTH, MEMBERS, ATTRIBUTES):
            kind = {BIRTH: "NgaySinh", MEMBERS: "ThanhVien", ATTRIBUTES: "ThuocTinh"}[each.field]
            most = f' maxOccurs="{LARGEST_HOUSEHOLD}"' if each.field == MEMBERS else ""
            lines.append(f'        <xs:element name="{each.name}" type="tns:{kind}"{least}{most}/>')
        else:
            lines.append(_restricted(each.name, fields.get(each.field), least))
    lines.append("      </xs:sequence></xs:complexType></xs:element>")
    lines.append(_BIRTH_TYPE)
    names = [each.name for each in elements]
    if MEMBERS in names:
        lines.append(_member_type())
    if ATTRIBUTES in names:
        lines.append(_all_of("ThuocTinh", "xs:token"))
    return "\n".join(lines) + f"\n{answer}    </xs:schema>\n"


_BIRTH_TYPE = """      <xs:complexType name="NgaySinh"><xs:choice>
        <xs:element name="NgayThangNam" type="xs:token"/>
        <xs:element name="Nam" type="xs:token"/>
      </xs:choice></xs:complexType>"""


def _member_type() -> str:
    fields = _fields(ClaimedMember)
    lines = ['      <xs:complexType name="ThanhVien"><xs:sequence>']
    for name in MEMBER_ELEMENTS:
        least = ' minOccurs="0"' if name in ("SoDinhDanh", "SoCMND", BIRTH) else ""
        if name == BIRTH:
            lines.append(f'        <xs:element name="{name}" type="tns:NgaySinh"{least}/>')
        else:
            lines.append(_restricted(name, fields[name], least))
    return "\n".join([*lines, "      </xs:sequence></xs:complexType>"])


def _all_of(name: str, kind: str) -> str:
    """A type with any of the fields that may be claimed."""
    lines = [f'        <xs:element name="{each}" type="{kind}" minOccurs="0"/>' for each in _CLAIMABLE]
    return "\n".join([f'      <xs:complexType name="{name}"><xs:all>', *lines, "      </xs:all></xs:complexType>"])


def _small_answer(entry: CatalogueEntry, operation: SoapOperation) -> str:
    shape = entry.answer_shape
    element = f'      <xs:element name="{operation.answer}"><xs:complexType><xs:sequence>\n'
    used = f'        <xs:element name="{CONSENT}" type="xs:token" minOccurs="0"/>\n'
    end = (used if entry.system is System.IDENTITY else "") + "      </xs:sequence></xs:complexType></xs:element>\n"
    if shape is AnswerShape.EXISTS:
        return element + '        <xs:element name="TonTai" type="xs:boolean"/>\n' + end
    if shape is AnswerShape.HOUSEHOLD:
        return (
            f'{element}        <xs:element name="ThanhVien" maxOccurs="{LARGEST_HOUSEHOLD}">'
            '<xs:complexType><xs:sequence>\n          <xs:element name="CungHo" type="xs:boolean"/>\n'
            '          <xs:element name="DungQuanHe" type="xs:boolean"/>\n'
            f"        </xs:sequence></xs:complexType></xs:element>\n{end}"
        )
    count = '        <xs:element name="SoLuongCongDan" type="xs:int"/>\n'
    results = '        <xs:element name="KetQua" type="tns:KetQua" minOccurs="0"/>\n'
    return element + count + results + end + _all_of("KetQua", "xs:boolean") + "\n"


def _collection(entry: CatalogueEntry) -> str:
    types = TYPES[entry.answer_shape]
    used = [f'        <xs:attribute name="{CONSENT}" type="xs:token"/>'] if entry.system is System.IDENTITY else []
    lines = [
        f'    <xs:schema targetNamespace="{COLLECTION_NAMESPACE}" elementFormDefault="qualified">',
        f'      <xs:element name="{COLLECTION}"><xs:complexType>',
        f'        <xs:sequence><xs:element name="{CITIZEN}" type="dc:{CITIZEN}" minOccurs="0"/></xs:sequence>',
        f'        <xs:attribute name="{AS_OF}" type="xs:dateTime"/>',
        f'        <xs:attribute name="{COUNT}" type="xs:int" use="required"/>',
        *used,
        "      </xs:complexType></xs:element>",
    ]
    for name, children in types.items():
        lines.append(f'      <xs:complexType name="{name}"><xs:sequence>')
        for child, kind in children:
            told = "xs:string" if kind == TEXT else f"dc:{kind}"
            lines.append(f'        <xs:element name="{child}" type="{told}" minOccurs="0"/>')
        lines.append("      </xs:sequence></xs:complexType>")
    return "\n".join([*lines, "    </xs:schema>\n"])


def _fields(kind: type[msgspec.Struct]) -> dict[str, inspect.StrType]:
    """The texts of a message by name, with their lengths and forms."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    found: dict[str, inspect.StrType] = {}
    for each in described.fields:
        choices = each.type.types if isinstance(each.type, inspect.UnionType) else (each.type,)
        texts = [choice for choice in choices if isinstance(choice, inspect.StrType)]
        if texts:
            found[each.encode_name] = texts[0]
    return found


def _restricted(name: str, form: inspect.StrType | None, least: str) -> str:
    # What XML cannot carry anyway is not said in a pattern, and Python's way to say it is not XML Schema's.
    longest = _LONGEST_PASSED_OVER if form is None else form.max_length
    pattern = form.pattern if form is not None and form.pattern is not None and "\\x" not in form.pattern else None
    facets = f'<xs:maxLength value="{longest}"/>' if longest is not None else ""
    if pattern is not None:
        facets += f'<xs:pattern value="{text(pattern.removeprefix("^").removesuffix(_END))}"/>'
    return (
        f'        <xs:element name="{name}"{least}><xs:simpleType><xs:restriction base="xs:token">{facets}'
        "</xs:restriction></xs:simpleType></xs:element>"
    )
