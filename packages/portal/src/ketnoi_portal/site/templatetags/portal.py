"""Two languages side by side in the templates: Vietnamese first."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

from ketnoi_portal.text import Text

register = template.Library()


@register.simple_tag
def t(vi: str, en: str) -> str:
    """`{% t "Gửi" "Send" %}`: the text in the reader's language."""
    return Text(vi, en).in_(get_language() or "vi")


@register.filter
def words(text: Text) -> str:
    """`{{ step.title|words }}`: a Text in the reader's language."""
    return text.in_(get_language() or "vi")
