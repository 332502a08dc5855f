"""A post office for a country: takes every letter over SMTP, and keeps it in a Maildir of whoever it is for."""

from __future__ import annotations

import email.policy
import mailbox
import os
import pwd
import secrets
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class PostOffice:
    """Listens on `host:port`, on a thread of its own; letters lie in `folder/<address>/`, a Maildir.

    They belong to `owner`, when one is given (by root, for an IMAP server that serves no mail of root's). `largest` is
    what a letter may have at most, in bytes.
    """

    def __init__(
        self, folder: Path, host: str, port: int, *, owner: pwd.struct_passwd | None = None, largest: int = 64 << 20
    ) -> None:
        self._folder = folder
        self._owner = owner
        folder.mkdir(parents=True, exist_ok=True)
        self.address = (host, port)
        self._controller = Controller(self, hostname=host, port=port, data_size_limit=largest)

    def maildir(self, address: str) -> Path:
        """The folder of somebody's letters, which an IMAP server can serve."""
        return self._folder / address.lower()

    def letters(self, address: str) -> list[EmailMessage]:
        """Everything that was sent to an address, oldest first."""
        folder = self.maildir(address)
        # Made last of a new box's folders, by the thread that delivers.
        if not (folder / "cur").exists():
            return []
        box = mailbox.Maildir(folder, create=False)
        keys = sorted(box.keys(), key=lambda key: box.get_message(key).get_date())
        return [
            cast(EmailMessage, email.message_from_bytes(box.get_bytes(key), policy=email.policy.default))
            for key in keys
        ]

    def start(self) -> None:
        """Begin. Raises OSError when the address is taken."""
        self._controller.start()

    def stop(self) -> None:
        """End."""
        self._controller.stop(no_assert=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one letter for each of its recipients."""
        for address in envelope.rcpt_tos:
            self._deliver(self.maildir(address), cast(bytes, envelope.content))
        return "250 OK"

    def _deliver(self, box: Path, content: bytes) -> None:
        """Into `new` at once and whole, and its owner's before anybody can look."""
        for folder in (box, *(box / name for name in ("tmp", "new", "cur"))):
            if not folder.exists():
                folder.mkdir(mode=0o700)
                self._hand_over(folder)
        name = f"{secrets.token_hex(12)}.ketnoi"
        under_way = box / "tmp" / name
        under_way.touch(mode=0o600)
        under_way.write_bytes(content)
        self._hand_over(under_way)
        under_way.rename(box / "new" / name)

    def _hand_over(self, path: Path) -> None:
        if self._owner is not None:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
