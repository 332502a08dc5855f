"""The envelope of SOAP 1.1 (W3C note of 8 May 2000), read strictly and written plainly, and its faults.

Reading: one Envelope, at most one Header, one Body with one element. Blocks of the header are passed over, but one
that must be understood is refused, since nobody here understands any. Attributes that SOAP, its extensions and
schema instances may put there change nothing; one without a namespace on an element of ours is refused.

A fault has the code of the one table in its `detail`, in words for whoever reads it: callers of today's services see
an ordinary SOAP 1.1 fault, and a newer one finds the code.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.xml_reading import XSI, Element, read_xml

SOAP_1_1: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2: Final = "http://www.w3.org/2003/05/soap-envelope"
NEXT: Final = "http://schemas.xmlsoap.org/soap/actor/next"
"""The actor of a header block that is for whoever comes first."""
DETAIL_NAMESPACE: Final = "urn:ketnoi:error"
CONTENT_TYPE: Final = "text/xml; charset=utf-8"
MEDIA_TYPES: Final = ("text/xml", "application/xml")
"""What callers send as Content-Type, without its parameters."""
CHARSETS: Final = (None, "utf-8", "utf-16")
"""The charset that may stand beside it, in lower case; None where none is named."""
FAULT_STATUS: Final = 500
"""The HTTP status of every fault (SOAP 1.1 section 6.2)."""

FaultCode = Literal["Client", "Server", "VersionMismatch", "MustUnderstand"]

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class EnvelopeRefusal(Refusal):
    """An envelope that SOAP itself has a fault code for."""

    def __init__(self, fault_code: FaultCode, detail: str) -> None:
        super().__init__("10", detail)
        self.fault_code = fault_code


def read_envelope(octets: bytes) -> Element:
    """The one element in the body. Raises Refusal `10`."""
    root = read_xml(octets)
    if root.name == "Envelope" and root.namespace != SOAP_1_1:
        raise EnvelopeRefusal("VersionMismatch", "the envelope is not one of SOAP 1.1")
    names = [(each.namespace, each.name) for each in root.children]
    if (root.namespace, root.name) != (SOAP_1_1, "Envelope") or names not in (
        [(SOAP_1_1, "Body")],
        [(SOAP_1_1, "Header"), (SOAP_1_1, "Body")],
    ):
        raise Refusal("10", "the body is not an Envelope with at most one Header and one Body")
    body = root.children[-1]
    for block in root.children[0].children if len(names) > 1 else ():
        # SOAP 1.1 section 4.2.2: a block with another actor is for somebody on the way.
        for_us = block.attributes.get((SOAP_1_1, "actor"), "").strip() in ("", NEXT)
        if for_us and block.attributes.get((SOAP_1_1, "mustUnderstand"), "0").strip() not in ("0", "false"):
            raise EnvelopeRefusal("MustUnderstand", "a header that must be understood is not understood here")
    if len(body.children) != 1:
        raise Refusal("10", "Body holds other than one element")
    return body.children[0]


def check_attributes(element: Element) -> None:
    """Refuses attributes that would say something: only those of XML Schema instances and of SOAP may stand there.

    Raises Refusal `10`.
    """
    if element.attributes and any(namespace not in (XSI, SOAP_1_1) for namespace, _ in element.attributes):
        raise Refusal("10", "an attribute that this service does not know")


def write_envelope(content: str, namespaces: dict[str, str]) -> bytes:
    """An envelope around `content`, XML that uses these prefixes, in UTF-8."""
    declared = "".join(f' xmlns:{prefix}="{each}"' for prefix, each in {"soapenv": SOAP_1_1, **namespaces}.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope{declared}><soapenv:Body>{content}'
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


def write_fault(refusal: Refusal) -> bytes:
    """The envelope of a fault, which tells the refusal's code and what to do, and quotes no value."""
    row = refusal.row
    code: FaultCode = "Server" if row.status >= 500 else "Client"
    if isinstance(refusal, EnvelopeRefusal):
        code = refusal.fault_code
    told = {
        "Ma": refusal.code,
        "NoiDung": row.title_vi,
        "NoiDungTiengAnh": row.title_en,
        "CachXuLy": row.mend_vi,
        "CachXuLyTiengAnh": row.mend_en,
        "ChiTiet": refusal.detail,
    }
    detail = "".join(f"<kn:{name}>{text(value)}</kn:{name}>" for name, value in told.items() if value)
    return write_envelope(
        f"<soapenv:Fault><faultcode>soapenv:{code}</faultcode>"
        f"<faultstring>[{text(refusal.code)}] {text(row.title_vi)} · {text(row.title_en)}</faultstring>"
        f"<detail><kn:TuChoi>{detail}</kn:TuChoi></detail></soapenv:Fault>",
        {"kn": DETAIL_NAMESPACE},
    )


def fault_of(element: Element) -> Refusal | None:
    """The refusal that the body's element tells, None when it is no fault.

    A fault without a code of ours is `service_failed`. Nothing of its texts is believed but the code.
    """
    if (element.namespace, element.name) != (SOAP_1_1, "Fault"):
        return None
    for detail in element.children:
        for told in detail.children:
            if (told.namespace, told.name) == (DETAIL_NAMESPACE, "TuChoi"):
                known = {each.name: each.value for each in told.children}
                try:
                    return Refusal(known.get("Ma", ""), known.get("ChiTiet", ""))
                except LookupError:
                    break
    return Refusal("service_failed", "a SOAP fault without a code of the table")


def text(value: str) -> str:
    """A text between tags; U+FFFD for characters that XML cannot carry."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    return _UNWRITABLE.sub("\ufffd", escaped)
