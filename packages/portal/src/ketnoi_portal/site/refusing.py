"""A refusal, told to whoever tried: every reason with its mend."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import get_language

from ketnoi_portal.process.rules import StepRefused


def tell(request: HttpRequest, refused: StepRefused) -> None:
    """Show the reasons on the next page."""
    language = get_language() or "vi"
    for reason in refused.reasons:
        messages.error(request, f"{reason.title.in_(language)}. {reason.mend.in_(language)}.")
