"""Listening for HTTP: one application on one address, started and stopped cleanly."""

from __future__ import annotations

import ssl

from aiohttp import web


class Listener:
    """An aiohttp application, or a bare request handler, served on one address and port.

    `keepalive` is how long an idle connection stays open, in seconds: longer than the 15 s after which our own
    callers stop reusing one, so that no request meets a closing connection.
    """

    def __init__(
        self,
        application: web.Application | web.Server,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        keepalive: float = 75.0,
        drain: float = 5.0,
    ) -> None:
        self._application = application
        self._host = host
        self._port = port
        self._tls = tls
        self._keepalive = keepalive
        self._drain = drain
        self._runner: web.BaseRunner | None = None

    async def start(self) -> None:
        """Begin to accept connections. Raises OSError when the address cannot be bound."""
        runner: web.BaseRunner
        if isinstance(self._application, web.Application):
            runner = web.AppRunner(
                self._application,
                keepalive_timeout=self._keepalive,
                access_log=None,
                shutdown_timeout=self._drain,
            )
        else:
            runner = web.ServerRunner(self._application, shutdown_timeout=self._drain)
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, self._host, self._port, ssl_context=self._tls, backlog=512).start()
        except OSError:
            await self.stop()
            raise

    @property
    def port(self) -> int:
        """The port bound, which differs from the one asked for when that was 0."""
        assert self._runner is not None
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop accepting, let running requests finish within the drain time, close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
