"""From what the service behind says about one citizen to who was found, or why it is not believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ketnoi_protocol.citizen import ATTRIBUTES, Citizen, Head, LifeStatus
from ketnoi_protocol.envelope import LookUpAnswer, LookUpRequest

from ...reading import ATTRIBUTES as FORMS
from ...relations import HEAD, RELATIONS
from ..interface import Asking, Found
from .answers import WRONG, Trouble

_NUMBER: Final = re.compile("[0-9]{12}")
_OLD_NUMBER: Final = re.compile("[0-9]{9}")
_CODES: Final = ("SoCMND", "GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan", "NhomMau", "QuocTich")
_MUST_TELL: Final = (*_CODES[1:], "TinhTrangChetMatTich")
"""What every person has, so that its absence says that the service does not tell it, never that there is none."""


def found_in(
    answer: LookUpAnswer, asked: LookUpRequest, name: str, asking: Asking, relations: Mapping[str, str]
) -> Found | None:
    """Who was found, None for nobody. `name` is the name as it was asked of us, `asked` what we asked.

    The service compares in its own way; what counts is that number, name and birth date agree by the profile of the
    service that was asked here. Raises Trouble for another person's answer and for half a person.
    """
    citizen = answer.citizen
    # Nobody is told in two ways: no citizen, or one whose name is empty, whatever else stands there.
    if citizen is None or citizen.name is None:
        return None
    full_name, citizen = citizen.name.full, _told_once(citizen)
    if citizen.personal_number is None or citizen.birth is None:
        raise _odd("fields_missing")
    _check_forms(citizen)
    if asked.personal_number not in (None, citizen.personal_number):
        raise _odd("another_person")
    matching = asking.matching
    if not matching.same_name(name, full_name) & matching.same_birth(asked.birth, citizen.birth):
        return None
    number = citizen.personal_number
    head = _head(citizen, relations) if asking.head or asking.household else None
    household = _household(number, head) if asking.household else None
    as_of = answer.as_of if answer.as_of is not None and answer.as_of.tzinfo is not None else None
    return Found(
        number,
        msgspec.structs.replace(citizen, head=head if asking.head else None),
        household,
        head.relation or None if head is not None else None,
        as_of,
        frozenset(name for name in _MUST_TELL if getattr(citizen, ATTRIBUTES[name]) is None),
    )


def _head(citizen: Citizen, relations: Mapping[str, str]) -> Head | None:
    """The head of the household of whoever lives in one, with the relation in our codes; empty where it is not told."""
    head = citizen.head
    if head is None or (citizen.life is not None and citizen.life.status is not LifeStatus.ALIVE):
        return None
    relation = relations.get(head.relation, head.relation)
    if relation and relation not in RELATIONS:
        raise _odd("relation_unknown")
    return msgspec.structs.replace(head, relation=relation)


def _household(number: str, head: Head | None) -> str | None:
    """Whoever has the same head lives together: the service tells no other sign of a household.

    A head told by an old number alone cannot be compared: it was issued twice, and another record may tell the other
    number of the same person. Raises Trouble then.
    """
    if head is None:
        return None
    if not head.relation:
        raise _odd("relation_missing")
    key = number if head.relation == HEAD else head.personal_number
    if key is None:
        raise _odd("head_without_number")
    return key


def _told_once(citizen: Citizen) -> Citizen:
    """The same without old numbers that are the personal number once more, as whoever has no other may be shown."""
    changed: dict[str, Any] = {}
    for name in ("father", "mother", "spouse", "representative", "head"):
        person = getattr(citizen, name)
        if person is not None and person.old_number == person.personal_number:
            changed[name] = msgspec.structs.replace(person, old_number=None)
    if citizen.old_number == citizen.personal_number:
        changed["old_number"] = None
    return msgspec.structs.replace(citizen, **changed)


def _check_forms(citizen: Citizen) -> None:
    for name in _CODES:
        value, form = getattr(citizen, ATTRIBUTES[name]), FORMS[name]
        assert form is not None, "a code has a form"
        if value is not None and not form.fullmatch(value):
            raise _odd("code_malformed")
    for person in (citizen, citizen.father, citizen.mother, citizen.spouse, citizen.representative, citizen.head):
        if person is None:
            continue
        if not _NUMBER.fullmatch(person.personal_number or "0" * 12):
            raise _odd("number_malformed")
        if not _OLD_NUMBER.fullmatch(person.old_number or "0" * 9):
            raise _odd("number_malformed")


def _odd(reason: str) -> Trouble:
    return Trouble(WRONG, reason, of_service=False)
