"""Work on what strangers send: each piece in a process of its own, which may use only so much memory and time.

Loading a reader takes most of a second and reading takes a few hundredths. So one process loads it and reads nothing
itself; for each piece it forks, and the fork ends with its piece: what a piece does to its reader reaches no other
piece. `apart_process.py` is that process.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BEGUN: Final = b"b"
DONE: Final = b"d"
"""What stands before an answer; a process whose reader broke sends nothing after BEGUN but BROKEN."""
BROKEN: Final = b"x"


class Exhausted(Exception):  # noqa: N818
    """The piece used up the memory or the time that it had."""


class Broken(Exception):  # noqa: N818
    """The reader failed."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a module does apart: `load` what it needs, once, then `work` on one order (bytes to bytes).

    `memory` is in bytes, `seconds` are of computing time; both for one order.
    """

    memory: int
    seconds: int
    load: Callable[[], None]
    work: Callable[[bytes], bytes]


class Apart:
    """Hands orders to the TASK of a module. Threads may share it; a forked process begins its own."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0

    def do(self, order: bytes, wait: float) -> bytes:
        """The task's answer, after at most `wait` seconds. Raises Exhausted, Broken.

        Raises OSError when no process can be started: that is no fault of the order.
        """
        deadline = time.monotonic() + wait
        for last in (False, True):
            control = self._running()
            try:
                return self._ask(control, order, deadline)
            except ConnectionError:
                # It has ended since, for it was long idle or somebody stopped it. Once more, by a new one.
                self.close(control)
                if last:
                    raise
        raise AssertionError

    def close(self, only: socket.socket | None = None) -> None:
        """End the process that keeps the reader loaded; with `only`, unless another one has taken its place."""
        with self._lock:
            if only is not None and self._control is not only:
                return
            control, self._control = self._control, None
            process, self._process = self._process, None
        if control is not None:
            control.close()
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()

    def _running(self) -> socket.socket:
        with self._lock:
            if self._control is None or self._owner != os.getpid():
                self._start()
            assert self._control is not None
            return self._control

    def _ask(self, control: socket.socket, order: bytes, deadline: float) -> bytes:
        """Raises ConnectionError when nobody has begun on the order."""
        own, theirs = socket.socketpair()
        with own:
            with theirs:
                self._hand_over(control, theirs, deadline)
            try:
                if _received(own, deadline, most=1) != BEGUN:
                    raise ConnectionResetError("nobody has begun")
                try:
                    own.settimeout(_left(deadline))
                    own.sendall(order)
                    own.shutdown(socket.SHUT_WR)
                    answer = _received(own, deadline)
                except ConnectionError:
                    raise Exhausted from None
            except TimeoutError:
                raise Exhausted from None
        if answer[:1] == DONE:
            return answer[1:]
        # Whoever is stopped for its memory or time says nothing any more.
        raise Broken if answer == BROKEN else Exhausted

    def _hand_over(self, control: socket.socket, theirs: socket.socket, deadline: float) -> None:
        with self._lock:
            if control.fileno() < 0:
                raise ConnectionResetError("it was closed since")
            left = max(1, int(1000 * (deadline - time.monotonic())))
            socket.send_fds(control, [left.to_bytes(4, "big")], [theirs.fileno()])

    def _start(self) -> None:
        own, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-m", "ketnoi_portal.files.apart_process", self._module],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": "", "LC_ALL": "C.UTF-8"},
            )
        if self._owner != os.getpid():
            atexit.register(self.close)
        self._control, self._owner = own, os.getpid()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _received(own: socket.socket, deadline: float, most: int | None = None) -> bytes:
    """Everything until the other side ends, or only `most` bytes."""
    found = bytearray()
    while most is None or len(found) < most:
        own.settimeout(_left(deadline))
        piece = own.recv(1 << 16 if most is None else most)
        if not piece:
            break
        found += piece
    return bytes(found)
