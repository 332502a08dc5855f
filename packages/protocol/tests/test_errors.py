"""The one table of refusals."""

import re

import pytest

from ketnoi_protocol.errors import TABLE, Refusal, row, row_of_fault


def test_a_code_stands_in_the_table_once():
    codes = [code for each in TABLE for code in (each.code, *each.also)]
    assert len(set(codes)) == len(codes)
    assert 40 <= len(TABLE) <= 60


@pytest.mark.parametrize("each", TABLE, ids=lambda each: each.code)
def test_every_row_says_what_happened_and_what_to_do(each):
    assert each.status in (400, 401, 403, 409, 413, 429, 500, 502, 503, 504)
    assert each.who in ("agency", "officer", "provider", "platform", "c06")
    for text in (each.title_vi, each.title_en, each.mend_vi, each.mend_en):
        assert len(text.strip(" .")) == len(text) > 10
    assert re.search("[àáảãạăâđèéẻẽẹêìíỉĩịòóỏõọôơùúủũụưỳýỷỹỵắằẳẵặấầẩẫậếềểễệốồổỗộớờởỡợứừửữự]", each.title_vi)
    assert each.title_en.isascii()


def test_only_codes_that_x_road_does_not_know_are_our_own():
    assert all(each.own for each in TABLE if each.code.isdigit())
    assert not row("access_denied").own
    assert row("server_not_opened").own


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("10", "10"),
        ("access_denied", "access_denied"),
        ("malformed_signature", "signature_verification"),
        ("asic_anything_new", "invalid_evidence"),
        ("timestamp_mismatch", "invalid_evidence"),
        ("timestamping_failed", "logging_failed"),
    ],
)
def test_a_finer_code_is_found_under_its_row(code, found):
    assert row(code).code == found


@pytest.mark.parametrize("code", ["", "97", "asic", "Access_Denied", "access_denied\n"])
def test_an_unknown_code_has_no_row(code):
    with pytest.raises(LookupError):
        row(code)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("server.serverproxy.access_denied", "access_denied"),
        ("Server.ServerProxy.AccessDenied", "access_denied"),
        ("server.serverproxy.service_failed.network_error", "service_failed"),
        ("Server.ServerProxy.ServiceFailed.NetworkError", "service_failed"),
        ("server.clientproxy.network_error", "network_error"),
        ("Server.ClientProxy.IOError", "network_error"),
        ("Server.ClientProxy.OutdatedGlobalConf", "global_conf_outdated"),
        ("Server.ClientProxy.SslAuthenticationFailed", "ssl_authentication_failed"),
        ("Client.UnknownMember", "unknown_member"),
        (
            "server.clientproxy.signature_verification.malformed_signature.invalid_hash_chain_ref",
            "signature_verification",
        ),
        ("server.serverproxy.server_not_opened", "server_not_opened"),
        ("server.serverproxy.something_new", "peer_refused"),
        ("", "peer_refused"),
        ("...", "peer_refused"),
    ],
)
def test_a_fault_type_leads_to_the_row_that_explains_it(fault, code):
    assert row_of_fault(fault).code == code


def test_a_refusal_carries_its_row():
    refused = Refusal("24", "MaCanBo")
    assert (refused.row.status, refused.row.who) == (403, "officer")
    assert str(refused) == "24: MaCanBo"
    assert str(Refusal("24")) == "24"
    assert Refusal("malformed_signature").row.code == "signature_verification"


def test_a_refusal_needs_a_known_code():
    with pytest.raises(LookupError):
        Refusal("98")
