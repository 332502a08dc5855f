"""The outbox over a real SMTP connection: sent once, tried again, never lost, never to the guidance's mailboxes."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from ketnoi_pages import clock
from ketnoi_portal import settings as own
from ketnoi_portal.notices import sending
from ketnoi_portal.notices.addresses import is_refused
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.settings import Mail, Settings

pytestmark = pytest.mark.django_db


class Postbox(socketserver.ThreadingTCPServer):
    """As much of an SMTP server as a letter needs; keeps what it takes, refuses whom it is told to."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.taken: list[tuple[list[str], str]] = []
        self.refuses: dict[str, str] = {}


class _Conversation(socketserver.StreamRequestHandler):
    server: Postbox

    def handle(self) -> None:
        """One conversation."""
        to: list[str] = []
        self._say("220 postbox")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ", 1)[0].upper()
            if word == "RCPT":
                address = line.partition("<")[2].partition(">")[0]
                refusal = self.server.refuses.get(address)
                to.append(address)
                self._say(refusal or "250 ok")
            elif word == "DATA":
                self._say("354 go on")
                lines = []
                while (told := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(told)
                self.server.taken.append((to, "\n".join(lines)))
                to = []
                self._say("250 taken")
            elif word == "RSET":
                to = []
                self._say("250 ok")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def postbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    """A mail server on the loopback address, named in the portal's settings."""
    with Postbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        use(monkeypatch, Mail(host="127.0.0.1", port=server.server_address[1], sender="cong@ketnoi.example.vn"))
        yield server
        server.shutdown()


def use(monkeypatch: pytest.MonkeyPatch, mail: Mail) -> None:
    """The portal's settings, with another mail part."""
    changed: Settings = msgspec.structs.replace(own.current(), mail=mail)
    monkeypatch.setattr(sending, "current", lambda: changed)


def test_a_letter_leaves_once_in_words_as_they_are_written(postbox: Postbox) -> None:
    Letter.write("nhan@example.vn", "Đến lượt xử lý\nBcc: x@example.vn", "Hồ sơ KN-2026-000001: tiếp nhận.\n")
    assert sending.send() == 1
    assert sending.send() == 0
    [(to, text)] = postbox.taken
    assert to == ["nhan@example.vn"]
    assert "Message-ID: <letter-" in text
    assert "\nBcc:" not in text
    assert Letter.objects.get().sent_at is not None


def test_what_a_letter_said_is_forgotten_once_it_was_sent(postbox: Postbox) -> None:
    postbox.refuses["day@example.vn"] = "452 mailbox full"
    for address in ("nhan@example.vn", "day@example.vn"):
        Letter.write(address, "Lời mời", "https://portal.example.vn/nhan-su/loi-moi/bi-mat/\n", key="invitation:1")
    assert sending.send() == 1
    assert "loi-moi/bi-mat" in postbox.taken[0][1]
    sent = Letter.objects.get(address="nhan@example.vn")
    assert (sent.subject, sent.body, sent.key) == ("Lời mời", "", "invitation:1")
    assert "bi-mat" in Letter.objects.get(address="day@example.vn").body
    assert Letter.write("nhan@example.vn", "Lời mời", "again", key="invitation:1") is None


def test_a_refused_recipient_is_tried_later_and_holds_up_nobody(postbox: Postbox) -> None:
    postbox.refuses["day@example.vn"] = "452 mailbox full"
    Letter.write("day@example.vn", "một", "x")
    Letter.write("khac@example.vn", "hai", "y")
    assert sending.send() == 1
    full = Letter.objects.get(address="day@example.vn")
    assert (full.tries, full.sent_at) == (1, None)
    assert "452" in full.trouble
    assert full.try_after is not None
    assert full.try_after > clock.now() + timedelta(seconds=50)
    assert sending.send() == 0
    postbox.refuses.clear()
    Letter.objects.update(try_after=clock.now())
    assert sending.send() == 1
    assert [to for to, _ in postbox.taken] == [["khac@example.vn"], ["day@example.vn"]]


def test_the_pause_doubles_up_to_six_hours() -> None:
    pauses = [sending.pause_after(tries) for tries in range(sending.MOST_TRIES)]
    assert pauses[:4] == [60, 120, 240, 480]
    assert max(pauses) == 6 * 3600


def test_whoever_is_killed_in_the_middle_leaves_the_letter_to_the_next(
    postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    Letter.write("nhan@example.vn", "một", "x")

    class Killed(BaseException):
        """As a kill comes: no except clause sees it."""

    def killed(self: object, letter: Letter) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(sending._Connection, "__call__", killed)
        sending.send()
    begun = Letter.objects.get()
    assert (begun.tries, begun.sent_at) == (1, None)
    Letter.objects.update(try_after=clock.now())
    assert sending.send() == 1
    assert len(postbox.taken) == 1


def test_without_a_server_there_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    Letter.write("nhan@example.vn", "một", "x")
    use(monkeypatch, Mail())
    assert sending.send() == 0
    assert Letter.objects.get().tries == 0
    use(monkeypatch, Mail(host="127.0.0.1", port=1))
    assert sending.send() == 0
    kept = Letter.objects.get()
    assert kept.sent_at is None
    assert "no connection" in kept.trouble


REAL = ("ketnoidancu", "ketnoidinhdanh")
SPELLINGS = [
    spelling.format(name=name)
    for name in REAL
    for spelling in (
        "{name}@gmail.com",
        "{name}@GMAIL.com",
        "{name}+x@gmail.com",
        "{name}@googlemail.com",
        "{name}@gmail.com.",
        '"{name}"@gmail.com',
    )
] + ["ket.noi.dan.cu@gmail.com", "KetNoiDanCu@Gmail.Com"]


@pytest.mark.parametrize("address", SPELLINGS)
def test_nothing_ever_goes_to_the_guidances_mailboxes(
    postbox: Postbox, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    assert is_refused(address)
    assert is_refused(address, ("gmail.com", "googlemail.com"))
    host, port = postbox.server_address[:2]
    use(monkeypatch, Mail(host=str(host), port=port, allowed_domains=("gmail.com", "googlemail.com", "example.vn")))
    Letter.write(address, "một", "x")
    Letter.write("nhan@example.vn", "hai", "y")
    assert sending.send() == 1
    assert [to for to, _ in postbox.taken] == [["nhan@example.vn"]]
    assert Letter.objects.get(address=address).trouble == sending.REFUSED


def test_only_named_domains_get_letters_where_some_are_named() -> None:
    assert not is_refused("a@example.vn")
    assert is_refused("a@gmail.com")
    assert not is_refused("a@gmail.com", ("gmail.com",))
    assert is_refused("a@example.vn", ("bca.example.vn",))
    for broken in ("", "a", "a@", "@example.vn", "a@b, c@d", "a@example.vn\nBcc: x@y"):
        assert is_refused(broken), broken
