"""Runs the tasks: each when it is due, by one worker at a time, again later when it fails."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable

from django.db import connection, models

from ketnoi_pages import clock
from ketnoi_portal.worker.locks import only_one
from ketnoi_portal.worker.models import TaskHealth
from ketnoi_portal.worker.tasks import Task

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0
_TICK = 0.25


class Loop:
    """All tasks, one thread for each lane, until `stop`."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        # Whatever cannot be loaded is told at the start, not in the middle of a night.
        self._calls = [(task, task.load()) for task in tasks]
        self._told = threading.Event()
        lanes = sorted({task.lane for task, _ in self._calls})
        self._threads = [threading.Thread(target=self._drive, args=(lane,), name=lane) for lane in lanes]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._told.set()
        for thread in self._threads:
            thread.join()

    def _drive(self, lane: str) -> None:
        mine = [(task, call) for task, call in self._calls if task.lane == lane]
        due = {task.name: 0.0 for task, _ in mine}
        while not self._told.is_set():
            for task, call in mine:
                if self._told.is_set():
                    return
                if time.monotonic() >= due[task.name]:
                    due[task.name] = time.monotonic() + self._run(task, call)
            self._told.wait(min(_TICK, max(0.0, min(due.values()) - time.monotonic())))

    def _run(self, task: Task, call: Callable[[], object]) -> float:
        """Run a task; the seconds until it is due again."""
        try:
            return task.every if run_once(task, call) else _pause(task)
        except Exception as error:
            # The database itself is out of reach.
            logger.error("%s could not be run: %s", task.name, place_of(error))
            return _LONGEST_PAUSE / 12
        finally:
            connection.close()


def run_once(task: Task, call: Callable[[], object]) -> bool:
    """Run a task now and write down how it went; whether it went well. Another worker's turn counts as well."""
    with only_one(f"task {task.name}") as mine:
        if not mine:
            return True
        health, _ = TaskHealth.objects.get_or_create(name=task.name)
        health.began_at = clock.now()
        health.save(update_fields=["began_at"])
        trouble = ""
        try:
            call()
        except Exception as error:
            trouble = place_of(error)
            logger.error("%s failed: %s", task.name, trouble)
        changed = {"runs": models.F("runs") + 1, "ended_at": clock.now(), "trouble": trouble[:300]}
        if trouble:
            changed["failures"] = models.F("failures") + 1
        else:
            changed |= {"failures": 0, "succeeded_at": changed["ended_at"]}
        TaskHealth.objects.filter(pk=task.name).update(**changed)
    return not trouble


def _pause(task: Task) -> float:
    """Longer after each failure in a row, so that a broken neighbour is not hammered."""
    failures = TaskHealth.objects.filter(pk=task.name).values_list("failures", flat=True).first() or 1
    return float(min(max(_LONGEST_PAUSE, task.every), task.every * 2 ** min(failures, 10)))


def place_of(error: BaseException) -> str:
    """The kind of an error and where it arose. Never its text: that could quote somebody's data."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "ketnoi_portal" in each.filename]
    where = f" in {frames[-1].filename.rpartition('ketnoi_portal/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
