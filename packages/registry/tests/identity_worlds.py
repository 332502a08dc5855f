"""A registry that answers for the identity system too, beside a real wire of that system."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
from joserfc import jws
from joserfc.jwk import ECKey

from ketnoi_identity import settings as identity_settings
from ketnoi_identity.consent import records
from ketnoi_identity.initialise import initialise
from ketnoi_identity.openid.keys import OFFICERS, KeyRing, ring
from ketnoi_identity.wire.app import Wire
from ketnoi_protocol.consent_messages import ASKED
from ketnoi_protocol.officer_token import TYPE
from ketnoi_protocol.services import ConsentOperation, Environment, Service, System
from ketnoi_registry.identity import Identity
from ketnoi_runtime.database import open_pool

from .certificates import self_signed
from .directories import account, grant, officer
from .worlds import MEMBER, OFFICER, Answer, World

IDENTITY_ACCOUNT = "tk-h55-dd"
CITIZEN = "990089000001"
ISSUER = "https://dinhdanh.test"
LOOK_UP = Service.LOOK_UP_CITIZEN
AGREED = ("HoVaTen", "NgayThangNamSinh", "ThuongTru")


class IdentityWorld(World):
    """A registry for both systems and the identity system's wire, which is `wire`, with its database and key ring."""

    def __init__(self, folder: Path, database: str, identity_database: str) -> None:
        super().__init__(folder, database)
        self.identity_database = identity_database
        self.wire: Wire
        self.identity: identity_settings.Settings
        self.identity_pool: asyncpg.Pool

    def set_up(self) -> None:
        """The same accounts, grants and officers as for the population, and an account of its own; OFFICER is the
        account of the information system itself."""
        super().set_up()
        self.content.officers = [officer(OFFICER, MEMBER, of_system=True)]
        self.content.accounts.append(account(IDENTITY_ACCOUNT, MEMBER, self.key, system=System.IDENTITY))
        self.content.grants += [grant(MEMBER, service, system=System.IDENTITY) for service in Service]

    async def start(
        self, stack: AsyncExitStack, poll_seconds: float = 0.05, observer: Any = None, **changes: Any
    ) -> None:
        """Start the wire, then the registry; `changes` are of the registry's settings, or `identity`'s."""
        for name in ("wire", "asks"):
            self_signed(self.folder, name)
        (self.folder / "secret").write_text("s")
        self.identity = identity_settings.Settings(
            base=str(self.folder),
            environment="test",
            rehearsal=True,
            database=self.identity_database,
            secret_key_file="secret",
            base_url=ISSUER,
            wire=identity_settings.Wire(certificate="wire.crt", key="wire.key", registry="asks.crt", port=0),
            register=identity_settings.Register(
                url="https://127.0.0.1:1", certificate="wire.crt", client_certificate="wire.crt", client_key="wire.key"
            ),
        )
        await initialise(self.identity, self.clock)
        self.identity_pool = await open_pool(self.identity_database)
        stack.push_async_callback(self.identity_pool.close)
        await self.begin_wire()
        stack.push_async_callback(self.end_wire)
        asked = {
            "url": f"https://127.0.0.1:{self.wire.port}",
            "certificate": "wire.crt",
            "client_certificate": "asks.crt",
            "client_key": "asks.key",
            "issuer": ISSUER,
            "poll_seconds": 0.1,
        } | changes.pop("asked", {})
        systems = (System.POPULATION, System.IDENTITY)
        told = {"systems": systems, "identity": Identity(**asked)} | changes
        await super().start(stack, poll_seconds, observer, **told)

    async def begin_wire(self, port: int = 0) -> None:
        """Start the identity system's wire."""
        settings = self.identity
        wire = identity_settings.Wire(
            **{name: getattr(settings.wire, name) for name in settings.wire.__struct_fields__} | {"port": port}
        )
        told = {name: getattr(settings, name) for name in settings.__struct_fields__} | {"wire": wire}
        self.wire = await Wire.start(identity_settings.Settings(**told), self.clock)

    async def end_wire(self) -> None:
        """Stop it."""
        await self.wire.stop()

    @property
    def keys(self) -> KeyRing:
        """The ring that signs officers' cards."""
        return ring(self.folder / self.identity.keys, OFFICERS)

    # An agency's side.

    async def ask_identity(
        self, service: Service, consent: str | None, *, sign: dict[str, Any] | None = None, **fields: Any
    ) -> Answer:
        """One question to a service of the identity system under this consent, signed as it should be."""
        entry = self.catalogue.entry(System.IDENTITY, service, Environment.TEST)
        told = {"MaTichHop": entry.ma_tich_hop, "MaGiaoDichDongY": consent} | fields
        return await self._post(entry.service_code, self.body(service, **told), sign)

    async def operate(
        self, operation: ConsentOperation, *, sign: dict[str, Any] | None = None, **fields: Any
    ) -> Answer:
        """One consent operation; a field given as None is left out."""
        entry = self.catalogue.consent_entry(operation, Environment.TEST)
        told = self.body(LOOK_UP, **{"MaTichHop": entry.ma_tich_hop, "DichVu": LOOK_UP.value} | fields)
        if operation is ConsentOperation.STATE:
            told = {
                name: value for name, value in told.items() if name not in ("SoDinhDanh", "HoVaTen", "NgayThangNamSinh")
            }
        return await self._post(entry.service_code, told, sign)

    async def request(self, **fields: Any) -> Answer:
        """Ask for a consent to a look-up."""
        wishes = {"CacTruong": AGREED, "MucDich": "Cấp giấy phép xây dựng", "MotLan": False, "ThoiHan": 3_600}
        return await self.operate(ConsentOperation.REQUEST, **wishes | fields)

    async def state(self, consent: str, **fields: Any) -> Answer:
        """Ask how it stands."""
        return await self.operate(ConsentOperation.STATE, MaGiaoDichDongY=consent, **fields)

    async def waiting(self, **fields: Any) -> str:
        """A consent that waits for its citizen."""
        answer = await self.request(**fields)
        assert answer.code == ASKED, answer.raw
        return answer.body["MaGiaoDichDongY"]

    async def agreed(self, **fields: Any) -> str:
        """A consent that its citizen has agreed to."""
        consent = await self.waiting(**fields)
        await self.agree(consent)
        return consent

    async def agree(self, consent: str) -> None:
        """Its citizen agrees."""
        await self.decide(consent, lambda cursor, kept, at: records.agree(cursor, kept, "test", {}, "receipt", at))

    async def refused(self) -> str:
        """A consent that its citizen has refused."""
        consent = await self.waiting()
        await self.decide(consent, lambda cursor, kept, at: records.refuse(cursor, kept, "test", {}, at))
        return consent

    async def take_back(self, consent: str) -> None:
        """The citizen takes it back."""
        await self.decide(consent, lambda cursor, kept, at: records.take_back(cursor, kept, "test", at))

    async def decide(self, consent: str, act: Callable[[Any, records.Kept, datetime], bool]) -> None:
        """What the citizen says on the pages, by the functions that the pages call."""

        def inside() -> None:
            with psycopg.connect(self.identity_database) as connection, connection.cursor() as cursor:
                kept = records.one(cursor, consent, CITIZEN, for_update=True)
                assert kept is not None
                assert act(cursor, kept, self.clock.now())

        await asyncio.to_thread(inside)

    async def uses(self) -> list[asyncpg.Record]:
        """What the identity system has written down about uses, oldest first."""
        return await self.identity_pool.fetch("SELECT * FROM consent_use ORDER BY at, message_id")

    async def terms(self) -> str:
        """The version of the current terms."""
        return await self.identity_pool.fetchval("SELECT version FROM terms ORDER BY valid_from DESC LIMIT 1")

    async def card(
        self, message_id: str, *, key: ECKey | None = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """An officer's card as the identity system signs it, with changes."""
        now = int(self.clock.now().timestamp())
        key = key if key is not None else self.keys.signing(self.clock.now())
        told = {
            "iss": ISSUER, "aud": "ketnoi-registry:test", "sub": OFFICER, "org": MEMBER, "mid": message_id,
            "acr": "2", "terms": await self.terms(), "iat": now, "exp": now + 300, "jti": "j1",
        } | claims  # fmt: skip
        signed = {"alg": "ES256", "typ": TYPE, "kid": key.kid} | (header or {})
        signed = {name: value for name, value in signed.items() if value is not None}
        return jws.serialize_compact(signed, json.dumps(told).encode(), key, algorithms=["ES256"])

    async def cards_poll(self) -> None:
        """Have the registry learn keys and terms of this moment: it asks every few seconds by itself."""
        before = await self._polls()
        while await self._polls() < before + 2:
            await asyncio.sleep(0.02)

    async def _polls(self) -> int:
        async with self.session("ss-ndxp").get(f"{self.url}/health") as response:
            return (await response.json())["identity"]["requests"]

    async def until(self, ask: Callable[[], Awaitable[Answer]], code: str) -> None:
        """Ask until the answer has this code. Raises TimeoutError."""
        async with asyncio.timeout(15):
            while (await ask()).code != code:
                await asyncio.sleep(0.1)

    async def _post(self, service_code: str, told: dict[str, Any], sign: dict[str, Any] | None) -> Answer:
        body = json.dumps(told, ensure_ascii=False).encode()
        signing = {"client": f"NDXP-TEST/GOV/{MEMBER}/MOTCUA", "key_id": IDENTITY_ACCOUNT} | (sign or {})
        return await self.send("POST", f"/v1/{service_code}", body, self.signed(body, **signing), "ss-ndxp")


def run_both(folder: Path, cluster: Any, act: Callable[[IdentityWorld], Awaitable[Any]], **changes: Any) -> Any:
    """`await act(world)` in a fresh world; returns what it returned. `changes` are as of `IdentityWorld.start`."""

    async def inside() -> Any:
        async with AsyncExitStack() as stack:
            world = IdentityWorld(folder, cluster.create_database(), cluster.create_database())
            await world.start(stack, **changes)
            return await act(world)

    return asyncio.run(inside())


HOUR = timedelta(hours=1)
