"""A site's WSGI application under granian, at an address, which says when a page can be had."""

from __future__ import annotations

import json
import threading
import urllib.request
from urllib.parse import urlsplit

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

HEALTH = "/healthz"


def serve(
    application: str, kind: str, host: str, port: int, base_url: str, *, processes: int = 1, threads: int = 3
) -> None:
    """Answer until told to stop; prints one line of JSON, `{"ready": kind, …}`, when a page can be had.

    `application` is `module:name`. Each process has its own `threads`, and its own connections to the database: as
    many of one as of the other.
    """
    server = Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
        websockets=False,
    )
    # Asked once before any worker is forked, so that the thread has nothing left to import: a worker that is forked
    # in the middle of a thread's import waits for that import for ever.
    answers(host, port, base_url)
    threading.Thread(target=_tell_when_ready, args=(kind, host, port, base_url), daemon=True).start()
    server.serve()


def answers(host: str, port: int, base_url: str) -> bool:
    """Whether the site's health page can be had."""
    asked_at = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - a comparison
    asked = urllib.request.Request(f"http://{asked_at}:{port}{HEALTH}", headers={"Host": urlsplit(base_url).netloc})
    # Not through a proxy that the environment names: it is this very process that is asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(asked, timeout=5).close()
    except OSError:
        return False
    return True


def _tell_when_ready(kind: str, host: str, port: int, base_url: str) -> None:
    pause = threading.Event()
    while not answers(host, port, base_url):
        pause.wait(0.1)
    print(json.dumps({"ready": kind, "host": host, "port": port, "url": base_url}), flush=True)
