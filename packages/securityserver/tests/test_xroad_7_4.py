"""The profile xroad-7.4, for instances with older servers: RSA keys, TLS 1.2, hash chains, error types as they were."""

import json
import ssl
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from peers_in_hand import Caller, part
from refusals import refusal
from small_world import World

from ketnoi_securityserver import transport
from ketnoi_testbed.postgres import Postgres


@pytest.fixture(scope="module")
def older(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(cluster, tmp_path_factory.mktemp("world"), profile="xroad-7.4") as running:
        yield running


def test_a_question_gets_its_answer(older: World) -> None:
    assert isinstance(older.asking.signing.key, rsa.RSAPrivateKey)
    answer = older.call()
    assert (answer.status, answer.body) == (200, b'{"TonTai": true}')


def test_error_types_are_spelt_as_they_were(older: World) -> None:
    assert refusal(older.call(target="/r1/x")) == (400, "Client.BadRequest")
    assert refusal(older.call(client="VDXP-TEST/GOV/H55/MOTCUA")) == (500, "Server.ClientProxy.UnknownMember")
    answer = older.call(target="/r1/VDXP-TEST/GOV/G01.C06/DANCU/KhongCo")
    assert refusal(answer) == (500, "Server.ServerProxy.UnknownService")
    assert json.loads(answer.body)["type"] == answer.header("x-road-error")


def test_signatures_go_through_hash_chains_and_tell_an_older_version(older: World) -> None:
    read = Caller(older).answered()
    assert read.signature is not None
    assert read.signature.hash_chain is not None
    assert b'URI="/sig-hashchainresult.xml"' in read.signature.xml
    assert b"rsa-sha512" in read.signature.xml


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"])
def test_the_older_servers_cipher_suites_are_spoken(older: World, cipher: str) -> None:
    caller = Caller(older)
    caller.tls.maximum_version = ssl.TLSVersion.TLSv1_2
    caller.tls.set_ciphers(cipher)
    caller.answered()


def test_nothing_newer_than_tls_1_2_is_spoken(older: World) -> None:
    caller = Caller(older)
    caller.tls.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(OSError):
        caller.answered()


def test_a_server_of_the_newer_profile_understands_the_older_ones_messages(older: World) -> None:
    """A hash chain with its result beside the signature is what every X-Road sends."""
    caller = Caller(older)
    content_type, data = caller.message(part())
    assert transport.read_request(content_type, data).signature is not None
    caller.answered((content_type, data))
