"""Everything registered and approved, as it stood at one moment, in the types of the signed configuration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import MemberId, SecurityServerId, SubsystemId
from ketnoi_trust.configuration import (
    AcmeServer,
    ApprovedAuthority,
    AuthorityCertificate,
    CertificateHash,
    ConfigurationSource,
    GlobalGroup,
    Maintenance,
    ManagementService,
    Member,
    MemberClass,
    OcspResponder,
    PrivateParams,
    SecurityServer,
    SharedParams,
    Subsystem,
    TimestampAuthority,
)


@dataclass(frozen=True, slots=True)
class Registered:
    """One platform at one version. `signer` is the active key's name and certificate, None before the first key."""

    version: int
    rehearsal: bool
    shared: SharedParams = field(repr=False)
    private: PrivateParams | None = field(repr=False)
    signer: tuple[str, bytes] | None = field(repr=False)

    @property
    def instance(self) -> str:
        """The platform's instance identifier."""
        return self.shared.instance


async def read_registered(connection: Any) -> Registered:
    """Read the platform; the connection must be in a transaction that sees one moment (REPEATABLE READ).

    Raises ChangeRefused `not_initialized`.
    """
    platform = await connection.fetchrow("SELECT * FROM platform")
    if platform is None:
        raise ChangeRefused("not_initialized")
    keys = await connection.fetch("SELECT id, certificate, active FROM signing_key ORDER BY added_at, id")
    certificates = tuple(row["certificate"] for row in keys)
    shared = SharedParams(
        platform["instance"],
        tuple(ConfigurationSource(each, certificates, certificates) for each in platform["addresses"]),
        tuple(await _authorities(connection)),
        tuple(
            TimestampAuthority(row["name"], row["url"], row["certificate"], row["cost"])
            for row in await connection.fetch("SELECT * FROM timestamping_service ORDER BY id")
        ),
        tuple(await _members(connection)),
        tuple(await _servers(connection)),
        tuple(await _groups(connection)),
        tuple(
            MemberClass(row["code"], row["description"])
            for row in await connection.fetch("SELECT * FROM member_class ORDER BY code")
        ),
        timedelta(seconds=platform["ocsp_freshness_seconds"]),
    )
    signer = next(((row["id"], row["certificate"]) for row in keys if row["active"]), None)
    return Registered(platform["version"], platform["rehearsal"], shared, _private(platform), signer)


def _private(platform: Any) -> PrivateParams | None:
    if platform["management_provider"] is None:
        return None
    # X-Road's own address for registrations of authentication certificates, on the first node.
    host = platform["addresses"][0].rpartition(":")[0] or platform["addresses"][0]
    return PrivateParams(
        platform["instance"],
        ManagementService(
            f"https://{host}:4001/managementservice/", SubsystemId.from_colon(platform["management_provider"])
        ),
        timedelta(seconds=platform["timestamp_interval_seconds"]),
    )


async def _authorities(connection: Any) -> Iterable[ApprovedAuthority]:
    responders: dict[tuple[int | None, int | None], list[OcspResponder]] = defaultdict(list)
    for row in await connection.fetch("SELECT * FROM ocsp_responder ORDER BY id"):
        responder = OcspResponder(row["url"], row["certificate"], row["cost"])
        responders[row["service"], row["intermediate"]].append(responder)
    intermediates: dict[int, list[AuthorityCertificate]] = defaultdict(list)
    for row in await connection.fetch("SELECT * FROM intermediate_authority ORDER BY id"):
        found = AuthorityCertificate(row["certificate"], tuple(responders[None, row["id"]]))
        intermediates[row["service"]].append(found)
    return [
        ApprovedAuthority(
            row["name"],
            AuthorityCertificate(row["certificate"], tuple(responders[row["id"], None])),
            row["profile"],
            tuple(intermediates[row["id"]]),
            row["authentication_only"],
            row["csr_format"],
            _acme(row),
        )
        for row in await connection.fetch("SELECT * FROM certification_service ORDER BY id")
    ]


def _acme(row: Any) -> AcmeServer | None:
    if row["acme_directory_url"] is None:
        return None
    return AcmeServer(
        row["acme_directory_url"],
        row["acme_ip_address"],
        row["acme_authentication_profile"],
        row["acme_signing_profile"],
    )


async def _members(connection: Any) -> Iterable[Member]:
    subsystems: dict[str, list[Subsystem]] = defaultdict(list)
    for row in await connection.fetch('SELECT id, member, name FROM subsystem ORDER BY id COLLATE "C"'):
        subsystems[row["member"]].append(Subsystem(SubsystemId.from_colon(row["id"]), row["name"]))
    rows = await connection.fetch(
        'SELECT id, name, description FROM member JOIN member_class ON code = member_class ORDER BY id COLLATE "C"'
    )
    return [
        Member(MemberId.from_colon(row["id"]), row["name"], tuple(subsystems[row["id"]]), row["description"])
        for row in rows
    ]


async def _servers(connection: Any) -> Iterable[SecurityServer]:
    hashes: dict[str, list[CertificateHash]] = defaultdict(list)
    for row in await connection.fetch("SELECT server, certificate FROM authentication_certificate ORDER BY id"):
        hashes[row["server"]].append(CertificateHash.of(row["certificate"]))
    clients: dict[str, set[SubsystemId | MemberId]] = defaultdict(set)
    for row in await connection.fetch("SELECT server, client FROM server_client"):
        clients[row["server"]].add(SubsystemId.from_colon(row["client"]))
    return [
        SecurityServer(
            SecurityServerId.from_colon(row["id"]),
            row["address"],
            tuple(hashes[row["id"]]),
            frozenset(clients[row["id"]]),
            Maintenance(row["maintenance_message"]) if row["in_maintenance"] else None,
        )
        for row in await connection.fetch('SELECT * FROM security_server ORDER BY id COLLATE "C"')
    ]


async def _groups(connection: Any) -> Iterable[GlobalGroup]:
    members: dict[str, list[SubsystemId | MemberId]] = defaultdict(list)
    for row in await connection.fetch("SELECT group_code, client FROM global_group_member ORDER BY id"):
        members[row["group_code"]].append(client_of(row["client"]))
    return [
        GlobalGroup(row["code"], row["description"], tuple(members[row["code"]]))
        for row in await connection.fetch('SELECT * FROM global_group ORDER BY code COLLATE "C"')
    ]


def client_of(text: str) -> MemberId | SubsystemId:
    """A member or a subsystem, by the number of its parts. Raises InvalidIdentifier."""
    return SubsystemId.from_colon(text) if text.count(":") == 3 else MemberId.from_colon(text)
