"""The mailboxes over IMAP, against a real Dovecot: what is taken, what is killed in between, who else polls."""

from __future__ import annotations

import imaplib
import os
import smtplib
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import msgspec
import pytest
from django.db import connection

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.mailroom import polling
from ketnoi_portal.mailroom.models import OPENED, REFUSED, WAITING, BoxHealth, Mail
from ketnoi_portal.mailroom.polling import MailboxesTroubled, poll
from ketnoi_portal.notices import sending
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.settings import Mail as Leaving
from ketnoi_portal.settings import Mailbox
from ketnoi_portal.worker.loop import run_once
from ketnoi_portal.worker.models import TaskHealth
from ketnoi_portal.worker.tasks import TASKS
from ketnoi_testbed.dovecot import Dovecot
from ketnoi_testbed.parts.post import PostOffice

from .forms import a_form
from .letters import IDENTITY, POPULATION, SENDER, boxes_of, free_port, letter, use, with_form
from .offices import found
from .test_mail_registered import CONTACT, PDF_WHOLE

PASSWORD = "một mật khẩu chỉ của bài thử".encode().hex()


@pytest.fixture(scope="module")
def post() -> Iterator[tuple[Dovecot, PostOffice]]:
    server = Dovecot({POPULATION: PASSWORD, IDENTITY: PASSWORD})
    office = PostOffice(server.letters, "127.0.0.1", free_port(), owner=server.owner)
    try:
        (server.folder / "word").write_text(PASSWORD)
        server.start()
        office.start()
        yield server, office
    finally:
        office.stop()
        server.remove()


@pytest.fixture
def dovecot(post: tuple[Dovecot, PostOffice], committed: str, monkeypatch: pytest.MonkeyPatch) -> Dovecot:
    """Both mailboxes, empty, and the portal told of them."""
    server, _ = post
    for address in (POPULATION, IDENTITY):
        for folder in ("INBOX", "Registered", "Refused"):
            with inbox(server, address) as client:
                if client.select(folder)[0] == "OK" and client.uid("SEARCH", "ALL")[1] != [b""]:
                    client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
                    client.expunge()
    use(monkeypatch, mailboxes=boxes_of(server))
    found()
    Organisation.objects.filter(pk="H55").update(email=CONTACT)
    return server


def inbox(server: Dovecot, address: str = POPULATION) -> imaplib.IMAP4_SSL:
    context = ssl.create_default_context(cafile=str(server.certificate))
    client = imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=30)
    client.login(address, PASSWORD)
    return client


def lies(server: Dovecot, address: str = POPULATION) -> dict[str, int]:
    """How many letters lie in each folder of a mailbox."""
    counted = {}
    with inbox(server, address) as client:
        for folder in ("INBOX", "Registered", "Refused"):
            status, data = client.select(folder, readonly=True)
            if status == "OK" and int(data[0]):
                counted[folder] = int(data[0])
    return counted


def sent(post: tuple[Dovecot, PostOffice], *messages: EmailMessage) -> None:
    with smtplib.SMTP(*post[1].address, timeout=60) as client:
        for message in messages:
            client.send_message(message, from_addr=SENDER)


def test_every_kind_of_letter_finds_its_place(post: tuple[Dovecot, PostOffice], dovecot: Dovecot) -> None:
    json = msgspec.json.encode(a_form())
    sent(
        post,
        with_form(number="docx"),
        letter(("dk.json", json, "application/json"), number="json"),
        letter(("cv.pdf", PDF_WHOLE, "application/pdf"), number="scan"),
        letter(text="Chúng tôi muốn kết nối, xin hướng dẫn.", number="free"),
        letter(text="", number="junk"),
        letter(("lon.bin", os.urandom(30 * 1024 * 1024), "application/octet-stream"), number="huge"),
        with_form(number="identity", to=IDENTITY),
    )
    assert poll() == 7
    states = {each.message_id.split("@")[0][1:]: (each.state, each.refusal) for each in Mail.objects.all()}
    assert states == {
        "docx": (OPENED, ""),
        "json": (OPENED, ""),
        "scan": (WAITING, ""),
        "free": (WAITING, ""),
        "junk": (REFUSED, "mail_empty"),
        "huge": (REFUSED, "mail_too_large"),
        "identity": (OPENED, ""),
    }
    assert Mail.objects.get(refusal="mail_too_large").size > 30 * 1024 * 1024
    assert lies(dovecot) == {"Registered": 4, "Refused": 2}
    assert lies(dovecot, IDENTITY) == {"Registered": 1}
    assert Application.objects.filter(claimed=False).count() == 3
    assert poll() == 0
    assert BoxHealth.objects.filter(trouble="").count() == 2


