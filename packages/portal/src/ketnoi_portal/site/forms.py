"""How Django prints forms here."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    """Every form: all mistakes at the top with links, then field by field with label, help, mistake."""

    form_template_name = "site/form.html"
    field_template_name = "site/field.html"
