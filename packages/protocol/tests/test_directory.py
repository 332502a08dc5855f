"""The types of the signed directory: what is written is read, and nothing else."""

from datetime import UTC, datetime

import msgspec
import pytest

from ketnoi_protocol.directory import Grant, IntegrationAccount, Manifest, Officer, Organisation
from ketnoi_protocol.services import Environment, Service, System

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ENTRIES = (
    Organisation("H55", "Thái Nguyên"),
    IntegrationAccount("h55-motcua", "H55", System.POPULATION, Environment.TEST, "PEM", True),
    Grant(
        "H55",
        System.POPULATION,
        Service.LOOK_UP_CITIZEN,
        Environment.TEST,
        ("G15-TP110",),
        ("HoVaTen",),
        (),
        True,
    ),
    Officer("h55.cb01", "H55.242", True, (Service.VERIFY_CITIZEN,), NOW),
    Manifest(Environment.TEST, 7, NOW, NOW, True, "aa", "bb", "cc", {"00": "dd"}),
)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_an_entry_survives_its_json_and_takes_no_other_field(entry):
    written = msgspec.json.encode(entry)
    assert msgspec.json.decode(written, type=type(entry)) == entry
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"more":1,' + written[1:], type=type(entry))


def test_an_officer_of_before_there_was_a_mark_is_read_and_written_without_it():
    person = ENTRIES[3]
    assert msgspec.to_builtins(person).keys() == {"code", "unit", "active", "services", "valid_from"}
    before = msgspec.to_builtins(person) | {"valid_until": None}
    assert msgspec.convert(before, Officer) == person
    itself = msgspec.structs.replace(person, of_system=True)
    assert msgspec.json.decode(msgspec.json.encode(itself), type=Officer).of_system
    assert not person.of_system
