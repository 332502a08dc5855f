"""A post office for a country: takes every letter over SMTP, and keeps it in a Maildir of whoever it is for."""

from __future__ import annotations

import email.policy
import mailbox
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class PostOffice:
    """Listens on `host:port`, on a thread of its own; letters lie in `folder/<address>/`, a Maildir."""

    def __init__(self, folder: Path, host: str, port: int) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.address = (host, port)
        self._controller = Controller(self, hostname=host, port=port)

    def maildir(self, address: str) -> Path:
        """The folder of somebody's letters, which an IMAP server can serve."""
        return self._folder / address.lower()

    def letters(self, address: str) -> list[EmailMessage]:
        """Everything that was sent to an address, oldest first."""
        folder = self.maildir(address)
        if not folder.exists():
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
            box = mailbox.Maildir(self.maildir(address))
            box.add(cast(bytes, envelope.content))
        return "250 OK"
