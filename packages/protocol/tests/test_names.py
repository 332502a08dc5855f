"""Names agree at level E when only the keyboard differs, at level L when only accents and spaces do too."""

import unicodedata

import pytest
from hypothesis import given
from protocol_samples import names

from ketnoi_protocol.names import InvalidName, key_exact, key_legacy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Văn Hòa", "NGUYỄN VĂN HOÀ"),
        ("Thủy", "THUỶ"),
        ("Quý", "quý"),
        ("Quý", "Qúy"),
        ("Khỏe", "khoẻ"),
        ("Ðặng", "Đặng"),
        ("ðặng", "ĐẶNG"),
        ("  Lê \u00a0 An ", "lê an"),
        ("O\u2019Brien", "O'Brien"),
        ("O\u02bcBrien", "O'Brien"),
    ],
)
def test_the_same_spelling_agrees_exactly(one, other):
    assert key_exact(one) == key_exact(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Lý", "Lí"), ("Mỹ", "Mĩ"), ("Hoa", "Hòa"), ("Tân", "Tấn"), ("Hoàng", "Huỳnh"), ("Da", "Đa"), ("An Na", "Anna")],
)
def test_another_spelling_does_not_agree_exactly(one, other):
    assert key_exact(one) != key_exact(other)


@given(names)
def test_composition_and_case_do_not_matter(name):
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, name)
        assert key_exact(written) == key_exact(written.upper()) == key_exact(name)
        assert key_legacy(written) == key_legacy(name)


def test_the_legacy_key_is_what_callers_of_037_send():
    assert key_legacy("Nguyễn Thị Đào-Hoa") == "NGUYENTHIDAOHOA"
    assert key_legacy("NGUYENTHIDAOHOA") == "NGUYENTHIDAOHOA"


@given(names)
def test_names_that_agree_exactly_agree_in_the_legacy_form(name):
    assert key_legacy(name.replace("oà", "òa")) == key_legacy(name)


@pytest.mark.parametrize("name", ["", "  ", "-.'", "NguyÔn V¨n", "Нгуен", "阮", "A1", "A\nB", "A\x00", "A" * 301])
def test_what_is_no_name_is_refused_without_being_quoted(name):
    for key in (key_exact, key_legacy):
        with pytest.raises(InvalidName) as refused:
            key(name)
        assert not name.strip(" -.'") or name not in str(refused.value)


def test_a_name_of_which_no_letter_remains_has_no_legacy_key():
    with pytest.raises(InvalidName):
        key_legacy("\u0301\u0302")