def test_killed_between_fetch_and_commit_nothing_is_lost(
    post: tuple[Dovecot, PostOffice], dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Killed

    sent(post, with_form())
    with monkeypatch.context() as patch:
        patch.setattr("ketnoi_portal.mailroom.answering.answer_draft", dies)
        with pytest.raises(Killed):
            poll()
    assert (Mail.objects.count(), Application.objects.count(), Letter.objects.count()) == (0, 0, 0)
    assert lies(dovecot) == {"INBOX": 1}
    # … and killed once more, after the commit and before it is moved.
    with monkeypatch.context() as patch:
        patch.setattr("ketnoi_portal.mailroom.imap.Box.settle", dies)
        with pytest.raises(Killed):
            poll()
    assert (Mail.objects.count(), lies(dovecot)) == (1, {"INBOX": 1})
    assert poll() == 1
    assert (Mail.objects.count(), Application.objects.count()) == (1, 1)
    assert lies(dovecot) == {"Registered": 1}
    assert Letter.objects.filter(address=SENDER).count() == 1


def test_two_workers_at_once_register_each_letter_once(post: tuple[Dovecot, PostOffice], dovecot: Dovecot) -> None:
    sent(post, *(with_form(number=str(number)) for number in range(4)))
    done: list[int] = []

    def work() -> None:
        try:
            done.append(poll())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=120)
    while poll():
        pass
    assert Mail.objects.count() == Application.objects.count() == 4
    assert lies(dovecot) == {"Registered": 4}
    assert len(done) == 2


def test_one_letter_that_we_cannot_register_holds_up_no_other(
    post: tuple[Dovecot, PostOffice], dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(post, with_form(number="bad"), with_form(number="good"))
    real = polling.register

    def register(box: Mailbox, header: object, *rest: object) -> object:
        if "bad" in header.message_id:  # type: ignore[attr-defined]
            raise RuntimeError("ours")
        return real(box, header, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(polling, "register", register)
        with pytest.raises(MailboxesTroubled):
            poll()
    assert Mail.objects.get().message_id.startswith("<good")
    assert BoxHealth.objects.get(address=POPULATION).trouble == "1 letters could not be registered"
    assert poll() == 1


def test_when_the_mail_server_is_away_the_worker_says_so_and_goes_on(
    post: tuple[Dovecot, PostOffice], dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, here = boxes_of(dovecot)[0], boxes_of(dovecot)[1]
    use(monkeypatch, mailboxes=(msgspec.structs.replace(gone, port=free_port()), here))
    sent(post, with_form(to=IDENTITY))
    task = next(each for each in TASKS if each.name == "read_mailboxes")
    assert run_once(task, task.load()) is False
    assert Application.objects.count() == 1
    trouble = BoxHealth.objects.get(address=POPULATION)
    assert trouble.failures == 1
    assert trouble.trouble == "no connection to the mail server: connection refused (ConnectionRefusedError)"
    assert trouble.trouble_title.vi.startswith("không kết nối được máy chủ thư: cổng đóng")
    assert TaskHealth.objects.get(pk="read_mailboxes").trouble.startswith("MailboxesTroubled")
    use(monkeypatch, mailboxes=boxes_of(dovecot))
    assert run_once(task, task.load()) is True
    assert BoxHealth.objects.get(address=POPULATION).trouble == ""


@pytest.mark.parametrize(
    ("changed", "trouble"),
    [
        ({"certificate": ""}, "SSLCertVerificationError"),
        ({"tls": False, "host": "mail.example"}, "without TLS"),
        ({"folder": "Khong-co"}, "answered NO"),
    ],
)
def test_a_mailbox_is_not_read_where_it_must_not_be(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], trouble: str
) -> None:
    use(monkeypatch, mailboxes=(msgspec.structs.replace(boxes_of(dovecot)[0], **changed),))
    with pytest.raises(MailboxesTroubled):
        poll()
    assert trouble in BoxHealth.objects.get().trouble


def test_what_is_answered_leaves_as_a_machines_letter_and_never_to_the_guidances_mailboxes(
    post: tuple[Dovecot, PostOffice], dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, office = post
    host, port = office.address
    leaving = Leaving(host=host, port=port, sender="cong@c06.example")
    use(monkeypatch, mailboxes=boxes_of(dovecot), mail=leaving)
    monkeypatch.setattr(sending, "current", polling.current)
    sent(post, with_form(number="a"), letter(number="b", sender="ketnoidancu@gmail.com"))
    assert poll() == 2
    # Should a letter to one of them ever lie in the outbox, it does not leave.
    Letter.write("ketnoidinhdanh@gmail.com", "x", "y")
    sending.send()
    (answer,) = office.letters(SENDER)
    assert answer["Auto-Submitted"] == "auto-generated"
    assert len(office.letters(CONTACT)) == 1
    for real in ("ketnoidancu@gmail.com", "ketnoidinhdanh@gmail.com"):
        assert office.letters(real) == []
    # An answer that comes back to us is a machine's, and ends there.
    back = letter(number="c", Auto_Submitted=answer["Auto-Submitted"])
    sent(post, back)
    before = Letter.objects.count()
    poll()
    assert Letter.objects.count() == before
