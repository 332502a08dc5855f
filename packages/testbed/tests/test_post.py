"""The post office keeps every letter for whoever it is for, where an IMAP server finds it."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from ketnoi_testbed.parts.post import PostOffice


@pytest.fixture
def post(tmp_path: Path) -> Iterator[PostOffice]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    office = PostOffice(tmp_path / "post", "127.0.0.1", port)
    office.start()
    yield office
    office.stop()


def test_a_letter_lies_in_the_maildir_of_each_recipient(post: PostOffice) -> None:
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = "Đăng ký", "a@h38.example", "hop-thu@c06.example"
    letter.set_content("Tỉnh Lào Cai đăng ký kết nối.")
    letter.add_attachment(b"{}", maintype="application", subtype="json", filename="dang-ky.json")
    with smtplib.SMTP(*post.address) as client:
        client.send_message(letter, to_addrs=["hop-thu@c06.example", "Khac@c06.example"])
    for address in ("hop-thu@c06.example", "khac@c06.example"):
        (found,) = post.letters(address)
        assert found["Subject"] == "Đăng ký"
        assert [part.get_filename() for part in found.iter_attachments()] == ["dang-ky.json"]
        assert len(list((post.maildir(address) / "new").iterdir())) == 1


def test_whoever_was_sent_nothing_has_no_letters(post: PostOffice) -> None:
    assert post.letters("ai-do@c06.example") == []
