"""The officer's card as a field of a message, and for whom it is."""

import msgspec
import pytest

from ketnoi_protocol.officer_token import OfficerToken, audience

DECODER = msgspec.json.Decoder(OfficerToken)


@pytest.mark.parametrize("text", ["", "a", "aa.bb", "aa.bb.cc.dd", "aa..cc", "aa.b b.cc", "aa.bb.cc\n", "aa.bb.c="])
def test_what_is_no_compact_jws_is_no_card(text):
    with pytest.raises(msgspec.ValidationError):
        DECODER.decode(msgspec.json.encode(text))


def test_a_card_is_bounded():
    longest = "aa.bb." + "c" * (2048 - 6)
    assert DECODER.decode(msgspec.json.encode(longest)) == longest
    with pytest.raises(msgspec.ValidationError):
        DECODER.decode(msgspec.json.encode(longest + "c"))


def test_a_card_is_for_the_registry_of_one_environment():
    assert audience("test") == "ketnoi-registry:test"
    assert audience("production") == "ketnoi-registry:production"
    with pytest.raises(ValueError):
        audience("country")
