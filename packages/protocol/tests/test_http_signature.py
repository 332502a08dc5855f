"""The texts of an integration account's signature (RFC 9421, RFC 9530)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.http_signature import (
    LENGTH,
    SignatureInput,
    check_content_digest,
    content_digest,
    format_signature,
    parse_signature,
)

COVERED = '("content-digest" "x-road-id")'
printable = st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\')
key_ids = st.text(printable, min_size=1, max_size=100)


@given(st.integers(0, 10**15 - 1), key_ids)
def test_parameters_survive_the_header(created, key_id):
    made = SignatureInput.of(created, key_id)
    assert SignatureInput.parse(str(made)) == made
    assert SignatureInput.parse(f"  {made} ") == made


def test_the_signature_base_is_that_of_the_rfc():
    base = SignatureInput.of(1772438400, "h55-motcua").base("sha-256=:AA==:", "VDXP-TEST-1")
    assert base == (
        b'"content-digest": sha-256=:AA==:\n'
        b'"x-road-id": VDXP-TEST-1\n'
        b'"@signature-params": ("content-digest" "x-road-id")'
        b';created=1772438400;keyid="h55-motcua";alg="ecdsa-p256-sha256"'
    )


def test_parameters_in_another_order_are_signed_as_they_came():
    text = f'{COVERED};alg="ecdsa-p256-sha256";keyid="a b";created=5'
    read = SignatureInput.parse(f"ketnoi={text}")
    assert (read.created, read.key_id) == (5, "a b")
    assert read.base("d", "i").endswith(text.encode())


@given(st.text(max_size=20))
def test_an_id_that_could_forge_a_line_is_not_signed(value):
    made = SignatureInput.of(1, "k")
    if value.isascii() and value.isprintable():
        assert made.base("d", value).count(b"\n") == 2
    else:
        for values in ((value, "i"), ("d", value)):
            with pytest.raises(Refusal) as refused:
                made.base(*values)
            assert refused.value.code == "20"


@pytest.mark.parametrize(
    "value",
    [
        "",
        f'other={COVERED};created=1;keyid="k";alg="ecdsa-p256-sha256"',
        f'ketnoi={COVERED};created=1;keyid="k"',
        f'ketnoi={COVERED};created=1;keyid="k";alg="ecdsa-p384-sha384"',
        f'ketnoi={COVERED};created=1;keyid="k";alg="rsa-v1_5-sha256"',
        f'ketnoi={COVERED};created=1;created=2;keyid="k"',
        f'ketnoi={COVERED};keyid="k";keyid="l";alg="ecdsa-p256-sha256"',
        f'ketnoi={COVERED};created=1;keyid="k";alg="ecdsa-p256-sha256";expires=9',
        f'ketnoi={COVERED};created=-1;keyid="k";alg="ecdsa-p256-sha256"',
        f'ketnoi={COVERED};created=1.5;keyid="k";alg="ecdsa-p256-sha256"',
        f'ketnoi={COVERED};created=1;keyid="";alg="ecdsa-p256-sha256"',
        f'ketnoi={COVERED};created=1;keyid="k\\"";alg="ecdsa-p256-sha256"',
        'ketnoi=("content-digest");created=1;keyid="k";alg="ecdsa-p256-sha256"',
        'ketnoi=("x-road-id" "content-digest");created=1;keyid="k";alg="ecdsa-p256-sha256"',
        f'ketnoi={COVERED};created=1;keyid="k";alg="ecdsa-p256-sha256", b={COVERED};created=1',
    ],
)
def test_another_signature_input_is_refused(value):
    with pytest.raises(Refusal) as refused:
        SignatureInput.parse(value)
    assert refused.value.code == "20"


@pytest.mark.parametrize("created", [-1, 10**15])
def test_a_moment_that_cannot_be_written_is_not_signed(created):
    with pytest.raises(ValueError):
        SignatureInput.of(created, "k")


@pytest.mark.parametrize("key_id", ["", 'a"b', "é", "k\n", "k" * 101])
def test_an_account_that_cannot_be_written_is_not_signed(key_id):
    with pytest.raises(ValueError):
        SignatureInput.of(1, key_id)


def test_the_digest_is_that_of_the_rfc():
    body = b'{"hello": "world"}\n'  # RFC 9530, appendix B
    assert content_digest(body) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_a_digest_belongs_to_one_body(body, other):
    check_content_digest(content_digest(body) + " ", body)
    if other != body:
        with pytest.raises(Refusal) as refused:
            check_content_digest(content_digest(other), body)
        assert refused.value.code == "20"


@given(st.binary(min_size=LENGTH, max_size=LENGTH))
def test_a_signature_value_survives_the_header(value):
    assert parse_signature(format_signature(value)) == value


@pytest.mark.parametrize("length", [0, 63, 65, 72])
def test_a_signature_value_has_one_length(length):
    with pytest.raises(ValueError):
        format_signature(bytes(length))
    with pytest.raises(Refusal) as refused:
        parse_signature(f"ketnoi=:{base64.b64encode(bytes(length)).decode()}:")
    assert refused.value.code == "20"


@pytest.mark.parametrize("value", ["", "ketnoi=:A:", "ketnoi=A", "other=:AAAA:", "ketnoi=:AA-_:", "ketnoi=:AAAAA:"])
def test_another_signature_is_refused(value):
    with pytest.raises(Refusal) as refused:
        parse_signature(value)
    assert refused.value.code == "20"
