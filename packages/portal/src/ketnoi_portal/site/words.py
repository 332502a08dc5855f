"""Texts for Python code that is read once and shown to readers of both languages: labels of forms, errors."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.translation import get_language

from ketnoi_pages.text import Text


def _in_readers_language(vi: str, en: str) -> str:
    return Text(vi, en).in_(get_language() or "vi")


say = lazy(_in_readers_language, str)
"""`say("Họ và tên", "Full name")`: a string that is written in the reader's language when it is shown."""
