"""An existing database behind, with the people of `population`, and the settings by which it is asked."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from ketnoi_registry.relations import RELATIONS
from ketnoi_registry.store.units import Units
from ketnoi_registry.store.upstream import Upstream
from ketnoi_runtime.clock import Clock
from ketnoi_testbed.existing_database import ExistingDatabase

from .certificates import self_signed
from .population import PEOPLE, UNITS

CODES = {code.replace("QH", "CH"): code for code in RELATIONS}
"""The stand-in's codes of relations → ours."""


def stand_in(folder: Path, clock: Clock, port: int = 0) -> ExistingDatabase:
    """One that is not started yet; keys and secret are written to `folder`."""
    for name in ("behind", "asker"):
        self_signed(folder, name)
    (folder / "secret").touch(mode=0o600)
    (folder / "secret").write_text("bi-mat-thu\n")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "behind.crt", folder / "behind.key")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    tls.load_verify_locations(folder / "asker.crt")
    behind = ExistingDatabase("127.0.0.1", port, tls, clock, account="ketnoi", secret="bi-mat-thu")
    behind.take(PEOPLE, Units(UNITS))
    return behind


def asked_at(behind: ExistingDatabase, **changes: Any) -> Upstream:
    """The settings, quick to lose patience."""
    return Upstream(
        **{
            "url": behind.url,
            "confirm_url": behind.address + behind.CONFIRM_PATH,
            "server_certificate": "behind.crt",
            "certificate": "asker.crt",
            "key": "asker.key",
            "account": "ketnoi",
            "secret_file": "secret",
            "ma_dvc": "VPCP",
            "ma_can_bo": "C06.KETNOI",
            "ma_don_vi": "G01.C06",
            "relations": CODES,
            "connect_timeout_seconds": 1.0,
            "read_timeout_seconds": 0.5,
        }
        | changes
    )
