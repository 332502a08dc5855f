"""Anybody verifies a receipt here: what is on the sheet of paper, or in the file."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from ketnoi_identity.settings import current
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from . import receipts

_NOT: Final = Text(
    "Không phải biên nhận của hệ thống này, hoặc đã bị sửa hay còn thiếu đoạn. Biên nhận này không có giá trị.",
    "This is no receipt of this system, or it was changed, or a part is missing. It does not count.",
)


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """What a receipt says, where its signature is good. Nothing is kept."""
    own, text = current(), request.POST.get("receipt", "")
    page: dict[str, Any] = {"text": text, "keys_at": own.base_url.rstrip("/") + receipts.KEYS_PATH}
    if request.method == "POST":
        try:
            content = receipts.verify(text, receipts.public_receipt_keys(own.path(own.keys), clock.now()))
        except receipts.ReceiptError:
            page["trouble"] = _NOT
        else:
            page["told"] = _told(content["record"])
    return render(request, "consent/verify.html", page, status=422 if "trouble" in page else 200)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """A record that this system has written, flat."""
    purpose, party, given = record["pii_processing"]["purposes"][0], record["parties"][0], record["events"][0]
    return {
        "agency": party["party_name"],
        "organisation": party["party_id"],
        "purpose": purpose["purpose"],
        "procedure": purpose["purpose_type"],
        "service": purpose["service_name"],
        "fields": [each["pii_attribute_name"] for each in purpose["pii_information"]],
        "agreed_at": datetime.fromisoformat(given["event_time"]),
        "valid_until": datetime.fromisoformat(given["valid_until"]),
        "record": record["header"]["record_id"],
    }
