"""The command `ketnoi soap-gateway`."""

from __future__ import annotations

import argparse
import json
import signal
import threading

from ketnoi_client.agency import Agency
from ketnoi_client.problems import SettingsError
from ketnoi_client.soap_gateway import Gateway, Tables
from ketnoi_client.soap_server import SoapServer


def add_to(command: argparse.ArgumentParser) -> None:
    """The command's own arguments: there are none beside the settings."""
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    with Agency.open(options.settings) as agency:
        tables = Tables.read(agency.settings)
        try:
            server = SoapServer(agency.settings, Gateway(agency, tables))
        except OSError as error:
            raise SettingsError(f"soap_gateway: không mở được cổng · cannot listen: {error.strerror}") from error
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        serving.start()
        print(json.dumps({"ready": "soap-gateway", "address": server.address}), flush=True)
        stopped.wait()
        server.stop()
    return 0
