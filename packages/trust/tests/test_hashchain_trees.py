"""Hash chains made: every input finds its way to the one result, as an independent reading of the rules says."""

from __future__ import annotations

import hashlib
from base64 import b64decode

import pytest
from lxml import etree

from ketnoi_trust import hashchain
from ketnoi_trust.hashchain import Tree

SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
NAMES = ["/message.xml", "/attachment1", "/attachment2"]
WITH_APOSTROPHE = """/it's "quoted" & <odd>"""


def request(number, parts):
    return {name: f"{number} {name}".encode() for name in NAMES[:parts]}


def digests(parts):
    return {name: hashlib.sha512(octets).digest() for name, octets in parts.items()}


def der(tag, *contents):
    content = b"".join(contents)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 128 + size]) + len(content).to_bytes(size, "big") + content


def combined(values):
    """DigestList: a sequence of (digest, method, no transforms)."""
    each = [der(0x30, der(0x04, value), der(0x0C, SHA512.encode()), der(0x30)) for value in values]
    return hashlib.sha512(der(0x30, *each)).digest()


def root_of(leaves):
    """The array heap of X-Road: pairs from left to right, a missing right subtree takes the left value."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return combined([root_of(leaves[:half]), root_of(leaves[half:])])


@pytest.mark.parametrize("count", range(1, 18))
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_every_input_leads_to_the_result(count, parts):
    requests = [request(number, parts) for number in range(count)]
    tree = Tree([digests(each) for each in requests])
    for number, each in enumerate(requests):
        assert hashchain.verify(tree.result, tree.chain_of(number), each, each) == tuple(each)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 8, 9, 13])
def test_the_result_is_the_root_of_x_roads_tree(count):
    requests = [request(number, number % 3 + 1) for number in range(count)]
    leaves = [
        digest[0] if len(digest) == 1 else combined(digest)
        for digest in (list(digests(each).values()) for each in requests)
    ]
    result = etree.fromstring(Tree([digests(each) for each in requests]).result)
    assert b64decode(result[1].text) == root_of(leaves)
    assert result.get("URI") == "/sig-hashchain.xml#STEP0"
    assert result[0].get("Algorithm") == SHA512


def test_a_lone_request_with_a_body_has_one_step():
    tree = Tree([digests(request(0, 2))])
    chain = etree.fromstring(tree.chain_of(0))
    assert [each.get("id") for each in chain][1:] == ["STEP0"]
    assert [each.get("URI") for each in chain[1]] == NAMES[:2]


def test_a_single_part_stands_in_the_last_step_of_its_path():
    tree = Tree([digests(request(number, 1)) for number in range(3)])
    first, last = (etree.fromstring(tree.chain_of(number)) for number in (0, 2))
    kinds = [[etree.QName(value).localname for value in step] for step in first[1:]]
    assert kinds == [["StepRef", "HashValue"], ["DataRef", "HashValue"]]
    assert [[etree.QName(value).localname for value in step] for step in last[1:]] == [["HashValue", "DataRef"]]


def test_chains_of_others_do_not_fit():
    requests = [request(number, 2) for number in range(4)]
    tree = Tree([digests(each) for each in requests])
    for number in range(4):
        for other in set(range(4)) - {number}:
            with pytest.raises(hashchain.Refused):
                hashchain.verify(tree.result, tree.chain_of(number), requests[other], requests[other])


def test_ten_thousand_inputs_are_fourteen_steps_high():
    leaf = hashlib.sha512(b"").digest()
    tree = Tree([{"/META-INF/signatures.xml": leaf}] * 10_000, hashchain.TIMESTAMP_CHAIN)
    chain = tree.chain_of(9_999)
    inputs = {"/META-INF/signatures.xml": b""}
    assert hashchain.verify(tree.result, chain, inputs, inputs) == ("/META-INF/signatures.xml",)
    assert len(etree.fromstring(tree.chain_of(0))) == 1 + 14
    assert b'URI="/ts-hashchain.xml#STEP0"' in tree.result


@pytest.mark.parametrize("count", [1, 2])
def test_names_are_escaped(count):
    inputs = {WITH_APOSTROPHE: b""}
    tree = Tree([digests(inputs)] * count, WITH_APOSTROPHE)
    assert hashchain.verify(tree.result, tree.chain_of(0), inputs, inputs) == (WITH_APOSTROPHE,)


@pytest.mark.parametrize("inputs", [[], [{}], [{"/message.xml": bytes(64)}, {}], [{"/message.xml": bytes(32)}]])
def test_there_is_no_chain_over_nothing(inputs):
    with pytest.raises(ValueError, match="hash chain"):
        Tree(inputs)


@pytest.mark.parametrize("index", [-1, 2])
def test_there_is_no_chain_of_an_input_that_is_none(index):
    with pytest.raises(IndexError):
        Tree([{"/message.xml": bytes(64)}] * 2).chain_of(index)
