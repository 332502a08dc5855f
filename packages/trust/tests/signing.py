"""Signatures for tests: made as a server makes them, and forged with a key at hand, with every fault of the form."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from ketnoi_trust import keys, signatures
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature, Verified

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

REQUEST = {"/message.xml": b"POST\r\n/r1/XX-TEST/GOV/G15/MOTCUA/lookup\r\nx-road-id:1\r\n"}
WITH_BODY = {**REQUEST, "/attachment1": b'{"SoDinhDanh":"912345678901"}'}


def digests(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """What a signer signs."""
    return {name: hashlib.sha512(octets).digest() for name, octets in parts.items()}


def find(root: etree._Element, name: str) -> etree._Element:
    """The first element of a name, in whichever namespace."""
    return next(root.iter(f"{{*}}{name}"))


Change = Callable[[etree._Element], etree._Element | None]
"""Something done to a signature document, before it is digested and signed anew."""


def without(name: str) -> Change:
    """Take an element out."""

    def change(root: etree._Element) -> None:
        element = find(root, name)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def twice(name: str) -> Change:
    """An element, and its like after it."""

    def change(root: etree._Element) -> None:
        element = find(root, name)
        element.addnext(etree.fromstring(etree.tostring(element)))

    return change


def text(name: str, value: str) -> Change:
    """Another text."""

    def change(root: etree._Element) -> None:
        find(root, name).text = value

    return change


def attribute(name: str, key: str, value: str) -> Change:
    """Another value of an attribute."""

    def change(root: etree._Element) -> None:
        find(root, name).set(key, value)

    return change


def inside(name: str, written: str) -> Change:
    """A further element within one."""

    def change(root: etree._Element) -> None:
        find(root, name).append(etree.fromstring(written))

    return change


class Signing:
    """A ministry with a certificate, and whoever judges its signatures."""

    def __init__(self, kit: Any, *, rsa_key: bool = False, ca: Any = None) -> None:
        self.kit = kit
        self.ca = ca or kit.authority()
        key = rsa.generate_private_key(65537, 2048) if rsa_key else None
        self.holder = self.ca.issue_signing(key=key)
        self.answer = self.ca.answer(self.holder)
        self.configuration = kit.configuration(kit.approve(self.ca))

    def batch(self, *requests: Mapping[str, bytes], at: datetime | None = None, **options: Any) -> list[Signature]:
        """One signature over many requests, one document for each."""
        prepared = signatures.prepare(
            [digests(each) for each in requests], self.holder.der, self.answer, at or self.kit.now, **options
        )
        return prepared.assemble(keys.sign(self.holder.key, prepared.to_be_signed))

    def sign(self, parts: Mapping[str, bytes] = REQUEST, **options: Any) -> Signature:
        """A lone request's signature."""
        return self.batch(parts, **options)[0]

    def verify(
        self,
        signature: Signature,
        parts: Mapping[str, bytes] = REQUEST,
        *,
        by: Callable[..., Verified] = signatures.verify,
        **options: Any,
    ) -> Verified:
        """Judge it as the ministry's, now."""
        given = {"sender": self.kit.ministry, "configuration": self.configuration, "at": self.kit.now, **options}
        return by(signature, parts, **given)

    def refusal(
        self, signature: Signature, parts: Mapping[str, bytes] = REQUEST, **options: Any
    ) -> tuple[str, int | None]:
        """Code and step of the refusal that it must get."""
        with pytest.raises(Refused) as refused:
            self.verify(signature, parts, **options)
        return refused.value.code, refused.value.step

    def forge(
        self,
        change: Change,
        parts: Mapping[str, bytes] = REQUEST,
        *,
        original: Signature | None = None,
        sign: Callable[[bytes], bytes] | None = None,
        again: bool = True,
    ) -> Signature:
        """A signature whose document was changed, then digested and signed anew by whoever has the key.

        `change` works on the root, or gives another one. `again=False` leaves digests and value as they were.
        """
        signature = original or self.sign(parts)
        root = etree.fromstring(signature.xml)
        other = change(root)
        root = root if other is None else other
        if again:
            beside = dict(parts)
            if signature.hash_chain_result is not None:
                beside["/sig-hashchainresult.xml"] = signature.hash_chain_result
            sign_again(root, beside, sign or (lambda data: keys.sign(self.holder.key, data)))
        return Signature(etree.tostring(root), signature.hash_chain_result, signature.hash_chain)


def sign_again(root: etree._Element, beside: Mapping[str, bytes], sign: Callable[[bytes], bytes]) -> None:
    """Make digests and value of the first signature right, whatever stands in it."""
    info = find(root, "SignedInfo")
    for reference in info.iter(f"{DS}Reference"):
        uri = reference.get("URI", "")
        octets = beside.get(uri, b"")
        if uri.startswith("#"):
            transform = next(reference.iter(f"{DS}Transform"), None)
            method = INCLUSIVE if transform is None else transform.get("Algorithm")
            octets = canonical(next(each for each in root.iter() if each.get("Id") == uri[1:]), method)
        name = keys.DIGESTS.get(find(reference, "DigestMethod").get("Algorithm"), "sha512")
        find(reference, "DigestValue").text = b64encode(hashlib.new(name, octets).digest()).decode()
    value = sign(canonical(info, find(info, "CanonicalizationMethod").get("Algorithm")))
    find(root, "SignatureValue").text = b64encode(value).decode()


def canonical(element: etree._Element, method: str | None) -> bytes:
    """The canonical form by that name."""
    return etree.tostring(element, method="c14n", exclusive=(method or "").startswith(EXCLUSIVE))
