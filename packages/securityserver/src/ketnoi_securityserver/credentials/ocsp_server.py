"""Our OCSP responses for others, on port 5577 (PR-MESSTRANSP 2.7): peers ask by the hashes of our certificates."""

from __future__ import annotations

from aiohttp import web

from ketnoi_securityserver import multipart
from ketnoi_securityserver.credentials.holding import Credentials

MOST_ASKED = 16


class OcspServer:
    """Answers `GET /?cert=<sha1 hex>[&cert=…][&cert_hash=<sha256 hex>…]` with the responses in the order asked.

    `cert_hash` (since X-Road 7.4) decides where it is given; `cert` alone is what older servers send.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def server(self) -> web.Server:
        """For a Listener; made within the running loop."""
        return web.Server(self.answer, access_log=None)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request; HEAD is a sign of life, errors are a text with status 500 as X-Road's are."""
        if request.method == "HEAD":
            return web.Response()
        if request.method != "GET":
            return web.Response(status=500, text="Only GET and HEAD are answered here.")
        hashes = request.query.getall("cert_hash", []) or request.query.getall("cert", [])
        if not hashes or len(hashes) > MOST_ASKED:
            return web.Response(status=500, text="Name the certificates in the parameter cert.")
        responses = [self._credentials.ocsp_response(each) for each in hashes]
        if any(response is None for response in responses):
            return web.Response(status=500, text="There is no OCSP response for one of the certificates.")
        boundary = multipart.new_boundary("ocsp")
        parts = [("application/ocsp-response", response) for response in responses if response is not None]
        content_type = f'multipart/related; type="application/ocsp-response"; charset=UTF-8; boundary={boundary}'
        return web.Response(body=multipart.write(boundary, parts), headers={"Content-Type": content_type})
