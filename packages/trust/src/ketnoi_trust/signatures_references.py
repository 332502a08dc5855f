"""What a signature's references lead to: parts of the message, the hash chain's result, or the signature itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

from lxml import etree

from ketnoi_trust import keys, xml
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures_reading import Document, Reference, malformed
from ketnoi_trust.signatures_writing import MESSAGE, RESULT, SIGNED_PROPERTIES

# X-Road's servers and EU-DSS write one, to the signed properties. Each costs a canonical form.
MAX_OWN_REFERENCES = 2

_BY_ID = etree.XPath("//*[@Id=$id]")


@dataclass(frozen=True, slots=True)
class Target:
    """A reference with what it leads to: octets to be digested, None where there is nothing by that name."""

    reference: Reference
    is_properties: bool
    octets: bytes | None = field(repr=False)

    @property
    def lies_beside(self) -> bool:
        """Whether the reference leads out of the document."""
        return not self.reference.uri.startswith("#")


def resolve(document: Document, beside: Mapping[str, bytes]) -> list[Target]:
    """Each reference with its target. `beside` are octets under the names by which references know them.

    What lies beside is signed as it is; elements are put into the canonical form that the reference names, inclusive
    where it names none (XMLDSIG 1.1, 4.4.3.2). Raises Refused("malformed_signature") for other forms, and for too
    many of them.
    """
    if sum(each.uri.startswith("#") for each in document.references) > MAX_OWN_REFERENCES:
        raise malformed("too many references into the signature")
    targets = []
    for each in document.references:
        if each.uri.startswith("#"):
            targets.append(_own(document, each))
        elif each.transform is not None:
            raise malformed("what lies beside the signature is to be transformed")
        else:
            targets.append(Target(each, False, beside.get(each.uri)))
    return targets


def _own(document: Document, reference: Reference) -> Target:
    """The target of a reference into the document."""
    name, tree = reference.uri[1:], document.tree
    if tree is None:
        # Documents of a known shape refer to nothing of their own but their properties.
        assert document.canonical is not None
        return Target(reference, True, document.canonical.properties)
    if tree.properties.get("Id") == name:
        return Target(reference, True, _canonical(tree.properties, reference.transform))
    found = _BY_ID(tree.root, id=name)
    if isinstance(found, list) and found and isinstance(found[0], etree._Element):
        return Target(reference, False, _canonical(found[0], reference.transform))
    return Target(reference, False, None)


def _canonical(element: etree._Element, method: str | None) -> bytes:
    try:
        return xml.canonical(element, xml.INCLUSIVE if method is None else method)
    except Refused as refused:
        raise malformed(refused.message) from refused


def check_targets(targets: list[Target], *, partial: bool) -> None:
    """The references lead somewhere, and the message and the signature's own properties are among their targets.

    `partial` lets attachments be missing. Raises Refused("malformed_signature").
    """
    names = [each.reference.uri for each in targets]
    if len(set(names)) != len(names):
        raise malformed("two references lead to the same place")
    if any(each.octets is None and not (partial and is_attachment(each.reference.uri)) for each in targets):
        raise malformed("a reference leads nowhere")
    if MESSAGE not in names and RESULT not in names:
        raise malformed("the message is not signed")
    if [each.is_properties for each in targets if each.reference.type == SIGNED_PROPERTIES] != [True]:
        raise malformed("the signature's own properties are not signed")


def is_attachment(name: str) -> bool:
    """Whether this is the name of a message's further part."""
    return name.startswith("/attachment")


def in_order(names: Collection[str]) -> tuple[str, ...]:
    """Names of a message's parts in their order: the message, then the attachments by their numbers."""
    return tuple(sorted(names, key=lambda name: (is_attachment(name), len(name), name)))


def check_digests(targets: list[Target]) -> None:
    """Every target is the one that was signed. Raises Refused("invalid_signature_value") as X-Road does."""
    for each in targets:
        if each.octets is not None and not compare_digest(
            keys.digest(each.reference.method, each.octets), each.reference.digest
        ):
            raise Refused("invalid_signature_value", f"{each.reference.uri} is not what was signed")


def check_covered(
    parts: Collection[str], signed: Collection[str], chained: tuple[str, ...] | None, *, partial: bool
) -> None:
    """Every part is signed, directly or through the hash chain, and no part is missing; `partial` as above.

    `signed` and `chained` are the names referred to; `chained` is None where there is no chain. Names in a chain are
    not covered by what is signed, their order is (see `hashchain`): so it must be the one in which they are written.
    Raises Refused("hashchain_unused_inputs") for chains and Refused("invalid_reference") for direct references.
    """
    code = "invalid_reference" if chained is None else "hashchain_unused_inputs"
    if chained is not None and list(chained) != [MESSAGE, *(f"/attachment{n}" for n in range(1, len(chained)))]:
        raise Refused(code, "the hash chain does not name the message's parts in their order")
    covered = {*signed, *(chained or ())}
    if not covered.issuperset(parts):
        raise Refused(code, "a part of the message is not signed")
    if not all(each in parts or (partial and is_attachment(each)) for each in covered):
        raise Refused(code, "a part of the message that was signed is missing")
