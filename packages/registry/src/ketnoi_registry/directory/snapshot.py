"""One verified state of the signed directory, whole and unchanging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ketnoi_protocol.directory import Grant, IntegrationAccount, Manifest, Officer, Organisation
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.services import Environment, Service, System
from ketnoi_trust.directory import bucket_of

_PACK = msgspec.msgpack.Encoder()
_OFFICER = msgspec.msgpack.Decoder(Officer)


class StaleDirectoryError(Exception):
    """There is no directory whose validity covers this moment."""


class Directory:
    """Organisations, integration accounts, grants and officers under one manifest.

    A new state is made beside the old one and put in its place in one step; the officers' buckets that did not
    change are shared between the two. `officers` holds every bucket under its name, as `pack_officers` makes it.
    """

    def __init__(
        self,
        manifest: Manifest,
        organisations: Iterable[Organisation],
        accounts: Iterable[IntegrationAccount],
        grants: Iterable[Grant],
        officers: Mapping[str, Mapping[str, bytes]],
    ) -> None:
        self.manifest = manifest
        self.officers = officers
        self._organisations = {organisation.code: organisation.name for organisation in organisations}
        self._accounts = {account.id: account for account in accounts}
        # Read when first asked for: thousands at once would hold the loop up.
        self._keys: dict[str, EllipticCurvePublicKey | None] = {}
        self._grants = {(grant.organisation, grant.system, grant.service, grant.environment): grant for grant in grants}

    def check_current(self, at: datetime) -> None:
        """Raises StaleDirectoryError when this state's validity does not cover the moment `at`."""
        if at >= self.manifest.expires_at:
            raise StaleDirectoryError

    def account(self, account_id: str) -> IntegrationAccount | None:
        """The integration account of that id, active or not."""
        return self._accounts.get(account_id)

    def key_of(self, account: IntegrationAccount) -> EllipticCurvePublicKey | None:
        """The account's P-256 key; None when what stands in the directory is no such key."""
        if account.id not in self._keys:
            self._keys[account.id] = _public_key(account.public_key)
        return self._keys[account.id]

    def knows(self, organisation: OrganisationCode) -> bool:
        """Whether this organisation stands in the directory."""
        return organisation.value in self._organisations

    def name_of(self, organisation: str) -> str | None:
        """How an organisation is called; None for a code that does not stand in the directory."""
        return self._organisations.get(organisation)

    def grant(self, unit: OrganisationCode, system: System, service: Service, environment: Environment) -> Grant | None:
        """The grant for `unit`: its own, else that of the nearest organisation above it, active or not.

        The nearest one counts alone: a suspended grant of a unit is not mended by the ministry's.
        """
        for code in _upwards(unit.value):
            if (found := self._grants.get((code, system, service, environment))) is not None:
                return found if code in self._organisations else None
        return None

    def officer(self, code: str) -> Officer | None:
        """The officer account of that code, active or not."""
        if not self.officers:
            return None
        packed = self.officers.get(bucket_of(code, len(self.officers)), {}).get(code)
        return None if packed is None else _OFFICER.decode(packed)


def pack_officers(officers: Iterable[Officer]) -> dict[str, bytes]:
    """Officers by code, packed: the garbage collector does not look into bytes, and would stop the loop for long
    each time it visited hundreds of thousands of objects."""
    return {officer.code: _PACK.encode(officer) for officer in officers}


def _upwards(code: str) -> Iterable[str]:
    while code:
        yield code
        code = code.rpartition(".")[0]


def _public_key(pem: str) -> EllipticCurvePublicKey | None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None
