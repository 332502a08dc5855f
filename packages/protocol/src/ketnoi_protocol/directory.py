"""The signed directory: what may be asked, by whom, in whose name. The portal writes it, the registry reads it.

A small signed manifest names everything else by the digest of its content (docs/decisions, 13). Signing and reading
are trust's; these are the types. All moments are aware, in UTC; digests are lower-case hexadecimal SHA-256.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from ketnoi_protocol.services import Environment, Service, System


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation that the registry knows. `code` is its normalised organisation code."""

    code: str
    name: str


class IntegrationAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account that C06 gives an organisation for one system in one environment.

    Its owner proves it by signing with the private half of `public_key` (PEM, SubjectPublicKeyInfo, P-256).
    """

    id: str
    organisation: str
    system: System
    environment: Environment
    public_key: str
    active: bool


class Quota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often may be asked under a grant [our choice: no official rule was found].

    `calls` in each span of `seconds`: of the organisation as a whole, for all services of the system together; or of
    each of its officers, or under each procedure, for this service. Spans follow one another from midnight in Vietnam.
    """

    of: Literal["organisation", "officer", "procedure"]
    calls: Annotated[int, msgspec.Meta(ge=0)]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an organisation may ask of one service in one environment.

    `procedures` are MaDVC codes, `fields` the elements an answer may show, `match_fields` the claimed attributes on
    which verify_citizen may answer yes or no. Without `quotas` it may be asked without end.
    """

    organisation: str
    system: System
    service: Service
    environment: Environment
    procedures: tuple[str, ...]
    fields: tuple[str, ...]
    match_fields: tuple[str, ...]
    active: bool
    quotas: tuple[Quota, ...] = ()


class Officer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An officer's account. `code` is no personal number; `unit` is an organisation code.

    Valid from `valid_from` on and before `valid_until`; no end when that is None. `of_system`: nobody's account, but
    that of the organisation's information system itself. Both are written only where they say something, so that
    readers who do not know the second read every officer of before.
    """

    code: str
    unit: str
    active: bool
    services: tuple[Service, ...]
    valid_from: datetime
    valid_until: datetime | None = None
    of_system: bool = False


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One state of the directory. `version` only grows; `officer_buckets` maps bucket names to digests."""

    environment: Environment
    version: int
    issued_at: datetime
    expires_at: datetime
    rehearsal: bool
    organisations: str
    grants: str
    accounts: str
    officer_buckets: dict[str, str]
