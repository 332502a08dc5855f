"""The existing database behind C06's registry, in worlds that have one."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from pathlib import Path
from typing import Any

from ketnoi_registry.relations import RELATIONS
from ketnoi_registry.store.units import Units
from ketnoi_testbed.authority import UnsafeAuthority
from ketnoi_testbed.existing_database import ExistingDatabase
from ketnoi_testbed.population import Population
from ketnoi_testbed.population.country import administrative_units
from ketnoi_testbed.surroundings import Surroundings

ADDRESS, PORT = 4, 9443
_ACCOUNT = "ketnoi"


class BehindPart:
    """The stand-in, with the keys by which it and the registry know each other."""

    def __init__(self, around: Surroundings, authority: UnsafeAuthority) -> None:
        host = around.premises.address(ADDRESS)
        folder = around.premises.make_folder("existing-database")
        own = authority.issue_authentication(host)
        self._asker = authority.issue_authentication("Unsafe Registry")
        self._own = own.pem
        self._secret = secrets.token_urlsafe(24)
        for name, data in (("tls.pem", own.pem), ("tls-key.pem", own.key_pem)):
            _private(folder / name, data)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "tls.pem", folder / "tls-key.pem")
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        tls.load_verify_locations(cadata=self._asker.pem.decode("ascii"))
        port = around.premises.ports[PORT]
        self._address = f"https://{host}:{port}"
        self.database = ExistingDatabase(host, port, tls, around.clock, account=_ACCOUNT, secret=self._secret)

    async def take(self, population: Population) -> None:
        """Have the invented people in it."""
        await asyncio.to_thread(lambda: self.database.take(population, Units(list(administrative_units()))))

    def write(self, folder: Path) -> dict[str, Any]:
        """`[upstream]` of the registry's settings, whose files are written to its `folder`."""
        _private(folder / "behind.pem", self._own)
        _private(folder / "asker.pem", self._asker.pem)
        _private(folder / "asker-key.pem", self._asker.key_pem)
        _private(folder / "behind-secret", self._secret.encode())
        return {
            "url": self._address + ExistingDatabase.PATH,
            "confirm_url": self._address + ExistingDatabase.CONFIRM_PATH,
            "server_certificate": "behind.pem",
            "certificate": "asker.pem",
            "key": "asker-key.pem",
            "account": _ACCOUNT,
            "secret_file": "behind-secret",
            "ma_dvc": "VPCP",
            "ma_can_bo": "C06.KETNOI",
            "ma_don_vi": "G01.C06",
            # The stand-in has codes of its own for relations, as a real one has.
            "relations": {code.replace("QH", "CH"): code for code in RELATIONS},
        }


def _private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
