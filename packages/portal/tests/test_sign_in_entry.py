"""What an agency may name for signing in with eID: addresses that can be compared, and public keys alone."""

from __future__ import annotations

import json

import msgspec
import pytest
from joserfc.jwk import ECKey, RSAKey

from ketnoi_pages import clock
from ketnoi_portal.mailroom.submission import Refused, Submission, bounded
from ketnoi_portal.onboarding.difference import difference
from ketnoi_portal.onboarding.registration import Registration, defects
from ketnoi_portal.onboarding.sign_in import KeyNotUsable, SignInEntry, is_address, jwk_of, thumbprint
from ketnoi_protocol.services import Environment, Service, System

from .forms import a_form

KEY = ECKey.generate_key("P-256")
PEM = KEY.as_pem(private=False).decode()
ADDRESS = "https://motcua.example.vn/quay-lai"
TEST, PRODUCTION = Environment.TEST, Environment.PRODUCTION


def entry(environment: Environment = TEST, *redirects: str, key: str = PEM) -> SignInEntry:
    return SignInEntry(environment=environment, redirects=redirects or (ADDRESS,), key=key)


def form(*entries: SignInEntry) -> Registration:
    whole = a_form(System.IDENTITY, services=(Service.VERIFY_CITIZEN,))
    return msgspec.structs.replace(whole, sign_in=entries)


def wrong(*entries: SignInEntry, system: System = System.IDENTITY, rehearsal: bool = False) -> list[str]:
    found = defects(form(*entries), system, "H55", "2022-seed", clock.now(), rehearsal=rehearsal)
    return [each.field for each in found if not each.warning]


def test_a_form_may_name_it_for_each_environment_or_not_at_all() -> None:
    assert wrong() == []
    assert wrong(entry(TEST), entry(PRODUCTION)) == []
    assert wrong(entry(TEST), entry(TEST)) == ["sign_in"]
    assert wrong(entry(TEST), system=System.POPULATION) == ["sign_in"]


@pytest.mark.parametrize(
    "address",
    [
        "http://motcua.example.vn/", "http://localhost:8000/", "https://", "https:///x", "motcua.example.vn",
        "https://a@motcua.example.vn/", "https://motcua.example.vn/#x", "https://*.example.vn/", "javascript:alert(1)",
        "https://motcua.example.vn/ x", "https://thành-phố.vn/", "https://motcua.example.vn:x/", 'https://a.vn/"',
        "https://a.vn\\@b.vn/", "https://[::1/",
    ],
)  # fmt: skip
def test_addresses_that_cannot_be_compared_exactly_are_refused(address: str) -> None:
    assert wrong(entry(TEST, address)) == ["sign_in.test.redirects"]


def test_this_machines_own_address_counts_in_a_rehearsal_alone() -> None:
    for address in ("http://localhost:8000/quay-lai", "http://127.0.0.1/", "http://[::1]:8/"):
        assert is_address(address, rehearsal=True)
        assert not is_address(address, rehearsal=False)
    assert wrong(entry(TEST, "http://localhost:8000/"), rehearsal=True) == []
    assert not is_address("http://elsewhere.example.vn/", rehearsal=True)


def test_one_address_twice_or_too_many_are_refused() -> None:
    assert wrong(entry(TEST, ADDRESS, ADDRESS)) == ["sign_in.test.redirects"]
    assert wrong(entry(TEST, *(f"{ADDRESS}{n}" for n in range(11)))) == ["sign_in.test.redirects"]


def test_a_key_is_the_same_as_pem_and_as_jwk() -> None:
    jwk = {**KEY.as_dict(private=False), "use": "sig"}
    assert jwk_of(PEM) == jwk_of(json.dumps(jwk))
    assert set(jwk_of(PEM)) == {"kty", "crv", "x", "y", "kid"}
    assert thumbprint(PEM) == KEY.thumbprint()


@pytest.mark.parametrize(
    "key",
    [
        "", "x", "{}", "{", "[]", '{"":' * 999, '{"kty": "EC"}',
        KEY.as_pem(private=True).decode(),
        json.dumps(KEY.as_dict(private=True)),
        RSAKey.generate_key(2048).as_pem(private=False).decode(),
        ECKey.generate_key("P-384").as_pem(private=False).decode(),
        json.dumps(ECKey.generate_key("P-384").as_dict(private=False)),
        json.dumps({"kty": "oct", "k": "AAAA"}),
        json.dumps({**KEY.as_dict(private=False), "x": "AAAA"}),
    ],
    # Not by themselves: they are others in each process.
    ids=map(str, range(14)),
)  # fmt: skip
def test_only_public_keys_on_the_one_curve_are_taken(key: str) -> None:
    with pytest.raises(KeyNotUsable):
        jwk_of(key)
    assert wrong(entry(TEST, key=key)) == ["sign_in.test.key"]


def test_a_letter_with_a_private_key_is_not_even_kept() -> None:
    for key in (KEY.as_pem(private=True).decode(), json.dumps(KEY.as_dict(private=True))):
        with pytest.raises(Refused) as refused:
            bounded(Submission(form=form(entry(key=key))))
        assert refused.value.code == "mail_private_key"
    assert bounded(Submission(form=form(entry()))).form.sign_in[0].key == PEM


def test_what_a_renewal_changes_is_told() -> None:
    other = ECKey.generate_key("P-256").as_pem(private=False).decode()
    changes = difference(form(entry()), form(entry(TEST, ADDRESS + "2", key=other)), System.IDENTITY)
    assert [(each.kind, each.before, each.after) for each in changes] == [
        ("added", "", ADDRESS + "2"),
        ("removed", ADDRESS, ""),
        ("changed", "", ""),
    ]
    assert difference(form(entry()), form(entry()), System.IDENTITY) == []
