"""Hash chains: one signature, or one time stamp, over many inputs, of which each proves its own membership.

X-Road's format (namespace http://cyber.ee/hashchain), a Merkle tree written as XML: the *result* is what gets signed,
and each input has a *chain*, its path from the root.

What the root depends on is the digests and their methods alone. Whether a digest stands as a data reference, and under
which name, is not covered by it: so the names must come in the order in which they are written (`verify` gives them
back in their order), several parts must make up a step of their own, and nobody can learn from a chain alone that a
message had no second part.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from xml.sax.saxutils import quoteattr

from lxml import etree

from ketnoi_trust import ber, keys, xml
from ketnoi_trust.errors import Refused

CHAIN = "http://cyber.ee/hashchain"
DSIG = "http://www.w3.org/2000/09/xmldsig#"

SIGNATURE_CHAIN = "/sig-hashchain.xml"
TIMESTAMP_CHAIN = "/ts-hashchain.xml"

# A tree over 10,000 inputs is 14 steps high.
MAX_STEPS = 64
MAX_VALUES = 1_024

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NAMES = f'xmlns="{DSIG}" xmlns:ns2="{CHAIN}"'

Input = Mapping[str, bytes]


# A digest by SHA-512 has one length, so that all of its DER but the digest is constant.
_TRANSFORMS = ber.encode(ber.SEQUENCE)
_SHA512_METHOD = ber.encode(ber.UTF8_STRING, keys.SHA512.encode()) + _TRANSFORMS
_SHA512_HEAD = bytes((0x30, 64 + 2 + len(_SHA512_METHOD), 0x04, 64))


def _digest_list(digests: Sequence[bytes]) -> bytes:
    return ber.encode(ber.SEQUENCE, *(_SHA512_HEAD + each + _SHA512_METHOD for each in digests))


def _digest_list_of(values: Sequence[tuple[bytes, str]]) -> bytes:
    # The third member, transforms, is empty even where a transform is named: X-Road's code.
    return ber.encode(
        ber.SEQUENCE,
        *(
            ber.encode(
                ber.SEQUENCE,
                ber.encode(ber.OCTET_STRING, digest),
                ber.encode(ber.UTF8_STRING, method.encode()),
                _TRANSFORMS,
            )
            for digest, method in values
        ),
    )


class Tree:
    """Hash chains over inputs, in SHA-512.

    Each input is what one request signs: the digests (64 octets) of its parts under their names, in their order.
    `result` is the document to be signed or stamped; `chain_of(n)` is the document that leads from it to input n.
    `name` is what the chain is called beside the result. Raises ValueError where there is nothing to chain.
    """

    def __init__(self, inputs: Sequence[Input], name: str = SIGNATURE_CHAIN) -> None:
        if not inputs or not all(inputs) or any(len(digest) != 64 for each in inputs for digest in each.values()):
            raise ValueError("a hash chain needs inputs, each with SHA-512 digests")
        self._inputs = inputs
        # From the leaves to the root. A node without a neighbour moves up as it is.
        self._levels = [[_leaf(each) for each in inputs]]
        while len(nodes := self._levels[-1]) > 1:
            above = [_node(nodes[left : left + 2]) for left in range(0, len(nodes) - 1, 2)]
            self._levels.append(above + nodes[-1:] if len(nodes) % 2 else above)
        lone = len(inputs) == 1 and len(inputs[0]) == 1
        top = _node(self._levels[0]) if lone else self._levels[-1][0]
        self.result = (
            f"{_HEAD}<ns2:HashChainResult URI={quoteattr(name + '#STEP0')} {_NAMES}>\n"
            f'    <DigestMethod Algorithm="{keys.SHA512}"/>\n'
            f"    <DigestValue>{b64encode(top).decode()}</DigestValue>\n</ns2:HashChainResult>\n"
        ).encode()

    def chain_of(self, index: int) -> bytes:
        """The chain of input `index`, counted from 0. Raises IndexError."""
        if not 0 <= index < len(self._inputs):
            raise IndexError("no such input")
        parts = self._inputs[index]
        # From the root down: on which side our node stands, and its neighbour; nodes without one take no step.
        neighbours = []
        for height in range(len(self._levels) - 2, -1, -1):
            below, node = self._levels[height], index >> height
            if node ^ 1 < len(below):
                neighbours.append((node % 2 == 0, below[node ^ 1]))
        references = "".join(_value("DataRef", digest, f" URI={quoteattr(name)}") for name, digest in parts.items())
        # Several parts have a step of their own; a single part stands where that step would be referred to.
        own_step = len(parts) > 1 or not neighbours
        steps = []
        for number, (is_left, other) in enumerate(neighbours, 1):
            ends = number == len(neighbours) and not own_step
            own = references if ends else f'        <ns2:StepRef URI="#STEP{number}"/>\n'
            steps.append(own + _value("HashValue", other) if is_left else _value("HashValue", other) + own)
        if own_step:
            steps.append(references)
        written = "".join(
            f'    <ns2:HashStep id="STEP{number}">\n{each}    </ns2:HashStep>\n' for number, each in enumerate(steps)
        )
        return (
            f'{_HEAD}<ns2:HashChain {_NAMES}>\n    <ns2:DefaultDigestMethod Algorithm="{keys.SHA512}"/>\n'
            f"{written}</ns2:HashChain>\n"
        ).encode()


def _node(below: Sequence[bytes]) -> bytes:
    return hashlib.sha512(_digest_list(below)).digest()


def _leaf(parts: Input) -> bytes:
    digests = tuple(parts.values())
    return digests[0] if len(digests) == 1 else _node(digests)


def _value(element: str, digest: bytes, attributes: str = "") -> str:
    return (
        f"        <ns2:{element}{attributes}>\n"
        f"            <DigestValue>{b64encode(digest).decode()}</DigestValue>\n        </ns2:{element}>\n"
    )


def verify(
    result_xml: bytes,
    chain_xml: bytes,
    inputs: Mapping[str, bytes],
    required: Collection[str],
    *,
    strict: bool = False,
    transforms: bool = False,
    together: bool = False,
    further_chains: Mapping[str, bytes] | None = None,
) -> tuple[str, ...]:
    """Judge a chain against its result, and the inputs (octets under their names) against the chain.

    Gives the names of the data references in the order of their steps, also of those that are not among `inputs`:
    a body that was deleted since leaves its digest behind. `required` names must be there and be referred to.
    `strict` refuses digest methods that are weak (our choice). `together` asks that several data references be the
    whole content of one step, as the parts of one message are: a neighbour's digest cannot be named as one of them.
    `further_chains` are documents that the chain refers to by name. Transforms change what is digested and are not
    covered by the result, so they are taken only where `transforms` says so, and on small XML only.

    Raises Refused: "malformed_hash_chain" for documents that are none, "invalid_hash_chain_ref" when an input is not
    the one referred to, "invalid_hash_chain" when the steps do not lead to the result, "hashchain_unused_inputs" when
    a required input is missing or not referred to.
    """
    uri, method, expected = _read_result(result_xml)
    name = uri.partition("#")[0]
    walk = _Walk({name: chain_xml, **(further_chains or {})}, inputs, transforms)
    top = keys.digest(method, walk.step(uri, name))
    if not compare_digest(top, expected):
        raise Refused("invalid_hash_chain", "the hash chain does not lead to its result")
    if strict and not keys.WEAK.isdisjoint({method, *walk.methods}):
        raise _malformed("the hash chain uses a weak digest method")
    if together and len(walk.names) > 1 and walk.own_steps != [True]:
        raise _malformed("the inputs do not make up one step")
    if not all(each in inputs and each in walk.names for each in required):
        raise Refused("hashchain_unused_inputs", "the hash chain does not refer to all that it must")
    return tuple(walk.names)


@dataclass(frozen=True, slots=True)
class _Value:
    """One digest of a step: a HashValue, StepRef or DataRef with its digest (None for most StepRefs)."""

    kind: str
    uri: str
    method: str
    transforms: tuple[str, ...]
    digest: bytes | None


class _Walk:
    """The way from a step to all that it refers to. No step is gone through twice, so that loops end."""

    def __init__(self, chains: Mapping[str, bytes], inputs: Mapping[str, bytes], transforms: bool) -> None:
        self._documents = chains
        self._chains: dict[str, dict[str, tuple[_Value, ...]]] = {}
        self._inputs = inputs
        self._transforms = transforms
        self._seen: set[tuple[str, str]] = set()
        self.names: list[str] = []
        self.methods: set[str] = set()
        # For each step with data references: whether it holds nothing else.
        self.own_steps: list[bool] = []

    def step(self, uri: str, base: str) -> bytes:
        """The DER of the step that `uri` names, seen from the document `base`."""
        name, _, step = uri.partition("#")
        name = name or base
        if (name, step) in self._seen:
            raise _malformed("a step is referred to twice")
        self._seen.add((name, step))
        values = self._chain(name).get(step)
        if values is None:
            raise _malformed("a step that is referred to is missing")
        self.methods.update(each.method for each in values)
        kinds = {each.kind for each in values}
        if "DataRef" in kinds:
            self.own_steps.append(kinds == {"DataRef"})
        return _digest_list_of([(self._digest(each, name), each.method) for each in values])

    def _chain(self, name: str) -> dict[str, tuple[_Value, ...]]:
        if name not in self._chains:
            document = self._documents.get(name)
            if document is None:
                raise _malformed("a chain that is referred to is missing")
            self._chains[name] = _read_chain(document)
        return self._chains[name]

    def _digest(self, value: _Value, base: str) -> bytes:
        if value.kind == "StepRef":
            digest = keys.digest(value.method, self.step(value.uri, base))
            if value.digest is not None and not compare_digest(digest, value.digest):
                raise Refused("invalid_hash_chain_ref", "a step is not the one referred to")
            return digest
        if value.digest is None:
            raise _malformed("a digest is missing")
        if value.kind == "DataRef":
            if value.uri in self.names:
                raise _malformed("an input is referred to twice")
            self.names.append(value.uri)
            data = self._inputs.get(value.uri)
            if data is not None and not compare_digest(
                keys.digest(value.method, self._transformed(data, value.transforms)), value.digest
            ):
                raise Refused("invalid_hash_chain_ref", f"the input {value.uri} is not the one referred to")
        return value.digest

    def _transformed(self, data: bytes, transforms: tuple[str, ...]) -> bytes:
        for each in transforms:
            if not self._transforms:
                raise _malformed("transforms are not taken here")
            try:
                data = xml.canonical(xml.parse_signed(data, plain=False), each)
            except Refused as refused:
                raise Refused("invalid_hash_chain_ref", refused.message) from refused
        return data


def _read_result(data: bytes) -> tuple[str, str, bytes]:
    root = _root(data, "HashChainResult")
    if [each.tag for each in root] != [_DIGEST_METHOD, _DIGEST_VALUE]:
        raise _malformed("the result does not hold one digest")
    return root.get("URI", ""), _method(root[0]), _octets(root[1])


def _read_chain(data: bytes) -> dict[str, tuple[_Value, ...]]:
    root = _root(data, "HashChain")
    if len(root) < 2 or len(root) > MAX_STEPS + 1 or root[0].tag != f"{{{CHAIN}}}DefaultDigestMethod":
        raise _malformed("the chain does not hold a default digest method and steps")
    default = _method(root[0])
    steps: dict[str, tuple[_Value, ...]] = {}
    for step in list(root)[1:]:
        name = step.get("id")
        if step.tag != f"{{{CHAIN}}}HashStep" or name is None or name in steps or not 0 < len(step) <= MAX_VALUES:
            raise _malformed("a step of the chain has a wrong form")
        steps[name] = tuple(_read_value(each, default) for each in step)
    return steps


def _read_value(element: etree._Element, default: str) -> _Value:
    kind = _KINDS.get(element.tag)
    uri = element.get("URI", "")
    if kind is None or (kind == "HashValue") is bool(uri):
        raise _malformed("a value of the chain has a wrong form")
    method = default
    transforms: tuple[str, ...] = ()
    digest = None
    left = list(element)
    if left and left[0].tag == _DIGEST_METHOD:
        method = _method(left.pop(0))
    if left and left[0].tag == f"{{{DSIG}}}Transforms":
        transforms = tuple(_transform(each) for each in left.pop(0))
    if left and left[0].tag == _DIGEST_VALUE:
        digest = _octets(left.pop(0))
    if left or len(transforms) > 1:
        raise _malformed("a value of the chain has a wrong form")
    return _Value(kind, uri, method, transforms, digest)


_DIGEST_METHOD = f"{{{DSIG}}}DigestMethod"
_DIGEST_VALUE = f"{{{DSIG}}}DigestValue"
_KINDS = {f"{{{CHAIN}}}{kind}": kind for kind in ("HashValue", "StepRef", "DataRef")}


def _root(data: bytes, name: str) -> etree._Element:
    try:
        root = xml.parse_signed(data)
    except Refused as refused:
        raise _malformed(refused.message) from refused
    if root.tag != f"{{{CHAIN}}}{name}":
        raise _malformed(f"the document is no {name}")
    return root


def _method(element: etree._Element) -> str:
    method = element.get("Algorithm")
    if method not in keys.DIGESTS or len(element):
        raise _malformed("a digest method is not known here")
    return method


def _transform(element: etree._Element) -> str:
    method = element.get("Algorithm")
    if element.tag != f"{{{DSIG}}}Transform" or method not in xml.CANONICAL_FORMS or len(element):
        raise _malformed("a transform is not known here")
    return method


def _octets(element: etree._Element) -> bytes:
    if len(element):
        raise _malformed("a digest has a wrong form")
    try:
        return xml.base64_of(element.text)
    except Refused as refused:
        raise _malformed(refused.message) from refused


def _malformed(message: str) -> Refused:
    return Refused("malformed_hash_chain", message)
