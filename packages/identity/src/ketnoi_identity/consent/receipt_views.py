"""The receipt of a consent, the keys that verify it, and how a consent was used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ketnoi_identity.accounts.records import Account
from ketnoi_identity.consent import paper, receipts, records, words
from ketnoi_identity.consent.records import Kept, UseKept
from ketnoi_identity.consent.rules import ALLOWED
from ketnoi_identity.looks.refusals import refusal
from ketnoi_identity.looks.words import REPEATED, FieldWords, Mood, fields_of
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.settings import current
from ketnoi_identity.site.agencies import names_of
from ketnoi_identity.site.paging import page_of
from ketnoi_identity.site.session import account_of, before_terms, level
from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_protocol.citizens import AnsweredAsked
from ketnoi_protocol.envelope import FOUND, NO_MATCH

PAGE: Final = 50
_UNDER_WAY: Final = timedelta(minutes=1)
"""So long an answer may still come."""


class UseShown(NamedTuple):
    """One use, or an attempt at one, as the page has it."""

    use: UseKept
    agency: str
    short: Text
    mood: Mood
    sentence: Text | None
    fields: list[FieldWords]
    again: Text | None


@require_safe
@level(2)
@before_terms
def receipt(request: HttpRequest, code: str) -> HttpResponse:
    """The receipt in words, how to keep it, and how anybody verifies it."""
    kept = _agreed(account_of(request), code)
    own = current()
    told = {
        "each": words.shown(kept, clock.now()),
        "keys_at": own.base_url.rstrip("/") + receipts.KEYS_PATH,
        "kept_days": own.retention.consents_days,
    }
    return render(request, "consent/receipt.html", told)


@require_safe
@level(2)
@before_terms
def download(request: HttpRequest, code: str) -> HttpResponse:
    """The receipt itself, as a file."""
    return paper.as_file(_agreed(account_of(request), code))


@require_safe
@level(2)
@before_terms
def printed(request: HttpRequest, code: str) -> HttpResponse:
    """The receipt as a page to print."""
    one = f"/dong-y/{code}/bien-nhan"
    return paper.sheet(request, _agreed(account_of(request), code), one, f"{one}/tai-ve")


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Every key that has signed receipts: public, so that anybody verifies one, years later."""
    own = current()
    answer = JsonResponse(receipts.public_receipt_keys(own.path(own.keys), clock.now()))
    answer["Cache-Control"] = "public, max-age=300"
    return answer


@require_safe
@level(2)
@before_terms
def used(request: HttpRequest, code: str) -> HttpResponse:
    """How a consent was used: what was answered, what was refused, and what was used and never answered."""
    account, at = account_of(request), clock.now()
    page = page_of(request)
    with connection.cursor() as cursor:
        kept = records.one(cursor, code, account.personal_number or "")
        if kept is None:
            raise Http404
        found = records.uses(cursor, kept, PAGE + 1, page * PAGE)
    told = {
        "each": words.shown(kept, at),
        "uses": _shown(account, found[:PAGE], at),
        "more": page + 1 if len(found) > PAGE else None,
    }
    return render(request, "consent/uses.html", told)


def _agreed(account: Account, code: str) -> Kept:
    with connection.cursor() as cursor:
        kept = records.one(cursor, code, account.personal_number or "")
    if kept is None or kept.receipt is None:
        raise Http404
    return kept


def _shown(account: Account, uses: list[UseKept], at: datetime) -> list[UseShown]:
    names = names_of(each.organisation for each in uses)
    answered = _answered(account, [each.message_id for each in uses if each.code == ALLOWED])
    return [
        UseShown(
            each,
            names[each.organisation],
            *_outcome(each, answered, at),
            # Only what is known to have left: the fields of any other use are what was asked for.
            fields_of(each.fields) if _result(each, answered) == FOUND else [],
            REPEATED if each.again else None,
        )
        for each in uses
    ]


def _answered(account: Account, messages: list[str]) -> dict[tuple[str, str], str] | None:
    """By organisation and message what was answered; None where the registry does not say."""
    if not messages:
        return {}
    asked = AnsweredAsked(
        personal_number=account.personal_number or "",
        name=account.full_name or "",
        birth=account.birth_text or "",
        messages=tuple(messages),
    )
    try:
        found = registry().answered(asked)
    except RegistryUnavailable:
        return None
    return {(each.organisation, each.message_id): each.result for each in found.answered}


def _result(use: UseKept, answered: dict[tuple[str, str], str] | None) -> str | None:
    """With which code the question was answered or refused after the consent allowed it, as far as is known."""
    if answered is None or use.code != ALLOWED:
        return None
    return answered.get((use.organisation, use.message_id))


def _outcome(use: UseKept, answered: dict[tuple[str, str], str] | None, at: datetime) -> tuple[Text, Mood, Text | None]:
    if use.code != ALLOWED:
        return Text("Bị từ chối", "Refused"), "warn", refusal(use.code)
    if answered is None:
        return Text("Đã dùng", "Used"), "", None
    result = _result(use, answered)
    if result in (FOUND, NO_MATCH):
        return Text("Đã trả lời", "Answered"), "good", None
    if result is not None:
        return Text("Không được trả lời", "Not answered"), "", refusal(result)
    if at - use.at < _UNDER_WAY:
        return Text("Đang trả lời", "Under way"), "", None
    return (
        Text("Đã dùng nhưng không có trả lời", "Used, but not answered"),
        "",
        Text(
            "Cơ quan đã dùng sự đồng ý này nhưng việc tra cứu không hoàn tất; không có dữ liệu nào được cung cấp.",
            "The agency used this consent, but the look-up did not come to its end; no data were given.",
        ),
    )
