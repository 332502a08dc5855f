"""One letter is read in a process of its own, which may use only so much memory and time, and writes no file.

`python -m ketnoi_portal.mailroom.reader` reads an Order (msgpack) and writes a Read (msgpack). Whatever a letter does
to its reader, it does it there. `read_letter` is how the worker asks.
"""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
from typing import Final

import msgspec

from ketnoi_portal.mailroom.limits import MEMORY, SECONDS
from ketnoi_portal.mailroom.reading import Order, Read, read

_WAIT: Final = 4.0 * SECONDS


def read_letter(order: Order) -> Read:
    """What a letter holds. One that exhausts its bounds is a `mail_bomb`, one that breaks the reader `mail_unreadable`.

    Raises OSError when no process can be started: that is no fault of the letter.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "ketnoi_portal.mailroom.reader"],
            input=msgspec.msgpack.encode(order),
            capture_output=True,
            timeout=_WAIT,
            check=False,
            env={"PATH": "", "LC_ALL": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        return Read(refusal="mail_bomb")
    if done.returncode < 0:
        return Read(refusal="mail_bomb")
    if done.returncode:
        return Read(refusal="mail_unreadable")
    return msgspec.msgpack.decode(done.stdout, type=Read)


def main() -> int:
    """Bound this process, then read what stands at the standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    try:
        found = read(order)
    except MemoryError:
        found = Read(refusal="mail_bomb")
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
