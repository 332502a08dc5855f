"""What templates of every site may use without loading it: two languages and dates."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from ketnoi_pages import clock
from ketnoi_pages.text import Text

register = template.Library()

_STEPS = (
    (86_400, Text("ngày", "days"), Text("ngày", "day")),
    (3_600, Text("giờ", "hours"), Text("giờ", "hour")),
    (60, Text("phút", "minutes"), Text("phút", "minute")),
)


_INSTANT = timedelta(microseconds=1)


def _language() -> str:
    return get_language() or "vi"


@register.simple_tag
def t(vi: str, en: str) -> str:
    """`{% t "Gửi" "Send" %}`: the text in the reader's language."""
    return Text(vi, en).in_(_language())


@register.filter
def words(text: Text) -> str:
    """`{{ step.title|words }}`: a Text in the reader's language."""
    return text.in_(_language())


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """`{{ event.at|moment }}`: date and time in Vietnam, as a `<time>`; a dash when there is none."""
    if at is None:
        return "–"
    local = timezone.localtime(at, clock.HANOI)
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        formats.date_format(local, "DATETIME_FORMAT"),
    )


@register.filter
def day(on: date | None) -> SafeString | str:
    """`{{ paper.dated|day }}`: a date, as a `<time>`; a dash when there is none."""
    if on is None:
        return "–"
    if isinstance(on, datetime):
        on = timezone.localtime(on, clock.HANOI).date()
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), formats.date_format(on, "DATE_FORMAT"))


@register.filter
def last_day(before: datetime | None) -> SafeString | str:
    """`{{ objection.due_at|last_day }}`: the last day before a moment, on which something may still be done."""
    return day(before - _INSTANT if before is not None else None)


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """`{{ stage_since|ago }}`: how long ago (or until), the exact moment to point at; a dash for none."""
    if at is None:
        return "–"
    seconds = (clock.now() - at).total_seconds()
    told = _length(abs(seconds))
    text = Text(f"{told.vi} trước", f"{told.en} ago") if seconds >= 0 else Text(f"còn {told.vi}", f"in {told.en}")
    if abs(seconds) < 60:
        text = Text("vừa xong", "just now")
    local = timezone.localtime(at, clock.HANOI)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        formats.date_format(local, "DATETIME_FORMAT"),
        text.in_(_language()),
    )


def _length(seconds: float) -> Text:
    for size, many, one in _STEPS:
        if seconds >= size:
            count = int(seconds // size)
            return Text(f"{count} {many.vi}", f"{count} {one.en if count == 1 else many.en}")
    return Text("dưới một phút", "under a minute")
