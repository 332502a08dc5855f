"""How many consents there are about whoever is signed in and the children for whom they answer."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ketnoi_pages.clock import HANOI

from ..accounts import guardians
from ..accounts.records import Account, Cursor
from . import records


class Child(NamedTuple):
    """A child; how many consents are about it, and how many of them wait."""

    account: Account
    every: int
    waiting: int


class Family(NamedTuple):
    """All consents and those that wait, the children's with one's own; `waiting_own` are one's own."""

    every: int
    waiting: int
    waiting_own: int
    children: list[Child]


def of(cursor: Cursor, account: Account, at: datetime) -> Family:
    """The family of an account's holder."""
    own, waiting = records.how_many(cursor, account.personal_number or "", at)
    children = [
        Child(child, *records.how_many(cursor, child.personal_number or "", at))
        for child in guardians.children_of(cursor, account.id, at.astimezone(HANOI).date())
    ]
    every = own + sum(child.every for child in children)
    return Family(every, waiting + sum(child.waiting for child in children), waiting, children)
