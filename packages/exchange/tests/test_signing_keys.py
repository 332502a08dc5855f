"""The keys that sign: rotated so that nobody is left behind, kept so that nobody else reads them."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from ketnoi_exchange.app import Exchange
from ketnoi_exchange.keys import KeyUnusable
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_trust.configuration import Anchor
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

from .platforms import BY, fresh, own_host, read, running, settings_of


async def keys_of(exchange: Exchange) -> dict[str, bool]:
    found = await exchange.actions.pool.fetch("SELECT id, active FROM signing_key ORDER BY added_at, id")
    return {row["id"]: row["active"] for row in found}


async def signer(anchor: Anchor) -> bytes:
    return (await read(anchor))[0].signer


def test_a_rotation_leaves_nobody_behind(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do = exchange.actions
            old_anchor = await do.anchor()
            (old,) = await keys_of(exchange)
            new = await do.rotate_signing_key(BY, "the next one")
            await exchange.until_published()

            # Both are in the anchor and in the sources; the old one signs, and the old anchor still leads here.
            anchor = await do.anchor()
            assert len(anchor.certificates) == 2
            assert anchor.fingerprint != old_anchor.fingerprint
            assert await signer(old_anchor) == await signer(anchor) == old_anchor.certificates[0]
            _, configuration, _ = await read(anchor)
            assert set(configuration.shared.sources[0].internal_certificates) == set(anchor.certificates)
            with pytest.raises(ChangeRefused, match="too_many_signing_keys"):
                await do.rotate_signing_key(BY)
            assert {file.stem for file in (folder / "keys" / "configuration").iterdir()} == {old, new}
            with pytest.raises(ChangeRefused, match="signing_key_action_not_possible"):
                await do.remove_signing_key(BY, old)

            await do.activate_signing_key(BY, new)
            await exchange.until_published()
            assert await signer(anchor) == anchor.certificates[1]
            with pytest.raises(Refused, match="nobody whom the anchor names"):
                await read(old_anchor)
            with pytest.raises(ChangeRefused, match="signing_key_action_not_possible"):
                await do.activate_signing_key(BY, new)

            await do.remove_signing_key(BY, old)
            await exchange.until_published()
            assert await keys_of(exchange) == {new: True}
            assert (await do.anchor()).certificates == (anchor.certificates[1],)
            assert [file.stem for file in (folder / "keys" / "configuration").iterdir()] == [new]
            await read(anchor)

    asyncio.run(story())


def test_private_keys_are_their_owners_alone_or_not_used(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            settings = exchange.settings
            keys = [path for path in (folder / "keys").rglob("*.pem") if path.name != "certificate.pem"]
            assert [stat.S_IMODE(path.stat().st_mode) for path in keys] == [0o600, 0o600]
            (key,) = (folder / "keys" / "configuration").iterdir()
            key.chmod(0o644)
            before = exchange.shelf.sequence
            await exchange.actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")
            for _ in range(100):
                if exchange.publisher.problem:
                    break
                await asyncio.sleep(0.05)
            assert "chmod 600" in exchange.publisher.problem
            assert exchange.shelf.sequence == before
            key.chmod(0o600)
            await exchange.until_published()
            assert exchange.publisher.problem == ""
        (folder / "keys" / "admin" / "key.pem").chmod(0o640)
        with pytest.raises(KeyUnusable, match="chmod 600"):
            await Exchange.start(settings, AdjustableClock())

    asyncio.run(story())


def test_a_node_cannot_activate_a_key_that_it_does_not_hold(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            new = await exchange.actions.rotate_signing_key(BY)
            other = settings_of(database, folder, node="b", published="b", keys="keys-of-b")
            async with running(other) as second:
                with pytest.raises(ChangeRefused, match="error_activating_signing_key"):
                    await second.actions.activate_signing_key(BY, new)
            assert own_host() != other.listen.host

    asyncio.run(story())


@pytest.mark.parametrize("rehearsal", [True, False])
def test_the_signers_name_says_whether_it_is_a_rehearsal(database: str, folder: Path, rehearsal: bool) -> None:
    async def story() -> None:
        async with fresh(database, folder, rehearsal=rehearsal, instance="A" * 200) as exchange:
            anchor = await exchange.actions.anchor()
            _, configuration, _ = await read(anchor)
            assert configuration.rehearsal is rehearsal
            name = ParsedCertificate.parse(anchor.certificates[0]).common_name or ""
            assert name.startswith("Unsafe") is rehearsal

    asyncio.run(story())


def test_an_instance_called_unsafe_is_no_rehearsal_for_that(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder, rehearsal=False, instance="Unsafe-TEST") as exchange:
            _, configuration, _ = await read(await exchange.actions.anchor())
            assert not configuration.rehearsal

    asyncio.run(story())
