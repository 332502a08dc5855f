"""The 63 provinces and 195 codes of births abroad that personal numbers begin with."""

import pytest

from ketnoi_protocol.places import ABROAD, PROVINCES, place_of


def test_there_are_63_provinces_and_195_codes_abroad():
    assert len(PROVINCES) == 63
    assert list(ABROAD) == [str(code) for code in range(101, 296)]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("001", "Hà Nội"),
        ("015", "Yên Bái"),
        ("010", "Lào Cai"),
        ("019", "Thái Nguyên"),
        ("056", "Khánh Hòa"),
        ("079", "Thành phố Hồ Chí Minh"),
        ("096", "Cà Mau"),
        ("101", "Afghanistan"),
        ("113", "Azerbaijan"),
        ("147", "Croatia"),
        ("295", "Zimbabwe"),
    ],
)
def test_a_code_means_the_place_of_its_time(code, name):
    assert place_of(code).name == name


def test_every_place_has_a_name_of_its_own():
    names = [place.name for place in (*PROVINCES.values(), *ABROAD.values())]
    assert len(set(names)) == len(names)
    assert all(name == name.strip() and name and "\n" not in name for name in names)
    assert [code for code, place in ABROAD.items() if code in place.name] == ["114", "148"]


@pytest.mark.parametrize("code", ["003", "000", "097", "100", "296", "899", "", "1", "0011"])
def test_other_codes_are_no_place(code):
    assert place_of(code) is None


def test_codes_from_900_on_were_never_issued():
    assert [place_of(str(code)).kind for code in range(900, 1000)] == ["unissued"] * 100
    assert place_of("001").kind == "province"
    assert place_of("101").kind == "abroad"
