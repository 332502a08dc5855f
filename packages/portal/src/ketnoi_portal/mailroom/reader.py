"""One letter is read in a process of its own, which may use only so much memory and time, and writes no file.

TASK takes an Order (msgpack) and gives a Read (msgpack). Whatever a letter does to its reader, it does it there.
`read_letter` is how the worker asks.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ketnoi_portal.files.apart import Apart, Broken, Exhausted, Task
from ketnoi_portal.mailroom.limits import MEMORY, SECONDS
from ketnoi_portal.mailroom.reading import Order, Read, read

_WAIT: Final = 4.0 * SECONDS
_APART: Final = Apart("ketnoi_portal.mailroom.reader")


def read_letter(order: Order) -> Read:
    """What a letter holds. One that exhausts its bounds is a `mail_bomb`, one that breaks the reader `mail_unreadable`.

    Raises OSError when no process can be started: that is no fault of the letter.
    """
    try:
        return msgspec.msgpack.decode(_APART.do(msgspec.msgpack.encode(order), _WAIT), type=Read)
    except Exhausted:
        return Read(refusal="mail_bomb")
    except Broken:
        return Read(refusal="mail_unreadable")


def _load() -> None:
    """This module's own imports are all of it."""


def _work(order: bytes) -> bytes:
    try:
        found = read(msgspec.msgpack.decode(order, type=Order))
    except MemoryError:
        found = Read(refusal="mail_bomb")
    return msgspec.msgpack.encode(found)


TASK: Final = Task(MEMORY, SECONDS, _load, _work)
