"""The terms of use: to be read by anybody, accepted by whoever has not accepted the current ones."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from ketnoi_identity.accounts import terms
from ketnoi_identity.settings import current
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from .entering import next_of

NOT_TICKED = Text("Đánh dấu vào ô để chấp nhận.", "Tick the box to accept.")
CHANGED = Text("Điều khoản vừa thay đổi, hãy đọc lại.", "The terms have just changed; please read them again.")


def shown() -> dict[str, Any]:
    """The current terms as `accounts/terms_text.html` needs them: version, digest, paragraphs in the reader's language.

    Raises TermsError where the text of the current version is not there.
    """
    own = current()
    with connection.cursor() as cursor:
        now = terms.current(cursor, clock.now())
    wording = terms.wordings(own.path(own.terms) if own.terms else None).get(now.version)
    if wording is None or wording.sha256 != now.sha256:
        raise terms.TermsError(f"the text of the terms {now.version} is not the one that was kept")
    text = wording.en if (get_language() or "vi").startswith("en") else wording.vi
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {
        "version": now.version,
        "sha256": now.sha256.hex(),
        "valid_from": now.valid_from,
        "lines": [(line.startswith("# "), line.removeprefix("# ")) for line in lines],
    }


@require_safe
def read(request: HttpRequest) -> HttpResponse:
    """The current terms."""
    return render(request, "accounts/terms.html", {"terms": shown()})


@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """For whoever has signed in while other terms are current than those they accepted."""
    account = getattr(request, "account", None)
    if account is None:
        return redirect("/dang-nhap/")
    trouble = None
    if request.method == "POST":
        if request.POST.get("accepted") != "yes":
            trouble = NOT_TICKED
        else:
            with transaction.atomic(), connection.cursor() as cursor:
                done = terms.accept(cursor, account.id, request.POST.get("version", ""), clock.now())
            if done:
                return redirect(next_of(request))
            trouble = CHANGED
    told = {"terms": shown(), "trouble": trouble, "next": next_of(request), "changed": True}
    return render(request, "accounts/accept_terms.html", told, status=422 if trouble else 200)
