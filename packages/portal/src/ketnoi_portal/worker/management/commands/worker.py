"""`ketnoi-portal worker`: mail, publication, deadlines and everything else that nobody clicks."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from ketnoi_portal.worker.loop import Loop
from ketnoi_portal.worker.tasks import TASKS
from ketnoi_runtime import logs


class Command(BaseCommand):
    """Run every task of the table until told to stop."""

    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line of JSON when it has begun; SIGTERM and SIGINT let what is under way come to its end."""
        logs.configure()
        told = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: told.set())
        loop = Loop(TASKS)
        loop.start()
        print(json.dumps({"ready": "worker", "tasks": [task.name for task in TASKS]}), flush=True)
        told.wait()
        loop.stop()
