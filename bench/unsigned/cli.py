"""A security server that neither signs, verifies nor logs: the other side of a comparison, and nothing else.

Transport, mutual TLS, the judging of peers, access rights and everything else are the real server's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import datetime

import msgspec

from ketnoi_protocol.identifiers import MemberId
from ketnoi_runtime import logs
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.process import run
from ketnoi_runtime.settings import load_settings
from ketnoi_securityserver.app import SecurityServer, UnsafeParts
from ketnoi_securityserver.credentials import SigningCredential
from ketnoi_securityserver.messagelog import Record, ReplayKey
from ketnoi_securityserver.settings import Settings
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.signatures import Signature


class NoSigner:
    """Puts a word where the signature goes."""

    async def sign(self, inputs: Mapping[str, bytes], credential: SigningCredential, at: datetime) -> Signature:
        return Signature(b"<unsigned/>", None, None)


class NoVerifier:
    """Believes everything, at the moment at which it is asked."""

    def verify(
        self,
        signature: Signature,
        parts: Mapping[str, bytes],
        sender: MemberId,
        configuration: Configuration,
        at: datetime,
    ) -> datetime:
        return at


class NoLog:
    """Keeps nothing."""

    async def record(self, *records: Record, replay: ReplayKey | None = None) -> None:
        return None


def main() -> int:
    """Run one server until the process is told to end, by the real server's command line."""
    parser = argparse.ArgumentParser(prog="bench.unsigned")
    parser.add_argument("act", choices=["run"])
    parser.add_argument("--settings", required=True)
    settings = load_settings(parser.parse_args().settings, Settings)
    logs.configure()
    running: list[SecurityServer] = []

    async def start() -> SecurityServer:
        unsafe = UnsafeParts(NoSigner(), NoVerifier(), NoLog())
        running.append(await SecurityServer.start(settings, SystemClock(), unsafe=unsafe))
        return running[0]

    def ready() -> None:
        told = {"ready": "securityserver", "server": settings.server, "host": settings.listen.host}
        print(json.dumps(told | {"ports": msgspec.to_builtins(running[0].ports)}), flush=True)

    run(start, ready)
    return 0
