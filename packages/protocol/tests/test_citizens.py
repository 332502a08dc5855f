"""What is said for citizens: nothing about a person is shown by `repr`, and what is malformed is not read."""

import datetime

import msgspec
import pytest

from ketnoi_protocol.citizen import Citizen
from ketnoi_protocol.citizen_shapes import C06Citizen
from ketnoi_protocol.citizens import Client, Look, LooksAsked, NamesAsked, Person, Record

PERSON = {"personal_number": "990089000001", "name": "Nguyễn Văn An", "birth": "1989-03-02"}
LOOK = {
    "at": "2026-01-05T03:00:00Z",
    "place": "1767582000000000.17",
    "system": "identity",
    "service": "look_up_citizen",
    "organisation": "H55",
    "message_id": "m-1",
    "role": "asked",
}
CLIENT = {
    "client_id": "h55-motcua",
    "organisation": "H55",
    "name_vi": "Một cửa",
    "name_en": "One stop",
    "redirect_uris": ["https://motcua.test/xong"],
    "jwks": {"keys": []},
}


@pytest.mark.parametrize("kind", [Person, LooksAsked])
def test_whoever_is_asked_about_is_not_shown(kind):
    assert repr(msgspec.convert(PERSON, kind)) == f"{kind.__name__}(…)"


def test_a_record_is_not_shown():
    record = Record(citizen=C06Citizen.of(Citizen(personal_number="990089000001")), as_of=datetime.datetime.min)
    assert "99" not in repr(record)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Person, PERSON | {"personal_number": "99008900000"}),
        (Person, PERSON | {"personal_number": "990089000001\n"}),
        (Person, PERSON | {"name": ""}),
        (Person, PERSON | {"birth": "89"}),
        (Person, PERSON | {"old_number": "912345678"}),
        (LooksAsked, PERSON | {"limit": 0}),
        (LooksAsked, PERSON | {"limit": 101}),
        (LooksAsked, PERSON | {"before": "1;drop"}),
        (LooksAsked, PERSON | {"before": "12.3\n"}),
        (NamesAsked, {"organisations": ["H55"] * 201}),
        (Look, LOOK | {"role": "head"}),
        (Client, CLIENT | {"client_id": "h55/motcua"}),
        (Client, CLIENT | {"redirect_uris": []}),
    ],
)
def test_what_is_malformed_is_not_read(kind, body):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, kind)


def test_what_is_well_formed_is_read():
    assert msgspec.convert(PERSON | {"before": "1767582000000000.17"}, LooksAsked).limit == 50
    assert msgspec.convert(LOOK, Look).sealed_until is None
    assert msgspec.convert(CLIENT, Client).redirect_uris == ("https://motcua.test/xong",)
