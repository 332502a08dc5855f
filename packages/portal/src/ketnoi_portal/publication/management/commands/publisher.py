"""`ketnoi-portal publisher --environment test`: the signed directory of one environment."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import uvloop
from django.core.management.base import BaseCommand, CommandError

from ketnoi_portal.publication.directory_publisher import DirectoryPublisher, SettingsMissing
from ketnoi_portal.settings import current
from ketnoi_protocol.services import Environment
from ketnoi_runtime import logs


class Command(BaseCommand):
    """Publish until told to stop, or until another publisher has taken over."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        """--environment, which need not be said where the settings hold one key only."""
        parser.add_argument("--environment", choices=[each.value for each in Environment])

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line of JSON once the first manifest is signed and served."""
        logs.configure()
        try:
            publisher = uvloop.run(self._run(_environment(options["environment"])))
        except SettingsMissing as missing:
            raise CommandError(str(missing)) from None
        if publisher.server.ended.is_set():
            raise CommandError("another publisher signs this directory now")

    async def _run(self, environment: Environment) -> DirectoryPublisher:
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        publisher = DirectoryPublisher(current(), environment)
        try:
            await publisher.start()
            ready = {"ready": "publisher", "environment": environment.value, "url": publisher.server.url}
            print(json.dumps(ready), flush=True)
            waits = [asyncio.create_task(told.wait()), asyncio.create_task(publisher.until_replaced())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for each in waits:
                each.cancel()
        finally:
            await publisher.stop()
        return publisher


def _environment(named: str | None) -> Environment:
    if named is not None:
        return Environment(named)
    with_key = [each.environment for each in current().directories if each.key]
    if len(with_key) != 1:
        raise SettingsMissing(f"the settings hold {len(with_key)} directories with a key: say which --environment")
    return with_key[0]
