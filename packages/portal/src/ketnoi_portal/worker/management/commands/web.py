"""`ketnoi-portal web`: the pages, under granian, at the address of the settings file."""

from __future__ import annotations

import json
import threading
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ketnoi_portal.settings import Settings, current
from ketnoi_runtime import logs

THREADS = 3
"""As many as the pool has connections to the database."""


class Command(BaseCommand):
    """Answer until told to stop."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """--processes: each has its own threads and its own connections."""
        parser.add_argument("--processes", type=int, default=1, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line of JSON when a page can be had."""
        logs.configure()
        own = current()
        own.path(own.data).joinpath("static").mkdir(parents=True, exist_ok=True)
        server = Granian(
            "ketnoi_portal.site.wsgi:application",
            address=own.host,
            port=own.port,
            interface=Interfaces.WSGI,
            workers=options["processes"],
            blocking_threads=THREADS,
            workers_kill_timeout=10,
            log_level=LogLevels.warning,
            websockets=False,
        )
        # Asked once before any worker is forked, so that the thread has nothing left to import: a worker that is forked
        # in the middle of a thread's import waits for that import for ever.
        _answers(own)
        threading.Thread(target=_tell_when_ready, args=(own,), daemon=True).start()
        server.serve()


def _answers(own: Settings) -> bool:
    host = "127.0.0.1" if own.host == "0.0.0.0" else own.host  # noqa: S104 - a comparison
    asked = urllib.request.Request(f"http://{host}:{own.port}/healthz", headers={"Host": urlsplit(own.base_url).netloc})
    # Not through a proxy that the environment names: it is this very process that is asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(asked, timeout=5).close()
    except OSError:
        return False
    return True


def _tell_when_ready(own: Settings) -> None:
    pause = threading.Event()
    while not _answers(own):
        pause.wait(0.1)
    print(json.dumps({"ready": "web", "host": own.host, "port": own.port, "url": own.base_url}), flush=True)
