"""Technical troubles are told in the reader's language, wherever a page shows them."""

from __future__ import annotations

import ast
import socket
import ssl
from pathlib import Path

import httpx2
import pytest
from django.urls import reverse

import ketnoi_trust
from ketnoi_pages import clock
from ketnoi_portal import settings as portal_settings
from ketnoi_portal import troubles
from ketnoi_portal.connection.configuration import NoConfiguration
from ketnoi_portal.connection.evidence_door import NotThere
from ketnoi_portal.connection.fetching import Unreachable, get
from ketnoi_portal.process.roles import Role
from ketnoi_portal.proof_words import FOUND_VI
from ketnoi_portal.publication.adapter import NotAsAsked
from ketnoi_portal.publication.admin_client import AdminError
from ketnoi_portal.publication.admin_client import Refused as AdminRefused
from ketnoi_portal.publication.comparison import Kind
from ketnoi_portal.publication.models import Run, Target, TrafficSource
from ketnoi_portal.troubles import Troubled
from ketnoi_protocol.errors import row
from ketnoi_trust.errors import Refused

from .browsing import as_person
from .offices import at_desk, found


@pytest.mark.parametrize(
    ("error", "vi"),
    [
        (
            ConnectionRefusedError(111, "Connection refused"),
            "cổng đóng, máy chủ từ chối kết nối (ConnectionRefusedError)",
        ),
        (TimeoutError(), "không trả lời trong thời hạn (TimeoutError)"),
        (socket.gaierror(-2, "x"), "không tìm thấy tên máy chủ (gaierror)"),
        (ssl.SSLCertVerificationError("x"), "không bắt tay được TLS (SSLCertVerificationError)"),
        (httpx2.ConnectError("secret"), "không kết nối được (ConnectError)"),
        (httpx2.ReadTimeout("secret"), "không trả lời trong thời hạn (ReadTimeout)"),
        (httpx2.RemoteProtocolError("secret"), "trả lời không đúng giao thức (RemoteProtocolError)"),
        (httpx2.ReadError("secret"), "đường truyền bị ngắt (ReadError)"),
        (KeyError("secret"), "lỗi kỹ thuật (KeyError)"),
    ],
)
def test_an_error_of_the_network_has_words_and_quotes_nothing(error: Exception, vi: str) -> None:
    told = troubles.of_error(error)
    assert told.vi == vi
    assert type(error).__name__ in told.en
    assert "secret" not in told.both


def test_a_proof_that_failed_is_told_by_the_tables_words() -> None:
    told = troubles.of_refused(Refused("malformed_directory", "the directory is that of another environment"))
    assert told.vi == "danh bạ là của môi trường khác (malformed_directory)"
    assert told.en == "malformed_directory: the directory is that of another environment"
    unknown = troubles.of_refused(Refused("incorrect_validation_info", "what no row has words for"))
    assert unknown.vi == f"{row('incorrect_validation_info').title_vi} (incorrect_validation_info)"
    assert "no_such_code" in troubles.of_refused(Refused("no_such_code", "x")).vi


def test_every_row_of_words_is_something_that_trust_says() -> None:
    rooms = (Path(ketnoi_trust.__file__).parent, Path(portal_settings.__file__).parent / "connection")
    files = (file for room in rooms for file in room.rglob("*.py"))
    strings = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [english for english in FOUND_VI if english not in strings] == []


def test_a_server_that_is_not_there_is_told_in_both_languages() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(Unreachable) as caught:
            get(f"http://127.0.0.1:{port}/", most=10)
    assert caught.value.told.vi == "không kết nối được (ConnectError)"
    assert str(caught.value) == caught.value.told.en == "no connection (ConnectError)"


def test_no_trouble_is_raised_with_english_alone() -> None:
    kinds = {each.__name__ for each in _below(Troubled)} - {AdminRefused.__name__}
    assert {each.__name__ for each in (Unreachable, NoConfiguration, NotThere, NotAsAsked)} <= kinds
    seen = 0
    for file in Path(portal_settings.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                seen += 1
                assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), (file.name, node.lineno)
    assert seen > 15


def _below(kind: type[Exception]) -> list[type[Exception]]:
    return [each for direct in kind.__subclasses__() for each in (direct, *_below(direct))]


@pytest.mark.django_db
def test_the_pages_of_a_server_and_of_a_run_tell_it_in_the_readers_language() -> None:
    found()
    at = clock.now()
    target = Target.objects.create(instance="VDXP", environment="production", platform="VDXP", failing=True)
    error: AdminError = AdminRefused(409, "conflict")
    run = Run(target=target, fence=1, mode="enforce", began_at=at, ended_at=at, outcome=Run.FAILED)
    run.trouble, run.trouble_vi = f"Refused: {error}", error.told.vi
    run.add(
        "refused_open", "VDXP:GOV:H55:X", "S", servers=[], because=[], trouble=error.told.en, trouble_vi=error.told.vi
    )
    run.add("open", "VDXP:GOV:H55:OLD", "S", servers=[], because=[])
    run.save()
    browser = as_person(at_desk("c06", Role.PUBLISHER))
    pages = [reverse("publication:target", args=["VDXP"]), reverse("publication:run", args=["VDXP", run.pk])]
    for page in pages:
        vi = browser.get(page).content.decode()
        assert "bị từ chối: 409 conflict" in vi
        assert "refused" not in vi.lower().replace("/refused", "")
        browser.cookies["django_language"] = "en"
        en = browser.get(page).content.decode()
        del browser.cookies["django_language"]
        assert "refused: 409 conflict" in en
    steps = browser.get(pages[1]).content.decode()
    assert "Máy chủ không cho mở quyền" in steps
    assert "Mở quyền" in steps


def test_what_was_kept_before_there_were_vietnamese_words_is_shown_as_it_was() -> None:
    assert Run(trouble="Unreachable: ConnectError").trouble_title.vi == "Unreachable: ConnectError"
    assert TrafficSource(trouble="x").trouble_title.vi == "x"


def test_every_step_of_a_run_has_a_title() -> None:
    expected = {f"{before}{kind}" for before in ("", "would_", "refused_") for kind in Kind} | {"asks"}
    assert set(Run.STEP_TITLES) == expected
