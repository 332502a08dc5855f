"""A client that shares no code with the provider signs somebody in, from the discovery document to userinfo.

idpyoidc (with cryptojwt) is certified by the OpenID Foundation as a relying party. It judges by itself: issuer, state,
nonce, signature, audience, times. Its own default is to name the token endpoint as an assertion's audience, as OpenID
Connect Core says; FAPI 2.0 wants the issuer alone, and so do we.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptojwt.key_jar import KeyJar
from idpyoidc.client.client_auth import PrivateKeyJWT
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.oidc.provider_info_discovery import ProviderInfoDiscovery
from idpyoidc.client.rp_handler import RPHandler
from idpyoidc.exception import MissingSigningKey
from idpyoidc.message.oauth2 import ASConfigurationResponse

from .agencies import Agency, Browser
from .site import Site

OFFICIAL = Agency("motcua-H20", "H20", "https://h20.example.vn/eid")


class ForTheIssuer(PrivateKeyJWT):  # type: ignore[misc]
    """Its assertions, with the audience of FAPI 2.0, and as short-lived as we want them."""

    def _construct_client_assertion(self, service: Any, **told: Any) -> str:
        issuer = service.upstream_get("context").provider_info["issuer"]
        narrower = {"audience": issuer, "algorithm": "ES256", "lifetime": 60}
        return str(super()._construct_client_assertion(service, **(told | narrower)))


class Discovery(ProviderInfoDiscovery):  # type: ignore[misc]
    """Its reading of the discovery document, by the rules of RFC 8414: OpenID's own want RS256, FAPI 2.0 forbids it."""

    response_cls = ASConfigurationResponse


@pytest.fixture
def client(site: Site, tmp_path: Path) -> RPHandler:
    """The other client, configured with what an agency has: its name, its key, its address, and ours."""
    OFFICIAL.register(site)
    jar = KeyJar()
    jar.import_jwks({"keys": [OFFICIAL.key.as_dict(private=True)]}, "")
    return RPHandler(
        base_url="https://h20.example.vn",
        keyjar=jar,
        httpc_params={"timeout": 30},
        client_configs={
            site.url: {
                "client_type": "oidc",
                "issuer": site.url,
                "client_id": OFFICIAL.client_id,
                "redirect_uris": [OFFICIAL.callback],
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256",
                "id_token_signed_response_alg": "ES256",
                "subject_type": "pairwise",
                "response_types_supported": ["code"],
                "scopes_supported": ["openid"],
                "client_authn_methods": {"private_key_jwt": ForTheIssuer},
                "services": DEFAULT_OIDC_SERVICES | {"discovery": {"class": Discovery}},
                "add_ons": {
                    "pkce": {
                        "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                        "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
                    }
                },
            }
        },
    )


def begun(client: RPHandler, site: Site) -> str:
    """Where it sends the browser, as a path."""
    address = client.begin(issuer_id=site.url)
    address = address if isinstance(address, str) else address["url"]
    assert address.startswith(f"{site.url}/openid/authorize?")
    return str(address).removeprefix(site.url)


def test_an_independent_client_signs_somebody_in(client: RPHandler, site: Site, citizen: Browser) -> None:
    answer = citizen.decide(begun(client, site))
    assert answer.headers["location"].startswith(OFFICIAL.callback)
    told = client.finalize(site.url, dict(parse_qsl(urlsplit(answer.headers["location"]).query)))
    assert "error" not in told, told
    id_token = told["id_token"]
    assert (id_token["iss"], id_token["acr"]) == (site.url, "2")
    assert OFFICIAL.client_id in id_token["aud"]
    assert told["userinfo"].to_dict() == {"sub": id_token["sub"], "acr": "2"}


def test_it_notices_an_answer_that_is_for_another_request(client: RPHandler, site: Site, citizen: Browser) -> None:
    answer = citizen.decide(begun(client, site))
    back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    with pytest.raises(Exception, match=r"(?i)unknown|state"):
        client.finalize(site.url, back | {"state": "somebody-elses"})


def test_it_notices_a_mix_up_by_who_answers(client: RPHandler, site: Site, citizen: Browser) -> None:
    answer = citizen.decide(begun(client, site))
    back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    with pytest.raises(Exception, match=r"(?i)iss"):
        client.finalize(site.url, back | {"iss": "https://elsewhere.example"})


def test_it_believes_no_token_under_keys_that_are_not_the_providers(
    client: RPHandler, site: Site, citizen: Browser
) -> None:
    answer = citizen.decide(begun(client, site))
    jar = client.issuer2rp[site.url].get_attribute("keyjar")
    del jar[site.url]
    jar.import_jwks({"keys": [Agency("x", "X", "").key.as_dict(private=False)]}, site.url)
    with pytest.raises(MissingSigningKey):
        client.finalize(site.url, dict(parse_qsl(urlsplit(answer.headers["location"]).query)))
