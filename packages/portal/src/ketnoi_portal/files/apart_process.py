"""The process that keeps a reader loaded and forks for each order; see apart.py.

`python -I -m ketnoi_portal.files.apart_process MODULE` takes connections over its standard input, a Unix socket. It
ends with whoever started it, or when nothing has been asked of it for a while.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import resource
import signal
import socket
import sys
from typing import Final

from ketnoi_portal.files.apart import BEGUN, BROKEN, DONE, Task

IDLE: Final = 900.0
"""Seconds after which it ends, so that its memory is free again."""


def main() -> int:
    """Load the module's reader, then fork for whatever comes."""
    logging.disable(logging.CRITICAL)
    task: Task = importlib.import_module(sys.argv[1]).TASK
    task.load()
    control = socket.socket(fileno=0)
    control.settimeout(IDLE)
    # Nobody waits for the forks: the system may forget them as they end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    while True:
        try:
            left, given, *_ = socket.recv_fds(control, 4, 1)
        except TimeoutError:
            return 0
        if not given:
            return 0
        if os.fork() == 0:
            control.close()
            _serve(task, socket.socket(fileno=given[0]), int.from_bytes(left, "big"))
        os.close(given[0])


def _serve(task: Task, asker: socket.socket, left: int) -> None:
    """Work on the one order, within bounds, and end. `left`: in so many milliseconds nobody waits for it any more."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, left / 1000)
        resource.setrlimit(resource.RLIMIT_AS, (task.memory, task.memory))
        resource.setrlimit(resource.RLIMIT_CPU, (task.seconds, task.seconds))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        asker.sendall(BEGUN)
        with asker.makefile("rb") as coming:
            order = coming.read()
        try:
            answer = DONE + task.work(order)
        except Exception:
            answer = BROKEN
        asker.sendall(answer)
    finally:
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
