"""What the directory said before there was a portal: it goes on standing until something better replaces it. Pure."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from ketnoi_portal.publication.desired import Content
from ketnoi_portal.publication.directory_board import Parts
from ketnoi_protocol.directory import Grant, IntegrationAccount, Officer, Organisation
from ketnoi_protocol.services import Service


class Inherited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file, in the directory's own types."""

    organisations: tuple[Organisation, ...] = ()
    accounts: tuple[IntegrationAccount, ...] = ()
    grants: tuple[Grant, ...] = ()
    officers: tuple[Officer, ...] = ()

    @classmethod
    def read(cls, data: bytes) -> Inherited:
        """Raises msgspec.DecodeError for what is no such file."""
        return msgspec.json.decode(data, type=cls)


def beside(content: Content, inherited: Inherited, ended: Collection[tuple[str, Service]]) -> Parts:
    """The approved content with what stood before: an application of the same organisation and service replaces it.

    `ended` are those (organisation, service) whose standing right two officers had removed, or that has run out.
    """
    parts = content.parts
    licensed = {(grant.organisation, grant.system, grant.service) for grant in parts.grants}
    known = {account.id for account in parts.accounts}
    served = {(account.organisation, account.system) for account in parts.accounts if account.active}
    bodies = {body.code: body for body in (*inherited.organisations, *parts.organisations)}
    grants = [
        msgspec.structs.replace(grant, active=grant.active and (grant.organisation, grant.service) not in ended)
        for grant in inherited.grants
        if (grant.organisation, grant.system, grant.service) not in licensed
    ]
    accounts = [
        msgspec.structs.replace(account, active=account.active and (account.organisation, account.system) not in served)
        for account in inherited.accounts
        if account.id not in known
    ]
    return Parts(
        tuple(bodies[code] for code in sorted(bodies)),
        (*parts.accounts, *accounts),
        tuple(sorted((*parts.grants, *grants), key=lambda each: (each.organisation, each.system, each.service))),
    )
