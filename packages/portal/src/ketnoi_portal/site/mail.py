"""E-mail that Django and allauth send goes where every notice goes: into the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class OutboxBackend(BaseEmailBackend):
    """Keeps messages for the worker, which sends them and tries again."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Put them into the outbox."""
        from ketnoi_portal.notices.models import Letter

        for message in email_messages:
            for address in message.recipients():
                Letter.write(address, message.subject, str(message.body))
        return len(email_messages)
