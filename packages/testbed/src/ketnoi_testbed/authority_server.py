"""The unsafe authority over HTTP: `/ocsp` (RFC 6960), `/tsa` (RFC 3161), `/sign/signing` and `/sign/authentication`."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_runtime.web import Listener
from ketnoi_testbed.authority import UnsafeAuthority, Use

_LONGEST = 64 * 1024


class AuthorityServer:
    """One authority listening. `down` names the addresses that answer 503: for bad days."""

    def __init__(self, authority: UnsafeAuthority, host: str, port: int = 8888) -> None:
        self.authority = authority
        self.down: set[str] = set()
        self._host = host
        application = web.Application(client_max_size=_LONGEST)
        application.router.add_post("/ocsp", self._ocsp)
        application.router.add_post("/tsa", self._tsa)
        application.router.add_post("/sign/{use:signing|authentication}", self._sign)
        self._listener = Listener(application, host, port, drain=0.5)

    async def start(self) -> None:
        """Begin to answer. Raises OSError when the address cannot be bound."""
        await self._listener.start()

    async def stop(self) -> None:
        """Stop answering."""
        await self._listener.stop()

    @property
    def address(self) -> str:
        """`http://host:port`."""
        return f"http://{self._host}:{self._listener.port}"

    async def _ocsp(self, request: web.Request) -> web.Response:
        return await self._answer(request, "ocsp", self.authority.ocsp_answer, "application/ocsp-response")

    async def _tsa(self, request: web.Request) -> web.Response:
        return await self._answer(request, "tsa", self.authority.timestamp, "application/timestamp-reply")

    async def _sign(self, request: web.Request) -> web.Response:
        use: Use = "signing" if request.match_info["use"] == "signing" else "authentication"

        def certify(asked: bytes) -> bytes:
            return self.authority.certify_request(asked, use).public_bytes(Encoding.DER)

        return await self._answer(request, "sign", certify, "application/pkix-cert")

    async def _answer(
        self, request: web.Request, name: str, work: Callable[[bytes], bytes], content_type: str
    ) -> web.Response:
        if name in self.down:
            raise web.HTTPServiceUnavailable
        try:
            return web.Response(body=work(await request.read()), content_type=content_type)
        except ValueError as error:
            raise web.HTTPBadRequest(text=type(error).__name__) from error
