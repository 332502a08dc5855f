"""One mailbox over IMAP: what waits in it, one letter, and where a letter goes when its row is committed."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.mailroom.limits import MOST_HEADER
from ketnoi_portal.settings import Mailbox, Settings
from ketnoi_portal.troubles import Troubled, at, of_error

_CONNECTING: Final = Text("không kết nối được máy chủ thư", "no connection to the mail server")
_NO_TLS: Final = Text(
    "không dùng TLS thì chỉ hỏi máy chủ thư ở chính máy này",
    "without TLS only a mail server on a loopback address is asked",
)
_TIMEOUT: Final = 30.0
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxTrouble(Troubled):
    """The mailbox cannot be read now; the text names the kind of trouble and quotes nobody."""


class Box:
    """A mailbox that is open."""

    def __init__(self, client: imaplib.IMAP4, mailbox: Mailbox) -> None:
        self._client = client
        self._mailbox = mailbox

    def waiting(self) -> list[str]:
        """The UIDs of what has not been settled, oldest first."""
        (listed,) = self._asked("SEARCH", "UNDELETED")[:1] or [b""]
        return [each.decode("ascii") for each in (listed or b"").split() if each.isdigit()]

    def size(self, uid: str) -> int | None:
        """A letter's size in bytes; None when it is gone."""
        for each in self._asked("FETCH", uid, "(RFC822.SIZE)"):
            line = each[0] if isinstance(each, tuple) else each
            if line and (found := _SIZE.search(line)):
                return int(found[1])
        return None

    def letter(self, uid: str, most: int) -> bytes:
        """A letter's bytes, at most so many."""
        return self._bytes(uid, f"(BODY.PEEK[]<0.{most}>)")

    def header(self, uid: str) -> bytes:
        """The beginning of a letter, for one that is too large to be fetched."""
        return self._bytes(uid, f"(BODY.PEEK[HEADER]<0.{MOST_HEADER}>)")

    def settle(self, uid: str, *, taken: bool) -> None:
        """Out of the inbox: to the folder of what was taken, or of what was not."""
        folder = f'"{self._mailbox.registered if taken else self._mailbox.refused}"'
        with suppress(MailboxTrouble):
            # It is there already, but for the first time.
            self._checked(self._client.create(folder))
        self._asked("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")
        if "MOVE" in self._client.capabilities:
            self._asked("MOVE", uid, folder)
            return
        self._asked("COPY", uid, folder)
        self._asked("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._client.capabilities:
            self._asked("EXPUNGE", uid)
        else:
            self._checked(self._client.expunge())

    def _bytes(self, uid: str, what: str) -> bytes:
        for each in self._asked("FETCH", uid, what):
            if isinstance(each, tuple):
                return bytes(each[1])
        raise MailboxTrouble(Text("thư biến mất trước khi tải", "a letter was gone before it was fetched"))

    def _asked(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes]]:
        return self._checked(self._client.uid(command, *arguments))

    @staticmethod
    def _checked(answer: tuple[str, list[bytes | tuple[bytes, bytes]]]) -> list[bytes | tuple[bytes, bytes]]:
        status, data = answer
        if status != "OK":
            raise MailboxTrouble(Text(f"máy chủ thư trả lời {status}", f"the mail server answered {status}"))
        return data


@contextmanager
def opened(mailbox: Mailbox, own: Settings) -> Iterator[Box]:
    """A mailbox for as long as the block lasts. Raises MailboxTrouble for whatever goes wrong with its server."""
    try:
        client = _connected(mailbox, own)
        try:
            client.login(mailbox.user, own.secret(mailbox.password_file))
            # What it can do it says anew to whoever has signed in.
            client.capabilities = tuple(client.capability()[1][0].decode("ascii", "replace").upper().split())
            Box._checked(client.select(f'"{mailbox.folder}"'))
            yield Box(client, mailbox)
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                client.logout()
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        raise MailboxTrouble(at(_CONNECTING, of_error(error))) from error


def _connected(mailbox: Mailbox, own: Settings) -> imaplib.IMAP4:
    if mailbox.tls:
        authority = str(own.path(mailbox.certificate)) if mailbox.certificate else None
        context = ssl.create_default_context(cafile=authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=_TIMEOUT)
    if not _is_loopback(mailbox.host):
        raise MailboxTrouble(_NO_TLS)
    return imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_TIMEOUT)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
