"""The words of letters that nobody will ever get are not kept for ever."""

from __future__ import annotations

from datetime import timedelta

from ketnoi_pages import clock
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.notices.sending import MOST_TRIES
from ketnoi_portal.settings import current


def drop_given_up() -> int:
    """Empty letters that were given up and are old enough; how many. That they were written, and why not sent, stays.

    A letter that waits for a mail host or for its next attempt is not given up.
    """
    before = clock.now() - timedelta(days=current().mail.keep_given_up_days)
    given_up = Letter.objects.filter(sent_at=None, tries__gte=MOST_TRIES, written_at__lt=before).exclude(body="")
    return given_up.update(body="")
