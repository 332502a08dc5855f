"""What is kept for a time only: originals of letters that came, and words of letters that were given up."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_portal import settings as portal_settings
from ketnoi_portal.audit.models import Event
from ketnoi_portal.files.models import Blob
from ketnoi_portal.mailroom import actions
from ketnoi_portal.mailroom.models import OPENED, REFUSED, WAITING, Mail
from ketnoi_portal.mailroom.retention import drop_originals
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.notices.retention import drop_given_up
from ketnoi_portal.notices.sending import MOST_TRIES
from ketnoi_portal.onboarding.actions import take
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.roles import Role
from ketnoi_portal.settings import Mail as MailSettings
from ketnoi_portal.settings import Mailroom, Settings
from ketnoi_portal.worker.tasks import TASKS

from .browsing import as_person
from .letters import arrives, filled, letter, with_form
from .offices import at_agency, at_desk, found
from .test_mail_registered import PDF_WHOLE

pytestmark = pytest.mark.django_db

LONG = timedelta(days=400)


@pytest.fixture(autouse=True)
def _a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    found()
    own = msgspec.structs.replace(
        portal_settings.current(), mailroom=Mailroom(keep_originals_days=365), mail=MailSettings(keep_given_up_days=30)
    )
    for room in ("mailroom", "notices"):
        monkeypatch.setattr(f"ketnoi_portal.{room}.retention.current", lambda: own)


def aged(mail: Mail, by: timedelta = LONG) -> Mail:
    mail.refresh_from_db()
    mail.received_at = clock.now() - by
    mail.save(update_fields=["received_at"])
    return mail


def given_up_by_the_agency(mail: Mail) -> None:
    draft = mail.draft()
    assert draft is not None
    rep = at_agency("H55")
    take(rep, draft.application, "claim")
    take(rep, draft.application, "withdraw", given=Given(reason="không cần nữa"))


def opened_and_given_up() -> Mail:
    mail = arrives(with_form())
    given_up_by_the_agency(mail)
    return aged(mail)


def test_an_original_goes_after_its_time_and_its_row_stays() -> None:
    mail = opened_and_given_up()
    original = mail.original
    assert original is not None
    digest = original.pk
    enclosed = list(mail.enclosures.values_list("file_id", flat=True))
    assert drop_originals() == 1
    mail.refresh_from_db()
    assert (mail.original, mail.text, mail.form, mail.enclosures.count()) == (None, "", {}, 0)
    assert mail.dropped_at is not None
    assert (mail.state, mail.sender) == (OPENED, "van-thu@thai-nguyen.example")
    assert mail.draft() is not None
    assert not Blob.objects.filter(pk__in=[digest, *enclosed]).exists()
    event = Event.objects.get(act="drop_mail_original")
    assert event.before == {"sha256": digest}
    assert digest == sha256(bytes(original.data)).hexdigest()
    assert drop_originals() == 0


def test_an_original_stays_within_its_time() -> None:
    aged(opened_and_given_up(), timedelta(days=364))
    assert drop_originals() == 0
    assert Mail.objects.exclude(original=None).exists()


def test_what_waits_and_what_is_a_draft_still_keeps_its_original() -> None:
    waiting = aged(arrives(letter(("quet.pdf", PDF_WHOLE, "application/pdf"))))
    drafted = aged(arrives(with_form(number="2")))
    assert (waiting.state, drafted.state) == (WAITING, OPENED)
    assert drop_originals() == 0
    actions.dismiss(at_desk("c06", Role.HANDLER), waiting)
    assert drop_originals() == 0
    waiting.refresh_from_db()
    assert waiting.original is None
    drafted.refresh_from_db()
    assert drafted.original is not None


def test_a_file_that_something_else_refers_to_stays() -> None:
    data = filled()
    mail, twin = aged(arrives(with_form(data, number="1"))), arrives(with_form(data, number="2"))
    shared = mail.enclosures.get().file
    given_up_by_the_agency(mail)
    assert drop_originals() == 1
    assert Blob.objects.filter(pk=shared.pk).exists()
    assert twin.enclosures.get().file == shared


def test_of_a_letter_dismissed_as_junk_nothing_is_kept_at_once() -> None:
    junk = arrives(letter(("quet.pdf", PDF_WHOLE, "application/pdf")))
    files = [junk.original_id, junk.enclosures.get().file_id]
    digest = junk.original_id
    desk = at_desk("c06", Role.HANDLER)
    actions.dismiss(desk, junk)
    assert not Blob.objects.filter(pk__in=files).exists()
    junk.refresh_from_db()
    assert (junk.original, junk.text, junk.enclosures.count()) == (None, "", 0)
    assert Event.objects.get(act="dismiss_mail").before["sha256"] == digest
    client = as_person(desk)
    for page, status in (("mailroom:letter", 200), ("mailroom:original", 404)):
        told = client.get(reverse(page, args=[junk.pk]))
        assert told.status_code == status
        assert "Thư đã bị từ chối: bản gốc, nội dung và tệp kèm không còn được giữ" in told.content.decode()


def test_a_dismissed_letters_file_stays_while_another_letter_has_it() -> None:
    mail, twin = (arrives(letter(("quet.pdf", PDF_WHOLE, "application/pdf"), number=number)) for number in ("1", "2"))
    actions.dismiss(at_desk("c06", Role.HANDLER), mail)
    assert Blob.objects.filter(pk=twin.enclosures.get().file_id).exists()


def test_a_letter_that_was_dismissed_before_and_kept_all_goes_with_the_next_round() -> None:
    mail = arrives(letter(("quet.pdf", PDF_WHOLE, "application/pdf")))
    Mail.objects.filter(pk=mail.pk).update(state=REFUSED, refusal="mail_dismissed")
    assert drop_originals() == 1
    mail.refresh_from_db()
    assert (mail.original, mail.enclosures.count()) == (None, 0)


def given_up(days: int, *, tries: int = MOST_TRIES, **more: Any) -> Letter:
    written = clock.now() - timedelta(days=days)
    return Letter.objects.create(
        address=f"{Letter.objects.count()}@example.vn",
        subject="x",
        body="words",
        written_at=written,
        tries=tries,
        **more,
    )


def test_only_letters_that_were_given_up_long_ago_lose_their_words() -> None:
    old, fresh, trying = given_up(31, trouble="no answer"), given_up(29), given_up(31, tries=MOST_TRIES - 1)
    assert drop_given_up() == 1
    for each in (old, fresh, trying):
        each.refresh_from_db()
    assert (old.body, old.subject, old.trouble) == ("", "x", "no answer")
    assert (fresh.body, trying.body) == ("words", "words")
    assert drop_given_up() == 0


def test_the_worker_does_both() -> None:
    calls = {task.name: task.load() for task in TASKS}
    assert calls["drop_given_up_letters"] is drop_given_up
    assert calls["drop_old_originals"] is drop_originals


def test_nothing_is_dropped_within_no_time_at_all() -> None:
    for wrong in ({"mailroom": {"keep_originals_days": 0}}, {"mail": {"keep_given_up_days": 0}}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"database": "", "secret_key_file": "", **wrong}, Settings)
    assert not Application.objects.exists()
