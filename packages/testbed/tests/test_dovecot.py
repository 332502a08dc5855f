"""What arrives at the post office over SMTP is read over IMAP, by whoever has the password, over TLS."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from ketnoi_testbed.dovecot import Dovecot, private_dovecot
from ketnoi_testbed.parts.post import PostOffice

ADDRESS = "ket-noi-dan-cu@c06.example"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with private_dovecot({ADDRESS: "mở ra"}) as server:
        yield server


def signed_in(server: Dovecot, password: str) -> imaplib.IMAP4_SSL:
    context = ssl.create_default_context(cafile=str(server.certificate))
    client = imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=20)
    client._encoding = "utf-8"  # for the password's letters
    client.login(ADDRESS, password)
    return client


def test_a_letter_goes_in_by_smtp_and_out_by_imap(dovecot: Dovecot) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    office = PostOffice(dovecot.letters, "127.0.0.1", port, owner=dovecot.owner)
    office.start()
    try:
        letter = EmailMessage()
        letter["Subject"], letter["From"], letter["To"] = "Đăng ký", "a@h38.example", ADDRESS
        letter.set_content("Tỉnh Lào Cai đăng ký kết nối.")
        with smtplib.SMTP(*office.address) as post:
            post.send_message(letter)
    finally:
        office.stop()
    with signed_in(dovecot, "mở ra") as client:
        assert client.select("INBOX")[0] == "OK"
        assert client.uid("SEARCH", "ALL")[1] == [b"1"]
        fetched = client.uid("FETCH", "1", "(BODY.PEEK[])")[1]
        assert b"From: a@h38.example" in fetched[0][1]
        client.create("Registered")
        assert client.uid("MOVE", "1", "Registered")[0] == "OK"
        assert client.uid("SEARCH", "ALL")[1] == [b""]


def test_a_wrong_password_opens_nothing(dovecot: Dovecot) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        signed_in(dovecot, "đóng lại")


def test_without_tls_nobody_is_greeted(dovecot: Dovecot) -> None:
    with pytest.raises((OSError, imaplib.IMAP4.error)):
        imaplib.IMAP4(dovecot.host, dovecot.port, timeout=2)
