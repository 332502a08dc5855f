"""Letters that would hurt whoever reads them: each ends as a code, soon, and in a process of its own."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage

import pytest

from ketnoi_portal.mailroom.header import read_header
from ketnoi_portal.mailroom.limits import MOST_HEADER, MOST_TEXT
from ketnoi_portal.mailroom.reader import read_letter
from ketnoi_portal.mailroom.reading import Order, Read
from ketnoi_portal.mailroom.refusals import REFUSALS, reason_of
from ketnoi_protocol.services import System

from .letters import PROFILE, filled, letter, with_form
from .test_mail_registered import PDF_WHOLE


def look(raw: bytes | EmailMessage) -> Read:
    data = raw if isinstance(raw, bytes) else raw.as_bytes()
    return read_letter(Order(raw=data, system=System.POPULATION, profile=PROFILE))


def nested(depth: int) -> bytes:
    head = b"From: a@b.vn\r\nMessage-ID: <1@b.vn>\r\n"
    for level in range(depth):
        head += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
    return head + b"Content-Type: text/plain\r\n\r\nhello there you\r\n"


def many(parts: int) -> bytes:
    head = b'From: a@b.vn\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    return head + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * parts + b"--b--\r\n"


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (nested(14), {"mail_too_many_parts"}),
        (nested(3000), {"mail_too_many_parts", "mail_bomb", "mail_unreadable"}),
        (many(61), {"mail_too_many_parts"}),
        (many(200_000), {"mail_too_many_parts", "mail_bomb"}),
    ],
    ids=["deep", "very deep", "many", "very many"],
)
def test_mime_bombs_end_soon_and_as_a_code(raw: bytes, codes: set[str]) -> None:
    began = time.monotonic()
    assert look(raw).refusal in codes
    assert time.monotonic() - began < 90


def test_a_reader_that_runs_out_of_its_time_is_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ketnoi_portal.mailroom.reader._WAIT", 0.001)
    assert look(with_form()).refusal == "mail_bomb"


@pytest.mark.parametrize("charset", ["utf-7", "punycode", "rot13", "zlib", "none-such", "utf-8'x", "\udcff"])
def test_a_strange_charset_or_transfer_encoding_is_no_trouble(charset: str) -> None:
    raw = b"From: a@b.vn\r\nContent-Type: text/plain; charset=" + charset.encode("utf-8", "surrogateescape")
    assert look(raw + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64===\r\n").refusal == ""
    assert look(raw + b"\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\nM!!!\r\n").refusal == ""


def test_vietnamese_in_every_usual_encoding_is_read() -> None:
    for charset, coding in (("utf-8", "base64"), ("utf-8", "quoted-printable"), ("windows-1258", "base64")):
        message = EmailMessage()
        message["From"] = "a@b.vn"
        text = "Kính gửi Cục" if charset == "utf-8" else "Kinh gui Cuc"
        message.set_content(text, charset=charset, cte=coding)
        assert look(message).text == text


def test_of_an_html_letter_the_words_are_read_and_nothing_is_run_or_loaded() -> None:
    message = EmailMessage()
    message["From"] = "a@b.vn"
    message.set_content(
        "<html><head><title>t</title><style>p{}</style></head><body><p>Kính gửi <b>C06</b></p>"
        "<script>alert(1)</script><img src='http://evil.example/p.png' onerror='x'><p>&lt;b&gt; hết</p></body></html>",
        subtype="html",
    )
    found = look(message)
    assert found.text.split("\n")[0] == "Kính gửi C06"
    assert "<b> hết" in found.text
    assert all(word not in found.text for word in ("alert", "evil", "onerror", "p{}"))


@pytest.mark.parametrize(
    "html",
    [
        "<html><head><title>t</title><p>Kính gửi C06",
        "<head><style>p{}</style><div>Kính gửi C06</div>",
        "<html><head><meta name='x'><body><p>Kính <!-- x -->gửi <b>C06",
        "<p>Kính gửi C06<style>p{}",
        "<p>Kính gửi C06<script>if (a < b) alert('</p>x')",
        "Kính gửi C06<SCRIPT>alert(1)</script\n><!-- x",
        "<html><body><style>p{}</style></body></html>Kính <i>gửi C06",
        "<table><tr><td>Kính gửi<td>C06",
        "</p></div></b>Kính <i><b>gửi</i> C06</b>",
        "<div>" * 1_500 + "Kính gửi C06",
    ],
)
def test_a_broken_html_letter_is_read_as_a_browser_does(html: str) -> None:
    message = EmailMessage()
    message["From"] = "a@b.vn"
    message.set_content(html, subtype="html")
    assert look(message).text == "Kính gửi C06"


def test_a_long_text_is_kept_in_part_and_controls_are_dropped() -> None:
    found = look(letter(text="Kính\u202e gửi\x07 C06\n\n\n\n\n" + "a " * MOST_TEXT))
    assert found.text.startswith("Kính gửi C06\n\na a")
    assert len(found.text) <= MOST_TEXT


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/cron.d/x.pdf", "x.pdf"),
        ("C:\\Windows\\cong van.pdf", "cong van.pdf"),
        ("a\r\nb\u202efdp.pdf", "abfdp.pdf"),
        ("..", "giay-to.pdf"),
        ("", "ban-quet.pdf"),
    ],
)
def test_names_of_enclosures_lead_nowhere(name: str, kept: str) -> None:
    raw = (
        b'From: a@b.vn\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: application/pdf\r\n'
        b"Content-Disposition: attachment; filename==?utf-8?b?" + base64.b64encode(name.encode()) + b"?=\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(PDF_WHOLE) + b"\r\n--b--\r\n"
    )
    (found,) = look(raw).enclosures
    assert found.name == kept
    assert "/" not in found.name and "\\" not in found.name  # noqa: PT018


def test_what_is_enclosed_is_told_by_its_bytes_and_not_by_its_name() -> None:
    found = look(
        letter(
            ("phieu.pdf", filled(), "application/pdf"),
            ("trang.html", b"<html>", "text/html"),
            ("cv.docx", PDF_WHOLE, "application/octet-stream"),
        )
    )
    assert [each.name for each in found.enclosures] == ["phieu.docx", "cv.pdf"]
    assert found.submission is not None
    assert found.problems == ("enclosure_wrong_kind",)


def test_a_form_within_a_forwarded_letter_is_found() -> None:
    outer = EmailMessage()
    outer["From"] = "a@b.vn"
    outer.set_content("Chuyển tiếp.")
    outer.add_attachment(with_form())
    found = look(outer)
    assert found.submission is not None
    assert found.submission.organisation == "H55"


def test_of_two_forms_the_first_is_read_and_that_is_told() -> None:
    two = letter(("1.docx", filled(), "a/b"), ("2.docx", filled(organisation="H38"), "a/b"))
    found = look(two)
    assert found.submission is not None
    assert found.submission.organisation == "H55"
    assert found.problems == ("forms_several",)


def test_a_huge_header_is_known_without_being_read() -> None:
    raw = b"From: a@b.vn\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 900) for n in range(100)) + b"\r\nhello"
    header = read_header(raw)
    assert header.too_large
    assert header.sender == "a@b.vn"
    assert not read_header(b"From: a@b.vn\r\nX: " + b"y" * (MOST_HEADER - 100) + b"\r\n\r\nhello").too_large


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n", b"\0" * 1000, b"From: " + b"(" * 5000 + b"\r\n\r\nx", b"From: =?x?q?" * 2000, b"\xff\xfe" * 900],
)
def test_no_header_breaks_its_reader(raw: bytes) -> None:
    header = read_header(raw)
    assert header.message_id
    assert header.sender == ""
    assert look(raw).refusal in ("", "mail_unreadable")


def test_every_refusal_has_its_mend_in_both_languages() -> None:
    for code, reason in REFUSALS.items():
        assert reason.code == code
        assert all((reason.title.vi, reason.title.en, reason.mend.vi, reason.mend.en))
    assert reason_of("pdf_javascript").code == "pdf_javascript"
    assert reason_of("upload_too_large").code == "upload_too_large"
