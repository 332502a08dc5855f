"""Which agencies' systems people may sign in to, in one environment, by the applications in force. Pure.

One client for an organisation, named by its code: whatever application it is that names it, its citizens stay the same
to it. Of two applications in force the newer one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ketnoi_portal.onboarding.sign_in import KeyNotUsable, jwk_of
from ketnoi_portal.publication.desired import Approved
from ketnoi_protocol.citizens import Client
from ketnoi_protocol.services import Environment, System

LONGEST_NAME: Final = 255
"""As long as the identity side keeps names: one that is longer holds no other client up."""


def wanted_clients(
    applications: Iterable[Approved], environment: Environment, names: Mapping[str, str]
) -> tuple[Client, ...]:
    """Every client that there shall be, by its name. `names` are those of the organisations that exist today."""
    found: dict[str, Client] = {}
    for each in sorted(applications, key=lambda known: known.number):
        code = each.case.applicant
        if each.case.system is not System.IDENTITY or environment not in each.environments or code not in names:
            continue
        for entry in each.form.sign_in:
            if entry.environment is not environment or not entry.redirects:
                continue
            try:
                jwk = jwk_of(entry.key)
            except KeyNotUsable:
                # Approved before the check was what it is now; without a key nobody can prove to be it.
                continue
            found[code] = Client(
                client_id=code,
                organisation=code,
                name_vi=names[code][:LONGEST_NAME],
                name_en=names[code][:LONGEST_NAME],
                redirect_uris=entry.redirects,
                jwks={"keys": [jwk | {"use": "sig", "alg": "ES256"}]},
            )
    return tuple(found[code] for code in sorted(found))
