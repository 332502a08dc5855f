"""HTTP: /internalconf for members, /externalconf for federated platforms, and the files that they list."""

from __future__ import annotations

from aiohttp import web

from ketnoi_exchange.publication.shelf import Shelf
from ketnoi_exchange.publication.signing import VERSIONS, Kind
from ketnoi_exchange.refusals import TABLE

_VERSIONS = {str(version): version for version in VERSIONS}


def application(shelf: Shelf, default_version: int) -> web.Application:
    """For a Listener. There is nothing to send in, so that nothing is read from a request but its address."""

    def directory_of(kind: Kind) -> object:
        async def directory(request: web.Request) -> web.Response:
            asked = request.query.getall("version", [str(default_version)])
            version = _VERSIONS.get(asked[0]) if len(asked) == 1 else None
            if version is None:
                return _refused("configuration_not_found")
            found = shelf.directory(kind, version)
            if found is None:
                return _refused("configuration_outdated")
            # The content type that counts stands within, as X-Road has it.
            return web.Response(
                body=found, content_type="application/octet-stream", headers={"Cache-Control": "no-store"}
            )

        return directory

    async def file(request: web.Request) -> web.StreamResponse:
        found = shelf.file(request.rel_url.raw_path)
        if found is None:
            return _refused("configuration_not_found")
        return web.FileResponse(found, headers={"Cache-Control": "public, max-age=600, immutable"})

    made = web.Application(client_max_size=1)
    made.router.add_get("/internalconf", directory_of("internal"))  # type: ignore[arg-type]
    made.router.add_get("/externalconf", directory_of("external"))  # type: ignore[arg-type]
    made.router.add_get("/V{version}/{digest}/{name}", file)
    return made


def _refused(code: str) -> web.Response:
    status, vi, en = TABLE[code]
    return web.Response(status=status, text=f"{code}\n{vi}\n{en}\n", headers={"Cache-Control": "no-store"})
