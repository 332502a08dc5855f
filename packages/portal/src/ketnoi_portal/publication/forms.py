"""Forms of the publication pages."""

from __future__ import annotations

from django import forms
from django.utils.functional import lazy
from django.utils.translation import get_language

from ketnoi_pages.text import Text


def said(vi: str, en: str) -> str:
    """A text in the reader's language."""
    return Text(vi, en).in_(get_language() or "vi")


label = lazy(said, str)


class Why(forms.Form):
    """A decision and its reason."""

    reason = forms.CharField(label=label("Lý do", "Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class KeepRight(Why):
    """Until when a standing right counts as approved."""

    until = forms.DateField(
        label=label("Giữ đến hết ngày", "Keep until the end of"),
        help_text=label(
            "Đến ngày này cơ quan phải có hồ sơ được duyệt", "By then an application must have been approved"
        ),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    field_order = ["until", "reason"]
