"""The worker's task: every mailbox is read, every letter is registered and only then moved out of the inbox.

Killed before the row is committed, a letter still lies in the inbox; killed after, its row is found again by its
Message-ID and digest, and it is only moved. So nothing is lost and nothing is registered twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from django.db import connection

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.mailroom.header import read_header
from ketnoi_portal.mailroom.imap import Box, MailboxTrouble, opened
from ketnoi_portal.mailroom.limits import MOST_LETTERS_A_POLL
from ketnoi_portal.mailroom.models import OPENED, WAITING, BoxHealth, Mail
from ketnoi_portal.mailroom.reader import read_letter
from ketnoi_portal.mailroom.reading import Order, Read
from ketnoi_portal.mailroom.registering import known, register
from ketnoi_portal.settings import Mailbox, Settings, current
from ketnoi_portal.worker.loop import place_of

logger = logging.getLogger(__name__)


class MailboxesTroubled(Exception):  # noqa: N818
    """Some mailbox could not be read, or some letter not registered: said once every other one has been."""


_NONE: Final = Text("", "")


def _not_registered(letters: int) -> Text:
    return Text(f"{letters} thư không vào sổ được", f"{letters} letters could not be registered")


def poll() -> int:
    """Read every mailbox once; how many letters were settled. Raises MailboxesTroubled at the end, when one failed."""
    own, settled, troubled = current(), 0, 0
    for mailbox in own.mailboxes:
        with _alone(mailbox.address) as mine:
            if not mine:
                continue
            health, _ = BoxHealth.objects.get_or_create(address=mailbox.address)
            health.asked_at = clock.now()
            try:
                done, failed = _poll(mailbox, own)
                settled += done
                told = _not_registered(failed) if failed else _NONE
            except MailboxTrouble as error:
                told = error.told
            health.trouble_vi, health.trouble = told.vi[:100], told.en[:100]
            if health.trouble:
                troubled += 1
                health.failures += 1
                logger.error("a mailbox (%s) could not be read: %s", mailbox.system, health.trouble)
            else:
                health.failures, health.succeeded_at = 0, clock.now()
            health.save()
    if troubled:
        raise MailboxesTroubled(f"{troubled} of {len(own.mailboxes)} mailboxes")
    return settled


def _poll(mailbox: Mailbox, own: Settings) -> tuple[int, int]:
    """How many letters were settled, and how many must wait because of a fault of ours."""
    done = failed = 0
    with opened(mailbox, own) as box:
        for uid in box.waiting()[:MOST_LETTERS_A_POLL]:
            try:
                mail = take_in(mailbox, own, box, uid)
            except MailboxTrouble:
                raise
            except Exception as error:
                # One letter that we cannot register holds up no other; it stays where it is.
                logger.error("a letter could not be registered: %s", place_of(error))
                failed += 1
                continue
            if mail is not None:
                box.settle(uid, taken=mail.state in (OPENED, WAITING))
                done += 1
    return done, failed


def take_in(mailbox: Mailbox, own: Settings, box: Box, uid: str) -> Mail | None:
    """Fetch one letter and register it; None when it is gone."""
    size = box.size(uid)
    if size is None:
        return None
    if size > own.mailroom.largest:
        raw = box.header(uid)
        header = read_header(raw)
        return known(mailbox, header) or register(mailbox, header, b"", Read(refusal="mail_too_large"), size)
    raw = box.letter(uid, own.mailroom.largest)
    header = read_header(raw)
    mail = known(mailbox, header)
    if mail is not None:
        return mail
    worth_reading = not (header.junk or header.too_large)
    order = Order(raw=raw, system=mailbox.system, profile=own.profile)
    found = read_letter(order) if worth_reading else Read()
    return register(mailbox, header, raw, found, size)


@contextmanager
def _alone(address: str) -> Iterator[bool]:
    """A lock of the database's session on one mailbox, whoever else polls it; gone with the process."""
    key = int.from_bytes(sha256(f"mailbox {address}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
