"""Sends the outbox over SMTP. A letter that was begun is marked first, so that a kill loses none.

Killed between the handing over and the mark that follows, a letter goes out twice, with the same Message-ID; never not
at all.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from django.db import transaction
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_portal.notices.addresses import is_refused
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.settings import Mail, current

logger = logging.getLogger(__name__)

MOST_TRIES = 12
FIRST_PAUSE = 60
LONGEST_PAUSE = 6 * 3600
_TIMEOUT = 30.0
REFUSED = "this address is never written to"


def send(limit: int = 50) -> int:
    """Send what is due, at most so many letters; how many went out. Without a mail host nothing is tried."""
    mail = current().mail
    if not mail.host:
        return 0
    sent = 0
    with _server(mail) as connected:
        for _ in range(limit):
            letter = _begin(mail)
            if letter is None:
                break
            trouble = connected(letter)
            if trouble is None:
                # What was said may hold a link that lets somebody in; it belongs to its reader alone now.
                Letter.objects.filter(pk=letter.pk).update(sent_at=clock.now(), trouble="", body="")
                sent += 1
            else:
                Letter.objects.filter(pk=letter.pk).update(trouble=trouble[:300])
    return sent


def _begin(mail: Mail) -> Letter | None:
    """Take the next letter: mark the attempt and when to try again, and only then hand it over."""
    with transaction.atomic():
        now = clock.now()
        due = Letter.objects.select_for_update(skip_locked=True).filter(
            Q(try_after=None) | Q(try_after__lte=now), sent_at=None, tries__lt=MOST_TRIES
        )
        for letter in due.order_by("pk"):
            if is_refused(letter.address, mail.allowed_domains):
                letter.tries, letter.trouble = MOST_TRIES, REFUSED
                letter.save(update_fields=["tries", "trouble"])
                continue
            letter.try_after = now + timedelta(seconds=pause_after(letter.tries))
            letter.tries += 1
            letter.save(update_fields=["tries", "try_after"])
            return letter
    return None


def pause_after(tries: int) -> int:
    """Seconds until the next attempt: twice as long each time, from a minute to six hours."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries, 12))


class _Connection:
    """One connection to the mail server, opened for the first letter and again after it broke."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._smtp: smtplib.SMTP | None = None

    def __call__(self, letter: Letter) -> str | None:
        """Hand a letter over; None when it was taken, else the trouble (without anybody's text)."""
        try:
            smtp = self._smtp or self._open()
            smtp.send_message(_message(letter, self._mail.sender), self._mail.sender, [letter.address])
        except smtplib.SMTPRecipientsRefused as error:
            codes = ", ".join(str(code) for code, _ in error.recipients.values())
            return f"the mail server refused the recipient ({codes})"
        except smtplib.SMTPResponseException as error:
            self.close()
            return f"the mail server answered {error.smtp_code}"
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return f"no connection to the mail server ({type(error).__name__})"
        return None

    def _open(self) -> smtplib.SMTP:
        smtp = smtplib.SMTP(self._mail.host, self._mail.port, timeout=_TIMEOUT)
        self._smtp = smtp
        if self._mail.starttls:
            smtp.starttls(context=ssl.create_default_context())
        if self._mail.user:
            smtp.login(self._mail.user, current().secret(self._mail.password_file))
        return smtp

    def close(self) -> None:
        """Say good-bye, if anybody still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()


@contextmanager
def _server(mail: Mail) -> Iterator[_Connection]:
    connection = _Connection(mail)
    try:
        yield connection
    finally:
        connection.close()


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, letter.address
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = f"<letter-{letter.pk}@{sender.rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    return message
