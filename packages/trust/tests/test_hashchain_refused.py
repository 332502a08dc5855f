"""Hash chains judged: X-Road's own, and every way in which one can be wrong."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from ketnoi_trust import hashchain, xml
from ketnoi_trust.errors import Refused
from ketnoi_trust.hashchain import Tree

NAMES = 'xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:h="http://cyber.ee/hashchain"'
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
PARTS = {"/message.xml": b"POST", "/attachment1": b"{}"}
TREE = Tree([{name: hashlib.sha512(octets).digest() for name, octets in PARTS.items()}] * 3)
CHAIN = TREE.chain_of(1)


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def judged(result=TREE.result, chain=CHAIN, inputs=PARTS, required=PARTS, **options):
    return hashchain.verify(result, chain, inputs, required, **options)


@pytest.fixture
def read(vectors):
    return lambda name: (vectors / "hashchain" / f"hc-verifier{name}.xml").read_bytes()


def test_x_roads_first_case(read):
    inputs = {"/message.xml": read("1-message")}
    assert judged(read("1-hashchainresult"), read("1-hashchain"), inputs, inputs) == ("/message.xml",)


def test_x_roads_second_case_has_no_data_to_its_digests(read):
    names = ("/message.xml", "/attachment1", "/attachment2", "/attachment3")
    assert judged(read("2-hashchainresult"), read("2-hashchain"), {}, ()) == names
    assert code_of(lambda: judged(read("2-hashchainresult"), read("2-hashchain"), {}, names)) == (
        "hashchain_unused_inputs"
    )


def test_x_roads_third_case_transforms_what_is_digested(read):
    inputs = {"/message.xml": read("3-message")}
    result = read("3-hashchainresult")
    assert judged(result, read("3-hashchain"), inputs, inputs, transforms=True) == ("/message.xml",)
    assert code_of(lambda: judged(result, read("3-hashchain"), inputs, inputs)) == "malformed_hash_chain"
    for transforms in (False, True):
        act = lambda taken=transforms: judged(  # noqa: E731
            result, read("3-hashchain-invalid"), inputs, inputs, transforms=taken
        )
        assert code_of(act) == "invalid_hash_chain_ref"


def test_x_roads_fourth_case_has_two_files(read):
    inputs = {"/message.xml": read("4-message")}
    result, chain = read("4-hashchainresult"), read("4-hashchain1")
    further = {"/hashchain2.xml": read("4-hashchain2")}
    assert judged(result, chain, inputs, inputs, further_chains=further) == ("/message.xml",)
    assert code_of(lambda: judged(result, chain, inputs, inputs)) == "malformed_hash_chain"


def test_x_roads_fifth_case_breaks_the_schema(read):
    inputs = {"/message.xml": read("1-message")}
    act = lambda: judged(read("1-hashchainresult"), read("5-hashchain-invalid-schema"), inputs, inputs)  # noqa: E731
    assert code_of(act) == "malformed_hash_chain"


def test_x_roads_batch(vectors):
    folder = vectors / "signatures"
    inputs = {"/message.xml": (folder / "message-1.xml").read_bytes()}
    result = (folder / "hash-chain-result.xml").read_bytes()
    first, second = ((folder / f"hash-chain-{number}.xml").read_bytes() for number in (1, 2))
    assert judged(result, first, inputs, inputs) == ("/message.xml", "/attachment1")
    # The second one is of another batch: none of its digests is among those that the result is made of.
    assert code_of(lambda: judged(result, second, inputs, inputs)) == "invalid_hash_chain_ref"
    assert code_of(lambda: judged(result, second, {}, ())) == "invalid_hash_chain"


def test_the_good_one():
    assert judged() == judged(strict=True) == tuple(PARTS)


def test_an_input_that_was_changed():
    assert code_of(lambda: judged(inputs={**PARTS, "/attachment1": b"[]"})) == "invalid_hash_chain_ref"


def test_an_input_that_is_gone_leaves_its_name():
    rest = {"/message.xml": PARTS["/message.xml"]}
    assert judged(inputs=rest, required=rest) == tuple(PARTS)
    assert code_of(lambda: judged(inputs=rest)) == "hashchain_unused_inputs"


def test_an_input_that_nothing_refers_to():
    more = {**PARTS, "/attachment2": b""}
    assert code_of(lambda: judged(inputs=more, required=more)) == "hashchain_unused_inputs"


def test_a_result_that_the_steps_do_not_lead_to():
    other = Tree([{"/message.xml": bytes(64)}] * 3).result
    assert code_of(lambda: judged(result=other)) == "invalid_hash_chain"


def one_step(inside, method=SHA256, attributes="id='STEP0'", more=""):
    return (
        f"<h:HashChain {NAMES}><h:DefaultDigestMethod Algorithm='{method}'/>"
        f"<h:HashStep {attributes}>{inside}</h:HashStep>{more}</h:HashChain>"
    ).encode()


VALUE = "<h:HashValue><DigestValue>AA==</DigestValue></h:HashValue>"
DATA = "<h:DataRef URI='/message.xml'><DigestValue>AA==</DigestValue></h:DataRef>"


def transformed(transforms):
    return one_step(
        f"<h:DataRef URI='/m'><Transforms>{transforms}</Transforms><DigestValue>AA==</DigestValue></h:DataRef>"
    )


C14N = f"<Transform Algorithm='{xml.INCLUSIVE}'/>"

CHAINS = {
    "no XML": b"POST",
    "a comment in a digest": one_step("<h:HashValue><DigestValue>AA<!-- -->==</DigestValue></h:HashValue>"),
    "the result in its place": TREE.result,
    "no steps": f"<h:HashChain {NAMES}><h:DefaultDigestMethod Algorithm='{SHA256}'/></h:HashChain>".encode(),
    "no default method": one_step(VALUE).replace(b"DefaultDigestMethod", b"DigestMethod"),
    "an unknown method": one_step(VALUE, "http://www.w3.org/2001/04/xmldsig-more#md5"),
    "no method": one_step(VALUE).replace(b"Algorithm", b"Method"),
    "something in a method": one_step(VALUE).replace(b"sha256'/>", b"sha256'><a/></h:DefaultDigestMethod>"),
    "a step of another name": one_step(VALUE).replace(b"HashStep", b"Step"),
    "a step without a name": one_step(VALUE, attributes=""),
    "a step with another name": one_step(VALUE, attributes="id='STEP1'"),
    "two steps of one name": one_step(VALUE, more=f"<h:HashStep id='STEP0'>{VALUE}</h:HashStep>"),
    "an empty step": one_step(""),
    "a step that is too long": one_step(VALUE * (hashchain.MAX_VALUES + 1)),
    "too many steps": one_step(VALUE, more=f"<h:HashStep id='S'>{VALUE}</h:HashStep>" * hashchain.MAX_STEPS),
    "another value": one_step("<h:Value><DigestValue>AA==</DigestValue></h:Value>"),
    "a value that refers": one_step(VALUE.replace("HashValue>", "HashValue URI='/message.xml'>", 1)),
    "a reference to nothing": one_step(DATA.replace(" URI='/message.xml'", "")),
    "a value without a digest": one_step("<h:HashValue/>"),
    "a reference without a digest": one_step("<h:DataRef URI='/message.xml'/>"),
    "a digest that is none": one_step(VALUE.replace("AA==", "AA")),
    "elements in a digest": one_step(VALUE.replace("AA==", "AA==<a/>")),
    "two digests": one_step(VALUE.replace("</h:", "<DigestValue/></h:")),
    "a missing step": one_step("<h:StepRef URI='#STEP1'/>"),
    "a step that leads to itself": one_step("<h:StepRef URI='#STEP0'/>"),
    "a missing file": one_step("<h:StepRef URI='/other.xml#STEP0'/>"),
    "one input twice": one_step(DATA + DATA),
    "a transform": transformed(C14N),
    "two transforms": transformed(C14N * 2),
    "another transform": transformed("<Transform Algorithm='http://www.w3.org/TR/1999/REC-xslt-19991116'/>"),
    "a transform of another name": transformed(C14N.replace("Transform ", "Other ")),
    "something in a transform": transformed(C14N.replace("/>", "><a/></Transform>")),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_without_the_form_of_one(name):
    act = lambda: judged(chain=CHAINS[name], inputs={"/m": b"<a/>"}, required=(), transforms=name != "a transform")  # noqa: E731
    assert code_of(act) == "malformed_hash_chain"


RESULTS = {
    "no XML": b"POST",
    "the chain in its place": CHAIN,
    "no digest": f"<h:HashChainResult URI='#STEP0' {NAMES}/>".encode(),
    "another order": TREE.result.replace(b"DigestMethod", b"X").replace(b"DigestValue", b"DigestMethod"),
    "an unknown method": TREE.result.replace(b"sha512", b"md5"),
    "a digest that is none": TREE.result.replace(b"</DigestValue>", b"A</DigestValue>"),
    "no name": TREE.result.replace(b"URI=", b"URL="),
    "a step that is missing": TREE.result.replace(b"#STEP0", b"#STEP9"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_without_the_form_of_one(name):
    assert code_of(lambda: judged(result=RESULTS[name])) == "malformed_hash_chain"


def one_result(step_der_digest, method=SHA256):
    return (
        f"<h:HashChainResult URI='/c#STEP0' {NAMES}><DigestMethod Algorithm='{method}'/>"
        f"<DigestValue>{step_der_digest}</DigestValue></h:HashChainResult>"
    ).encode()


def digest_list(method, digest=b"\0"):
    inner = bytes([4, len(digest)]) + digest + bytes([12, len(method)]) + method.encode() + b"\x30\x00"
    each = bytes([0x30, len(inner)]) + inner
    return bytes([0x30, len(each)]) + each


def base64_digest(method, data):
    return b64encode(hashlib.new("sha256" if method == SHA256 else "sha1", data).digest()).decode()


def test_weak_methods_are_taken_as_x_road_does_and_refused_in_strict():
    result = one_result(base64_digest(SHA1, digest_list(SHA1)), SHA1)
    chain = one_step(VALUE, SHA1)
    assert judged(result, chain, {}, ()) == ()
    assert code_of(lambda: judged(result, chain, {}, (), strict=True)) == "malformed_hash_chain"
    mixed = one_step(VALUE.replace("<Digest", f"<DigestMethod Algorithm='{SHA1}'/><Digest", 1))
    result = one_result(base64_digest(SHA256, digest_list(SHA1)))
    assert judged(result, mixed, {}, ()) == ()
    assert code_of(lambda: judged(result, mixed, {}, (), strict=True)) == "malformed_hash_chain"


def test_a_step_reference_may_carry_its_digest():
    inner = hashlib.sha256(digest_list(SHA256)).digest()
    told = f"<h:StepRef URI='#STEP1'><DigestValue>{b64encode(inner).decode()}</DigestValue></h:StepRef>"
    more = f"<h:HashStep id='STEP1'>{VALUE}</h:HashStep>"
    result = one_result(base64_digest(SHA256, digest_list(SHA256, inner)))
    assert judged(result, one_step(told, more=more), {}, ()) == ()
    wrong = told.replace(b64encode(inner).decode(), "AA==")
    assert code_of(lambda: judged(result, one_step(wrong, more=more), {}, ())) == "invalid_hash_chain_ref"


def test_what_is_to_be_transformed_must_be_small_xml():
    chain = transformed(C14N)
    for octets in (b"POST", b"<a>" + b" " * xml.MAX_BYTES + b"</a>"):
        inputs = {"/m": octets}
        act = lambda given=inputs: judged(chain=chain, inputs=given, required=(), transforms=True)  # noqa: E731
        assert code_of(act) == "invalid_hash_chain_ref"


def test_many_steps_that_refer_to_one_another_take_no_time():
    steps = "".join(
        f"<h:HashStep id='STEP{n}'>" + f"<h:StepRef URI='#STEP{n + 1}'/>" * 2 + "</h:HashStep>" for n in range(1, 60)
    )
    chain = one_step("<h:StepRef URI='#STEP1'/>", more=steps + f"<h:HashStep id='STEP60'>{VALUE}</h:HashStep>")
    assert code_of(lambda: judged(chain=chain)) == "malformed_hash_chain"


def test_several_inputs_are_the_whole_content_of_one_step():
    assert judged(together=True) == tuple(PARTS)
    alone = Tree([{"/message.xml": hashlib.sha512(b"POST").digest()}] * 2)
    assert judged(alone.result, alone.chain_of(0), PARTS, (), together=True) == ("/message.xml",)


def test_a_step_with_something_beside_the_inputs():
    digests = {name: hashlib.sha512(octets).digest() for name, octets in {**PARTS, "/attachment2": b"2"}.items()}
    tree = Tree([digests])
    head, _, rest = tree.chain_of(0).partition(b'<ns2:DataRef URI="/attachment2">')
    chain = head + b"<ns2:HashValue>" + rest.replace(b"</ns2:DataRef>", b"</ns2:HashValue>")
    assert judged(tree.result, chain) == tuple(PARTS)
    assert code_of(lambda: judged(tree.result, chain, together=True)) == "malformed_hash_chain"


def test_inputs_in_two_steps():
    """A neighbour's own step, known to whoever holds its evidence, written out under the names of further parts."""
    neighbour = {"/attachment2": b"POST 2", "/attachment3": b"{2}"}
    digests = [{name: hashlib.sha512(each).digest() for name, each in parts.items()} for parts in (PARTS, neighbour)]
    tree = Tree(digests)
    steps = [
        "".join(
            f'<h:DataRef URI="{name}"><DigestValue>{b64encode(digest).decode()}</DigestValue></h:DataRef>'
            for name, digest in each.items()
        )
        for each in digests
    ]
    chain = (
        f'<h:HashChain {NAMES}><h:DefaultDigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>'
        '<h:HashStep id="STEP0"><h:StepRef URI="#STEP1"/><h:StepRef URI="#STEP2"/></h:HashStep>'
        f'<h:HashStep id="STEP1">{steps[0]}</h:HashStep><h:HashStep id="STEP2">{steps[1]}</h:HashStep></h:HashChain>'
    ).encode()
    both = {**PARTS, **neighbour}
    assert judged(tree.result, chain, both, both) == tuple(both)
    assert code_of(lambda: judged(tree.result, chain, both, both, together=True)) == "malformed_hash_chain"
