"""What templates of every room may use without loading it: forms."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput
from django.utils.safestring import SafeString

register = template.Library()


@register.inclusion_tag("site/mistakes.html")
def mistakes(form: BaseForm) -> dict[str, Any]:
    """`{% mistakes form %}`: everything that is wrong in a form, each with a link to its field."""
    return {"form": form}


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """`{% field form.name %}`: one field with its label, help and mistakes."""
    return bound.as_field_group()


@register.filter
def is_tick(bound: BoundField) -> bool:
    """Whether a field is a single box to tick, whose label stands after it."""
    return isinstance(bound.field.widget, CheckboxInput)
