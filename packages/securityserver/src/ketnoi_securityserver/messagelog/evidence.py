"""What information systems may fetch as evidence: `GET /asic` and `GET /verificationconf`, as X-Road has them.

Errors are plain text without X-Road-Error, as X-Road's are. Narrower than X-Road [our choice]: containers hold bodies,
so they are given only to an information system that has proved with its certificate whose it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import asyncpg
from aiohttp import web

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import InvalidIdentifier, SubsystemId
from ketnoi_runtime.database import DATABASE_ERRORS
from ketnoi_securityserver.messagelog import export
from ketnoi_securityserver.messagelog.encryption import BodyCipher
from ketnoi_securityserver.messagelog.reading import Logged, batch_of, find
from ketnoi_securityserver.messagelog.snapshots import Snapshots
from ketnoi_securityserver.messagelog.timestamping import NotStamped, Timestamper
from ketnoi_securityserver.serverconf import ServerConfiguration
from ketnoi_trust.errors import Refused

logger = logging.getLogger(__name__)

MOST_MESSAGES = 20
"""In one answer, which is held whole; an id has two messages unless its sender repeats it."""

_SERVER = "ketnoi"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class _Unfit(Exception):  # noqa: N818
    """A request that is answered with a status and a plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Evidence:
    """The two addresses; `handlers` gives them to the door for information systems."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        cipher: BodyCipher,
        serverconf: ServerConfiguration,
        timestamper: Timestamper,
        snapshots: Snapshots,
    ) -> None:
        self._pool = pool
        self._cipher = cipher
        self._serverconf = serverconf
        self._timestamper = timestamper
        self._snapshots = snapshots

    @property
    def handlers(self) -> dict[str, Handler]:
        """By path."""
        return {"/asic": self._guarded(self._asic), "/verificationconf": self._guarded(self._verificationconf)}

    def _guarded(self, handle: Handler) -> Handler:
        async def guarded(request: web.BaseRequest) -> web.StreamResponse:
            try:
                if request.method != "GET":
                    raise _Unfit(405, "Only GET is answered here.")
                return await handle(request)
            except _Unfit as unfit:
                return _plain(unfit.status, unfit.text)
            except (Refusal, Refused) as refusal:
                logger.error("evidence could not be given: %s", refusal)
                return _plain(500, str(refusal))
            except DATABASE_ERRORS as error:
                logger.error("evidence could not be given: %s", type(error).__name__)
                return _plain(500, "The message log cannot be read at this moment.")

        return guarded

    async def _asic(self, request: web.BaseRequest) -> web.StreamResponse:
        query = request.query
        own = _subsystem(query)
        self._check_caller(request, own)
        message_id = _required(query, "queryId")
        if "requestOnly" in query and "responseOnly" in query:
            raise _Unfit(400, "requestOnly and responseOnly cannot be used together.")
        wanted = True if "responseOnly" in query else False if "requestOnly" in query else None
        if "unique" in query and wanted is None:
            raise _Unfit(400, "unique needs requestOnly or responseOnly.")
        found = await self._stamped(own, message_id, wanted, force="force" in query)
        if "unique" in query:
            if len(found) > 1:
                raise _Unfit(500, "More than one message has this id.")
            content = await asyncio.to_thread(export.container_of, found[0])
            return _file(content, export.CONTAINER_TYPE, export.file_name(found[0]))
        side = "" if wanted is None else "-response" if wanted else "-request"
        content = await asyncio.to_thread(export.bundle, found)
        return _file(content, "application/zip", f"{export.escaped(message_id)}{side}.zip")

    async def _stamped(self, own: SubsystemId, message_id: str, wanted: bool | None, *, force: bool) -> list[Logged]:
        found = await self._found(own, message_id, wanted)
        if force and any(each.batch is None for each in found):
            try:
                await self._timestamper.stamp()
            except NotStamped as error:
                logger.error("no time stamp: %s", error)
                raise _Unfit(500, "The missing time stamp could not be made.") from None
            found = await self._found(own, message_id, wanted)
        if len(found) > MOST_MESSAGES:
            raise _Unfit(500, f"More than {MOST_MESSAGES} messages have this id; they are in the archives.")
        if not found:
            raise _Unfit(404, "No signed message is found.")
        if any(each.batch is None for each in found):
            raise _Unfit(500, "The message has not been time-stamped yet.")
        return found

    async def _found(self, own: SubsystemId, message_id: str, wanted: bool | None) -> list[Logged]:
        return await find(self._pool, self._cipher, own, message_id, is_response=wanted, most=MOST_MESSAGES + 1)

    def _check_caller(self, request: web.BaseRequest, own: SubsystemId) -> None:
        client = self._serverconf.client(own)
        tls = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
        certificate = (tls.getpeercert(binary_form=True) or b"") if tls is not None else b""
        if client is None or not client.authenticates(secure=tls is not None, certificate=certificate):
            raise _Unfit(401, "Evidence is given over HTTPS only, to the subsystem's own certificate.")

    async def _verificationconf(self, request: web.BaseRequest) -> web.StreamResponse:
        at = request.query.get("at")
        digest = request.query.get("digest")
        if digest is not None:
            try:
                snapshot = await self._snapshots.named(digest)
            except ValueError:
                raise _Unfit(400, "digest is hexadecimal.") from None
        else:
            snapshot = await self._snapshots.used_at(_moment(at) if at is not None else None)
        if snapshot is None:
            raise _Unfit(404, "No configuration of that time is known.")
        anchors = await self._snapshots.anchors(snapshot.instance)
        row = await self._pool.fetchrow(
            "SELECT leaves, result, token, stamped_at FROM batch WHERE snapshots @> ARRAY[$1::bytea]"
            " ORDER BY stamped_at LIMIT 1",
            snapshot.id,
        )
        covered = None if row is None else batch_of(row)
        content = await asyncio.to_thread(export.configuration_bundle, snapshot, anchors, covered)
        return _file(content, "application/zip", "verificationconf.zip")


def _required(query: Mapping[str, str], name: str) -> str:
    value = query.get(name)
    if not value:
        raise _Unfit(400, f"The parameter {name} is missing.")
    return value


def _subsystem(query: Mapping[str, str]) -> SubsystemId:
    names = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode")
    try:
        return SubsystemId(*(_required(query, name) for name in names))
    except InvalidIdentifier:
        raise _Unfit(400, "The parameters name no subsystem.") from None


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _Unfit(400, "at is a moment such as 2026-11-24T08:00:00Z.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={"Server": _SERVER})


def _file(content: bytes, content_type: str, name: str) -> web.Response:
    disposition = f'attachment; filename="{name}"'
    return web.Response(
        body=content, headers={"Content-Type": content_type, "Content-Disposition": disposition, "Server": _SERVER}
    )
